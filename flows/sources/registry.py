"""Who fetches what: a source of the catalog is fetched by the module of its name in this folder, found by that name alone.

Such a module has `FETCHERS`: by feed, the function that takes the fetch keys, the endpoint and the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

from flows.sources import Endpoint, Fetched, FetchKey
from warehouse.catalog import Catalog
from warehouse.errors import CatalogError

Fetcher = Callable[[Sequence[FetchKey], Endpoint, Catalog], Fetched]


def fetcher(source: str, feed: str) -> Fetcher:
    """The function that fetches a feed from a source; CatalogError without such a module, or where it has not that feed."""
    refuse_unknown(source)
    # Imported where it is used, since the sources' libraries take half a second to import.
    fetchers = getattr(import_module(f"{__package__}.{source}"), "FETCHERS", {})
    if feed not in fetchers:
        gives = f"gives {', '.join(fetchers)}" if fetchers else "fetches nothing"
        raise CatalogError("sources.toml", source, "-", f"does not give {feed}: flows/sources/{source}.py {gives}")
    return fetchers[feed]


def refuse_unknown(source: str) -> None:
    """CatalogError for a source that no module of this folder fetches."""
    if not source.isidentifier() or find_spec(f"{__package__}.{source}") is None:
        raise CatalogError("sources.toml", source, "-", f"needs a module flows/sources/{source}.py, and there is none")
