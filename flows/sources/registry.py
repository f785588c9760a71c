"""Find the function that fetches a feed from a source: each source has a module of the same name in this folder.

The module defines `FETCHERS`, a dict from the feed to a function of the fetch keys, the endpoint and the catalog.
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
    """Return the function that fetches a feed from a source; raise CatalogError if no such module or feed exists."""
    refuse_unknown(source)
    # Import the module here, since the libraries of the sources take half a second to import.
    fetchers = getattr(import_module(f"{__package__}.{source}"), "FETCHERS", {})
    if feed not in fetchers:
        gives = f"gives {', '.join(fetchers)}" if fetchers else "fetches nothing"
        raise CatalogError("sources.toml", source, "-", f"does not give {feed}: flows/sources/{source}.py {gives}")
    return fetchers[feed]


def refuse_unknown(source: str) -> None:
    """Raise CatalogError for a source without a module in this folder."""
    if not source.isidentifier() or find_spec(f"{__package__}.{source}") is None:
        raise CatalogError("sources.toml", source, "-", f"needs a module flows/sources/{source}.py, and there is none")
