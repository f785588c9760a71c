"""Which source module answers a feed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flows.sources import Endpoint, Fetched

if TYPE_CHECKING:
    from flows.pipeline.plan import Request
    from flows.settings import Settings


def ask(settings: Settings, request: Request, newest_fetch: datetime | None = None) -> Fetched:
    """What came of every key of a request; a SourceError when the source as a whole cannot be asked.

    `newest_fetch` is when the newest answer that is held was fetched: ClockWentBack for an answer dated before it.
    """
    endpoint = Endpoint(settings.base_url, settings.catalog.sources[request.source], settings.home.cache,
                        settings.fred_key if request.source == "fred" else None, newest_fetch=newest_fetch)
    if request.feed == "observations":
        from flows.sources import fred

        return fred.observations(request.fetch_keys, endpoint)
    if request.feed == "weights":
        from flows.sources import weights

        declared = {code: universe.published_weights for code, universe in settings.catalog.universes.items()}
        return weights.lists(request.fetch_keys, endpoint, declared, settings.catalog.folder)
    from flows.sources import yahoo

    if request.feed == "bars":
        kinds = {symbol: instrument.kind for symbol, instrument in settings.catalog.instruments.items()}
        return yahoo.prices(request.fetch_keys, endpoint, kinds)
    return {"shares": yahoo.shares, "statements": yahoo.statements}[request.feed](request.fetch_keys, endpoint)
