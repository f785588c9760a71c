"""Published lists of weights: from a replay server, from a declared URL, from a file, and what is none."""

from __future__ import annotations

from datetime import date

import pytest

from flows.sources import weights
from flows.sources.errors import SourceAnswerInvalid, SourceRefused, SourceUnreachable
from warehouse.catalog.weighting import PublishedWeights

LISTS = """
    index | date       | published_on | symbol | weight
    NDX   | 2026-01-05 | 2026-01-06   | BBB    | 0.4
    NDX   | 2026-01-05 | 2026-01-06   | AAA    | 0.6
    NDX   | 2026-02-05 | 2026-02-06   | AAA    | 1.0
    SPX   | 2026-01-05 | 2026-01-06   | AAA    | 1.0
"""
CSV = "index,date,published_on,symbol,weight\nNDX,2026-01-05,2026-01-06,AAA,0.6\nNDX,2026-01-05,2026-01-06,BBB,0.4\n"
JANUARY = [("NDX", date(2026, 1, 5), date(2026, 1, 6), "AAA", 0.6), ("NDX", date(2026, 1, 5), date(2026, 1, 6), "BBB", 0.4)]


def rows(fetched) -> list[tuple]:
    return [(row.index_code, row.date.date(), row.published_on.date(), row.symbol, row.weight)
            for row in fetched.frames["weights"].itertuples()]


@pytest.fixture
def lists(endpoint, ask, tmp_path):
    """Ask for January's lists of the NDX, live, of a declared place."""
    def fetch(place: PublishedWeights | None, **patience):
        return weights.lists([ask("NDX")], endpoint(None, **patience), {"NDX": place}, tmp_path)
    return fetch


def test_a_replay_server_gives_its_lists_of_the_range_by_day_of_publication(replay, endpoint, ask, tmp_path):
    fetched = weights.lists([ask("NDX")], endpoint(replay(index_weights=LISTS)), {}, tmp_path)
    assert rows(fetched) == JANUARY
    outcome, = fetched.outcomes.itertuples()
    assert (outcome.key, outcome.status, outcome.rows, outcome.reason) == ("NDX", "received", 2, "")


def test_a_replay_server_without_lists_gives_an_empty_answer(replay, endpoint, ask, tmp_path):
    fetched = weights.lists([ask("NDX")], endpoint(replay()), {}, tmp_path)
    assert rows(fetched) == []
    outcome, = fetched.outcomes.itertuples()
    assert outcome.status == "empty"
    assert "no list is published there" in outcome.reason


def test_a_list_published_later_is_not_there_yet(replay, endpoint, ask, tmp_path):
    from datetime import UTC, datetime

    base = replay(index_weights=LISTS, now=datetime(2026, 1, 5, 23, tzinfo=UTC))
    assert rows(weights.lists([ask("NDX")], endpoint(base), {}, tmp_path)) == []


def test_a_declared_url_is_asked_and_its_columns_and_unit_are_the_declared_ones(scripted, lists):
    server = scripted(lambda path, query: (200, "Fund,As of,Out,Ticker,Percent\nNDX,2026-01-05,2026-01-06, AAA ,60\n"
                                                "NDX,2026-01-05,2026-01-06,BBB,40\n"))
    place = PublishedWeights(f"{server.base_url}/lists.csv", columns=("Fund", "As of", "Out", "Ticker", "Percent"),
                             unit="percent")
    assert rows(lists(place)) == JANUARY
    assert server.seen == ["/lists.csv"]


def test_a_file_beside_the_catalog_is_read(lists, tmp_path):
    (tmp_path / "lists.csv").write_text("\ufeff" + CSV, encoding="utf-8")
    assert rows(lists(PublishedWeights(file="lists.csv"))) == JANUARY


def test_an_empty_weight_is_missing_and_not_zero(lists, tmp_path):
    (tmp_path / "lists.csv").write_text(CSV.replace("0.4", ""))
    assert [str(row[-1]) for row in rows(lists(PublishedWeights(file="lists.csv")))] == ["0.6", "nan"]


def test_a_file_that_is_not_there_fails_and_says_which(lists):
    outcome, = lists(PublishedWeights(file="lists.csv")).outcomes.itertuples()
    assert outcome.status == "failed"
    assert "lists.csv" in outcome.reason


def test_without_a_declared_place_nothing_is_asked(lists):
    outcome, = lists(None).outcomes.itertuples()
    assert outcome.status == "failed"
    assert "the catalog declares no address or file for it" in outcome.reason


def test_a_declared_url_that_is_not_there_fails_once(scripted, lists):
    server = scripted(lambda path, query: (404, "gone"))
    outcome, = lists(PublishedWeights(server.base_url)).outcomes.itertuples()
    assert (outcome.status, len(server.seen)) == ("failed", 1)
    assert "HTTP 404" in outcome.reason


def test_a_passing_failure_is_asked_again(scripted, lists):
    answers = iter([(503, "busy"), (200, CSV)])
    assert rows(lists(PublishedWeights(scripted(lambda path, query: next(answers)).base_url))) == JANUARY


@pytest.mark.parametrize(("reply", "error"), [((403, "no"), SourceRefused), ("reset", SourceUnreachable)])
def test_a_host_that_gives_nothing_at_all_is_a_typed_error(scripted, lists, reply, error):
    with pytest.raises(error):
        lists(PublishedWeights(scripted(lambda path, query: reply).base_url), tries=2)


@pytest.mark.parametrize(("text", "words"), [
    ("index,date,symbol,weight\nNDX,2026-01-05,AAA,1\n", "without the columns published_on"),
    (CSV.replace("2026-01-05", "January"), "an invalid date"),
    (CSV.replace("0.6", "much"), "a weight that is not a number"),
    ("", "not a CSV file"),
])
def test_what_is_no_list_of_weights_fails_in_words(scripted, lists, text, words):
    server = scripted(lambda path, query: (200, text))
    try:
        reported = lists(PublishedWeights(server.base_url), tries=2).outcomes.reason[0]
    except SourceAnswerInvalid as error:
        reported = str(error)
    assert words in reported
