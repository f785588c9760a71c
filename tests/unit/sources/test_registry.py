"""A source of the catalog is fetched by the module of its name, and nothing else has to know it."""

from __future__ import annotations

import pytest

from flows.sources.registry import fetcher, refuse_unknown
from warehouse import catalog
from warehouse.errors import CatalogError


def test_every_source_of_the_packaged_catalog_gives_what_is_requested_of_it():
    packaged = catalog.load()
    wanted = {(feed.source, feed.id) for feed in packaged.feeds.values() if feed.id != "actions"}  # they come with the bars
    wanted |= {(series.source, "observations") for series in packaged.series.values()}
    wanted |= {(source.id, feed) for instrument in packaged.instruments.values() for feed in ("bars", "shares")
               for source in packaged.sources_of(feed, instrument)}
    assert {("cboe", "bars"), ("fred", "observations")} <= wanted
    assert all(callable(fetcher(source, feed)) for source, feed in wanted)
    assert {source for source, _ in wanted} == set(packaged.sources)


@pytest.mark.parametrize(("source", "feed", "words"), [
    ("tiingo", "bars", "entry tiingo: needs a module flows/sources/tiingo.py, and there is none"),
    ("../evil", "bars", "and there is none"),
    ("fred", "bars", "entry fred: does not give bars: flows/sources/fred.py gives observations"),
    ("limits", "bars", "entry limits: does not give bars: flows/sources/limits.py fetches nothing"),
])
def test_a_source_that_nothing_fetches_names_its_entry(source, feed, words):
    with pytest.raises(CatalogError) as raised:
        fetcher(source, feed)
    assert words in str(raised.value)


def test_a_source_with_a_module_is_known_without_importing_it():
    refuse_unknown("yahoo")
