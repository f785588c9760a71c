"""An answer covers only the sessions it has: what is late is asked again, what ended or is settled is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

from planned import MONDAY, SINCE, TUESDAY, WEDNESDAY, answer, answer_up_to, at, fetch_keys, on

from flows.pipeline.plan import Window, requests
from flows.sources import FetchKey
from warehouse.catalog import Availability


def test_a_feed_a_day_behind_is_asked_again_the_same_evening_until_it_is_there(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    answer_up_to(con, fetch_keys(con, small, on(TUESDAY), at(TUESDAY)), at(TUESDAY), MONDAY)
    late = fetch_keys(con, small, on(TUESDAY), at(TUESDAY, "19:00"))
    assert late.keys() == {("bars", key) for key in ("AAA", "BBB", "XLK", "^VIX")}, "the coin's day is not over"
    assert late["bars", "AAA"] == FetchKey("AAA", MONDAY - timedelta(days=10), TUESDAY)
    answer(con, late, at(TUESDAY, "19:00"))
    assert requests(con, small, on(TUESDAY), at(TUESDAY, "19:10")) == []


def test_a_first_answer_that_ends_too_early_is_asked_again_for_its_end_only(con, small):
    answer_up_to(con, fetch_keys(con, small, on(TUESDAY), at(TUESDAY)), at(TUESDAY), MONDAY)
    assert fetch_keys(con, small, on(TUESDAY), at(TUESDAY))["bars", "AAA"] == FetchKey("AAA", MONDAY - timedelta(days=10),
                                                                                       TUESDAY)


def test_an_answer_without_a_row_covers_nothing_of_what_trades(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    answer(con, fetch_keys(con, small, on(TUESDAY), at(TUESDAY)), at(TUESDAY), AAA="empty")
    assert fetch_keys(con, small, on(TUESDAY), at(TUESDAY)).keys() == {("bars", "AAA")}


def test_a_session_that_never_comes_is_settled_once_a_later_one_has_come(con, small):
    answer_up_to(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY), date(2026, 2, 27))
    assert ("bars", "AAA") in fetch_keys(con, small, on(MONDAY), at(MONDAY))
    answer(con, fetch_keys(con, small, on(TUESDAY), at(TUESDAY)), at(TUESDAY))
    assert fetch_keys(con, small, on(MONDAY), at(TUESDAY, "18:00")) == {}
    assert fetch_keys(con, small, on(TUESDAY), at(TUESDAY, "18:00")) == {}


def test_what_ended_long_ago_is_not_late(con, small):
    """Its feed ended more than ten days before the session: one asking a session is enough."""
    for newest, again in ((date(2026, 2, 19), False), (date(2026, 2, 20), True)):
        con.execute("delete from raw.fetch_outcome")
        answer_up_to(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY), newest)
        assert (("bars", "XLK") in fetch_keys(con, small, on(MONDAY), at(MONDAY))) is again


def test_an_old_hole_at_the_end_of_a_feed_is_not_asked_for_again(con, small):
    """A backfill of a past range: what ended just before its last session is not asked for in vain."""
    now = at(WEDNESDAY)
    answer_up_to(con, fetch_keys(con, small, on(WEDNESDAY), now), now, date(2026, 1, 14))
    assert ("bars", "XLK") not in fetch_keys(con, small, Window(SINCE, date(2026, 1, 15)), now)


def test_what_has_its_last_trading_day_is_not_late_after_it(con, small):
    window, now = Window(date(2025, 6, 30), date(2025, 7, 1)), at(date(2025, 7, 1))
    answer_up_to(con, fetch_keys(con, small, window, now), now, date(2025, 6, 30))
    assert fetch_keys(con, small, window, now).keys() == {("bars", key) for key in ("AAA", "BBB", "OUT", "XLK", "^VIX")}


def test_outcomes_older_than_the_record_of_what_they_cover_cover_what_was_asked(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    con.execute("update raw.fetch_outcome set covered_to = null")
    assert requests(con, small, on(MONDAY), at(MONDAY)) == []


def test_a_bar_known_an_hour_after_the_close_is_not_late_before(con, small):
    slow = replace(small.instruments["XLK"], known=Availability(after_close_minutes=60))
    patient = replace(small, instruments=MappingProxyType({**small.instruments, "XLK": slow}))
    answer_up_to(con, fetch_keys(con, patient, on(MONDAY), at(MONDAY, "16:30")), at(MONDAY, "16:30"), date(2026, 2, 27))
    assert {key for _, key in fetch_keys(con, patient, on(MONDAY), at(MONDAY, "16:59"))} == {"AAA", "BBB", "^VIX"}
    assert {key for _, key in fetch_keys(con, patient, on(MONDAY), at(MONDAY, "17:00"))} == {"AAA", "BBB", "^VIX", "XLK"}


def test_a_young_bar_that_the_last_build_held_is_asked_again_until_it_is_accepted(con, small):
    answer(con, fetch_keys(con, small, on(TUESDAY), at(TUESDAY)), at(TUESDAY))
    con.execute("create table core.price_bar_held as select 'AAA' as symbol, date '2026-03-02' as date union all "
                "select 'BBB', date '2026-02-20'")
    assert fetch_keys(con, small, on(TUESDAY), at(TUESDAY)) == {("bars", "AAA"): FetchKey("AAA", date(2026, 2, 19),
                                                                                          TUESDAY)}
    con.execute("delete from core.price_bar_held")
    assert requests(con, small, on(TUESDAY), at(TUESDAY)) == []


def test_a_request_for_a_new_session_reaches_back_to_a_bar_that_was_held_shortly_before_its_range(con, small):
    answer(con, fetch_keys(con, small, on(MONDAY), at(MONDAY)), at(MONDAY))
    usual = fetch_keys(con, small, on(TUESDAY), at(TUESDAY))["bars", "AAA"].start
    con.execute("""create table core.price_bar_held as from (values ('AAA', ?::date), ('BBB', ?::date)) _ (symbol, date)""",
                [usual - timedelta(days=9), usual - timedelta(days=11)])
    asked = fetch_keys(con, small, on(TUESDAY), at(TUESDAY))
    assert asked["bars", "AAA"].start == usual - timedelta(days=9)
    assert asked["bars", "BBB"].start == usual, "long ago: asking again with every session would bring nothing new"
