"""The plan: what was answered is not asked again, what was not is, and everything reaches to today."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest
from planned import (
    A_COINS_DAY,
    FRIDAY,
    MONDAY,
    SINCE,
    TUESDAY,
    WEDNESDAY,
    answer,
    at,
    fetch_keys,
    on,
)

from flows.pipeline.plan import (
    COUNT_BEFORE,
    KEYS_A_BATCH,
    Again,
    Chunk,
    Feed,
    Window,
    chunks,
    last_closed,
    needed,
    requested_again,
    requests,
)
from flows.sources import FetchKey
from warehouse import catalog
from warehouse.catalog import Catalog
from warehouse.errors import BadRequest

# Never asked


def test_what_was_never_asked_is_asked_from_its_beginning_to_today(con, small):
    requested = fetch_keys(con, small, on(MONDAY), at(TUESDAY))
    assert requested["bars", "AAA"] == FetchKey("AAA", SINCE, TUESDAY)
    assert requested["bars", "BTC-USD"] == FetchKey("BTC-USD", SINCE, TUESDAY)
    assert requested["shares", "AAA"] == FetchKey("AAA", SINCE - COUNT_BEFORE, TUESDAY)
    assert requested["statements", "BBB"] == FetchKey("BBB", SINCE, TUESDAY)
    assert requested["observations", "DGS10"] == FetchKey("DGS10", SINCE, TUESDAY)
    assert requested["observations", "CPIAUCSL"] == FetchKey("CPIAUCSL", SINCE, TUESDAY, vintages=True)


def test_today_is_new_yorks(con, small):
    assert fetch_keys(con, small, on(MONDAY), at(MONDAY, "23:30"))["bars", "AAA"].end == MONDAY


def test_an_older_beginning_in_the_catalog_is_asked_anew(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    older = replace(small.instruments["AAA"], since=date(2020, 1, 2))
    longer = replace(small, instruments=MappingProxyType({**small.instruments, "AAA": older}))
    requested = fetch_keys(con, longer, on(MONDAY), at(MONDAY))
    assert requested == {("bars", "AAA"): FetchKey("AAA", date(2020, 1, 2), MONDAY),
                     ("shares", "AAA"): FetchKey("AAA", date(2020, 1, 2) - COUNT_BEFORE, MONDAY)}


# Asked before


def test_what_was_answered_is_not_asked_again(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    assert requests(con, small, on(MONDAY), at(MONDAY)) == []
    assert fetch_keys(con, small, on(MONDAY), at(TUESDAY)).keys() == A_COINS_DAY
    longer = Window(date(2025, 7, 1), MONDAY)
    assert {key for _, key in fetch_keys(con, small, longer, at(TUESDAY))} == {"OUT", "BTC-USD"}, \
        "it was a member at the longer one's start"


def test_a_further_session_is_asked_with_the_days_before_it(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    requested = fetch_keys(con, small, on(TUESDAY), at(TUESDAY))
    assert requested["bars", "AAA"] == FetchKey("AAA", MONDAY - timedelta(days=10), TUESDAY)
    assert requested["shares", "AAA"] == FetchKey("AAA", MONDAY - timedelta(days=30), TUESDAY)
    assert requested["observations", "DGS10"] == FetchKey("DGS10", MONDAY - timedelta(days=10), TUESDAY)
    assert requested["observations", "CPIAUCSL"] == FetchKey("CPIAUCSL", MONDAY - timedelta(days=200), TUESDAY,
                                                             vintages=True)


def test_days_before_the_beginning_are_never_asked(con, small):
    first = fetch_keys(con, small, on(WEDNESDAY), at(WEDNESDAY))
    answer(con, first, at(WEDNESDAY))
    assert fetch_keys(con, small, on(FRIDAY), at(FRIDAY))["bars", "LATE"] == FetchKey("LATE", date(2026, 3, 4), FRIDAY)


def test_a_run_at_ten_does_not_cover_the_session_of_its_day(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(TUESDAY, "10:00")), at(TUESDAY, "10:00"))
    assert requests(con, small, on(MONDAY), at(TUESDAY)) == []
    assert fetch_keys(con, small, on(TUESDAY), at(TUESDAY))["bars", "AAA"] == FetchKey("AAA", MONDAY - timedelta(days=10),
                                                                                       TUESDAY)


@pytest.mark.parametrize(("clock", "covered"), [("16:14", False), ("16:15", True)])
def test_a_session_is_covered_a_quarter_of_an_hour_after_its_close(con, small, clock, covered):
    answer(con, fetch_keys(con, small, on(MONDAY), at(TUESDAY, clock)), at(TUESDAY, clock))
    assert ((fetch_keys(con, small, on(TUESDAY), at(TUESDAY, "20:00")).keys() <= A_COINS_DAY) is covered)


def test_a_weekend_adds_nothing_to_ask(con, small):
    answer(con, fetch_keys(con, small, on(FRIDAY), at(FRIDAY)), at(FRIDAY))
    assert fetch_keys(con, small, on(FRIDAY), at(date(2026, 3, 8))).keys() == A_COINS_DAY


def test_only_the_keys_that_failed_are_asked_again(con, small):
    first = fetch_keys(con, small, on(MONDAY), at(MONDAY))
    answer(con, first, at(MONDAY), AAA="failed", DGS10="stopped")
    again = fetch_keys(con, small, on(MONDAY), at(MONDAY))
    assert again == {key: first[key] for key in [("bars", "AAA"), ("shares", "AAA"), ("observations", "DGS10")]}


def test_a_key_that_failed_once_is_asked_from_where_its_answers_end(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    answer(con, fetch_keys(con, small, on(TUESDAY), at(TUESDAY)), at(TUESDAY), AAA="failed")
    requested = fetch_keys(con, small, on(WEDNESDAY), at(WEDNESDAY))
    assert requested["bars", "AAA"].start == MONDAY - timedelta(days=10)
    assert requested["bars", "XLK"].start == TUESDAY - timedelta(days=10)


def test_an_empty_answer_is_an_answer(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY), AAA="empty", CPIAUCSL="empty")
    assert requests(con, small, on(MONDAY), at(MONDAY)) == []


def test_an_answer_of_a_later_moment_is_none_under_a_clock_set_back(con, small):
    answer(con, fetch_keys(con, small, on(FRIDAY), at(FRIDAY)), at(FRIDAY))
    assert fetch_keys(con, small, on(MONDAY), at(MONDAY))["bars", "AAA"] == FetchKey("AAA", SINCE, MONDAY)


def test_a_feed_to_be_asked_again_is_asked_from_its_beginning(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    again = requests(con, small, on(MONDAY), at(MONDAY), Again(frozenset({"bars"})))
    assert {request.feed for request in again} == {"bars"}
    assert {ask.start for request in again for ask in request.fetch_keys} == {SINCE}


def test_one_key_of_a_feed_is_asked_again_also_when_no_session_needs_it_any_more(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    for feed, key in ((Feed.bars, "AAA"), (Feed.bars, "GONE"), (Feed.observations, "DGS10")):
        again = requests(con, small, on(MONDAY), at(MONDAY), requested_again(small, feed, key))
        assert [(request.feed, ask.key, ask.start) for request in again for ask in request.fetch_keys] == [(feed, key,
                                                                                                            SINCE)]


@pytest.mark.parametrize(("feed", "key", "words"), [
    (Feed.bars, "AAB", "has no bars for it; did you mean 'AAA'. "), (Feed.shares, "XLK", "has no shares for it"),
    (Feed.observations, "AAA", "has no observations for it")])
def test_a_key_that_the_feed_does_not_have_is_refused(small, feed, key, words):
    with pytest.raises(BadRequest, match=words):
        requested_again(small, feed, key)


def test_weights_are_asked_where_they_are_declared_and_always_of_a_replay(con):
    packaged = catalog.load()
    window, now = on(MONDAY), at(MONDAY)
    live = {ask.key for r in requests(con, packaged, window, now) if r.feed == "weights" for ask in r.fetch_keys}
    assert live == {code for code, universe in packaged.universes.items() if universe.published_weights}
    replayed = [ask for r in requests(con, packaged, window, now,
                                      replay=True) if r.feed == "weights" for ask in r.fetch_keys]
    assert replayed == [FetchKey("NDX", packaged.universes["NDX"].initial_date, MONDAY)]


# Weekly


def test_vintages_are_asked_whole_once_a_week(con, small):
    answer(con, {("observations", "CPIAUCSL"): FetchKey("CPIAUCSL", SINCE, MONDAY)}, at(MONDAY))
    week = [MONDAY + timedelta(days=n) for n in (1, 2, 3, 4, 7)]
    starts = []
    for day in week:
        requested = fetch_keys(con, small, on(day), at(day))
        starts.append(requested["observations", "CPIAUCSL"].start)
        answer(con, requested, at(day))
    assert [start == SINCE for start in starts] == [False, False, False, False, True]


def test_statements_are_asked_once_a_week(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    for day in (TUESDAY, WEDNESDAY, FRIDAY):
        assert ("statements", "BBB") not in fetch_keys(con, small, on(day), at(day))
    next_monday = MONDAY + timedelta(days=7)
    assert fetch_keys(con, small, on(next_monday), at(next_monday))["statements", "BBB"] == \
        FetchKey("BBB", MONDAY - timedelta(days=200), next_monday)


def test_a_feed_to_ask_again_is_asked_from_its_beginning_and_no_other_is(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    again = requests(con, small, on(MONDAY), at(MONDAY), again=Again(frozenset({"observations"})))
    assert {(request.feed, ask.key): ask.start for request in again for ask in request.fetch_keys} == \
        {("observations", "DGS10"): SINCE, ("observations", "CPIAUCSL"): SINCE}


# Who is needed


def names(small: Catalog, window: Window) -> set[str]:
    return {instrument.symbol for instrument in needed(small, window)}


ALWAYS = {"BBB", "XLK", "^VIX", "BTC-USD"}


@pytest.mark.parametrize(("start", "end", "stocks"), [
    (date(2025, 3, 3), date(2025, 3, 3), {"AAA", "OUT", "GONE"}),
    (date(2025, 6, 30), date(2025, 6, 30), {"AAA", "OUT", "GONE"}),
    (date(2025, 7, 1), date(2025, 7, 1), {"AAA", "OUT"}),
    (date(2026, 1, 16), date(2026, 1, 20), {"AAA", "OUT"}),
    (date(2026, 1, 29), date(2026, 1, 29), {"AAA", "OUT"}),  # its last days may come late
    (date(2026, 1, 30), date(2026, 1, 30), {"AAA"}),
    (date(2026, 3, 4), date(2026, 3, 4), {"AAA", "LATE"}),
    (date(2024, 1, 2), date(2026, 3, 4), {"AAA", "OUT", "GONE", "LATE"}),
])
def test_stocks_are_needed_while_they_are_members_and_trade(small, start, end, stocks):
    assert names(small, Window(start, end)) == ALWAYS | stocks


def test_a_reused_ticker_is_never_asked(con, small):
    requested = fetch_keys(con, small, Window(SINCE, MONDAY), at(MONDAY))
    assert not [key for _, key in requested if key == "REUSED"]
    for symbol in (i.symbol for i in catalog.load().instruments.values() if i.ticker_reused):
        assert symbol not in {i.symbol for i in needed(catalog.load(), Window(date(2015, 1, 2), MONDAY))}


def test_counts_are_asked_of_stocks_and_statements_of_those_watched(con, small):
    requested = fetch_keys(con, small, on(MONDAY), at(MONDAY))
    assert {key for feed, key in requested if feed == "shares"} == {"AAA", "BBB"}
    assert {key for feed, key in requested if feed == "statements"} == {"BBB"}


# Batches, and a range however it is cut


def test_asks_come_in_batches_that_say_which_of_how_many(con):
    packaged = catalog.load()
    planned = [r for r in requests(con, packaged, on(MONDAY), at(MONDAY)) if (r.feed, r.source) == ("bars", "yahoo")]
    count = sum(len(request.fetch_keys) for request in planned)
    assert [len(request.fetch_keys) for request in planned[:-1]] == [KEYS_A_BATCH] * (len(planned) - 1)
    assert [str(request) for request in planned] == [f"bars {n}/{len(planned)}" for n in range(1, len(planned) + 1)]
    assert {request.watched for request in planned} == {count}
    assert {request.source for request in requests(con, packaged, on(MONDAY), at(MONDAY))} == {"cboe", "yahoo", "fred"}


@pytest.mark.parametrize("chunk", list(Chunk))
def test_a_range_asks_for_the_same_however_it_is_cut(con, small, chunk):
    whole = Window(date(2025, 6, 26), date(2025, 7, 3))
    now = at(MONDAY)
    wanted = fetch_keys(con, small, whole, now)
    requested: dict = {}
    for window in chunks(whole, chunk):
        part = fetch_keys(con, small, window, now)
        assert not part.keys() & requested.keys(), "nothing is asked twice"
        answer(con, part, now)
        requested |= part
    assert requested == wanted


def test_chunks_are_whole_and_in_order():
    window = Window(date(2025, 12, 24), date(2026, 1, 5))
    days = [date(2025, 12, day) for day in (24, 26, 29, 30, 31)] + [date(2026, 1, day) for day in (2, 5)]
    assert chunks(window, Chunk.day) == [on(day) for day in days]
    assert chunks(window, Chunk.year) == [Window(days[0], days[4]), Window(days[5], days[6])]
    assert chunks(window, Chunk.week) == [Window(days[0], days[1]), Window(days[2], days[5]), on(days[6])]
    assert chunks(window, Chunk.whole) == [Window(days[0], days[-1])]


@pytest.mark.parametrize(("now", "last"), [
    (at(MONDAY, "16:14"), date(2026, 2, 27)), (at(MONDAY, "16:15"), MONDAY),
    (at(date(2026, 3, 8)), FRIDAY), (at(date(2025, 11, 28), "13:15"), date(2025, 11, 28)),
    (at(date(2026, 4, 3)), date(2026, 4, 2)), (at(date(2026, 1, 1)), date(2025, 12, 31)),
])
def test_the_last_closed_session(now, last):
    assert last_closed(now) == last
