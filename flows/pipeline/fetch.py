"""Ask the source of a request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flows.sources import Endpoint, Fetched, registry

if TYPE_CHECKING:
    from flows.pipeline.plan import Request
    from flows.settings import Settings


def ask(settings: Settings, request: Request, newest_fetch: datetime | None = None) -> Fetched:
    """What came of every key of a request; a SourceError when the source as a whole cannot be asked.

    `newest_fetch` is when the newest answer that is held was fetched: ClockWentBack for an answer dated before it.
    """
    endpoint = Endpoint(settings.base_url, settings.catalog.sources[request.source], settings.home.cache,
                        settings.fred_key if request.source == "fred" else None, newest_fetch=newest_fetch)
    return registry.fetcher(request.source, request.feed)(request.fetch_keys, endpoint, settings.catalog)
