"""Fetch a request from its source."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flows.sources import Endpoint, Fetched, registry

if TYPE_CHECKING:
    from flows.pipeline.plan import Request
    from flows.settings import Settings


def fetch_from_source(settings: Settings, request: Request, newest_fetch: datetime | None = None) -> Fetched:
    """Fetch every key of a request; raise SourceError if the source fails for every key.

    Raises ClockWentBack if a response is dated before `newest_fetch`, the time of the newest fetch that is loaded.
    """
    endpoint = Endpoint(settings.base_url, settings.catalog.sources[request.source], settings.home.cache,
                        settings.fred_key if request.source == "fred" else None, newest_fetch=newest_fetch)
    return registry.fetcher(request.source, request.feed)(request.fetch_keys, endpoint, settings.catalog)
