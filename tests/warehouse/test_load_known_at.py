"""The moment a value is known, when it is first seen: what its catalogue rule says."""

from __future__ import annotations

import pytest

BARS = "raw.price_bar"


@pytest.mark.parametrize(("day", "fetched", "known_at"), [
    ("2026-03-02", "2026-03-02 23:00", "2026-03-02 21:15"),  # winter: New York is UTC-5
    ("2026-03-09", "2026-03-09 23:00", "2026-03-09 20:15"),  # the Monday after clocks changed: UTC-4
    ("2025-11-28", "2025-11-28 23:00", "2025-11-28 18:15"),  # the day after Thanksgiving closes at 13:00
])
def test_a_bar_is_known_a_quarter_of_an_hour_after_the_close(desk, day, fetched, known_at):
    desk.fetch("bars", fetched, f"""
        symbol | date  | close
        AAA    | {day} | 10
    """)
    desk.holds(BARS, f"""
        date  | close | known_at   | fetched_at | pit_quality | is_withdrawn
        {day} | 10    | {known_at} | {fetched}  | rule        | false
    """)


def test_a_bar_on_an_exchange_holiday_is_known_after_its_usual_close(desk):
    desk.fetch("bars", "2026-04-06 12:00", """
        symbol | date       | close
        ^VIX   | 2026-04-03 | 21
    """)
    desk.holds(BARS, """
        date       | known_at
        2026-04-03 | 2026-04-03 20:15
    """)


def test_a_coins_bar_is_known_after_its_utc_day(desk):
    desk.fetch("bars", "2026-03-07 12:00", """
        symbol  | date       | close
        BTC-USD | 2026-03-06 | 70000
    """)
    desk.holds(BARS, """
        date       | known_at
        2026-03-06 | 2026-03-07 00:15
    """)


@pytest.mark.parametrize(("series", "day", "known_at"), [
    ("DGS10", "2026-03-02", "2026-03-04 04:59"),  # Monday, known on Tuesday at 23:59 New York
    ("DGS10", "2026-03-06", "2026-03-10 03:59"),  # Friday, known on Monday, after clocks changed
    ("DGS10", "2026-04-02", "2026-04-07 03:59"),  # Thursday before Good Friday, known on Easter Monday
    ("DGS10", "2026-03-07", "2026-03-10 03:59"),  # Saturday counts from the session before it
    ("NASDAQCOM", "2026-03-06", "2026-03-07 04:59"),  # no lag: the end of its own day
    ("NASDAQCOM", "2026-03-07", "2026-03-08 04:59"),
    ("OECD", "2026-03-06", "2026-03-10 03:59"),  # three calendar days
])
def test_an_observation_is_known_its_days_later_at_a_minute_to_midnight_new_york(desk, series, day, known_at):
    desk.fetch("observations", "2026-05-01 12:00", f"""
        series_id | date  | value
        {series}  | {day} | 4.2
    """)
    desk.holds("raw.macro_observation", f"""
        date  | value | known_at   | pit_quality
        {day} | 4.2   | {known_at} | rule
    """)


def test_a_statement_is_known_45_days_after_its_period(desk):
    desk.fetch("statements", "2026-05-20 12:00", """
        symbol | statement | period_end | item          | value
        AAA    | income    | 2026-03-31 | Total Revenue | 5e9
    """)
    desk.holds("raw.statement_item", """
        period_end | item          | value | known_at
        2026-03-31 | Total Revenue | 5e9   | 2026-05-16 03:59:59
    """)


def test_a_share_count_dated_on_a_weekend_is_known_that_day(desk):
    desk.fetch("shares", "2026-03-10 12:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-03-07 | 1e9
    """)
    desk.holds("raw.shares_outstanding", """
        date       | known_at
        2026-03-07 | 2026-03-07 21:15
    """)


def test_a_revised_series_asked_without_vintages_is_known_since_the_fetch(desk):
    desk.fetch("observations", "2026-03-12 12:00", """
        series_id | date       | value
        CPI       | 2026-02-01 | 320
    """)
    desk.holds("raw.macro_observation", """
        date       | value | known_at         | pit_quality
        2026-02-01 | 320   | 2026-03-12 12:00 | snapshot
    """)


@pytest.mark.parametrize(("fetched", "known_at"), [
    ("2023-12-20 12:00", "2023-12-06 04:59"),  # before the first recording of the catalogue: its first rule
    ("2026-03-09 12:00", "2023-12-06 04:59"),
    ("2026-03-10 12:00", "2023-12-07 04:59"),
])
def test_the_rule_is_the_one_recorded_at_the_fetch(desk, fetched, known_at):
    desk.con.execute("insert into raw.catalogue_availability values "
                     "('observations', 'DGS10', 'lag_days', 2, '2026-03-10 12:00')")
    desk.con.execute("update raw.catalogue_availability set rule = 'lag_days' where key = 'DGS10'")
    desk.fetch("observations", fetched, """
        series_id | date       | value
        DGS10     | 2023-12-04 | 4.2
    """)
    desk.holds("raw.macro_observation", f"""
        date       | known_at
        2023-12-04 | {known_at}
    """)


def test_the_bar_of_an_open_session_comes_when_it_is_final(desk):
    assert desk.fetch("bars", "2026-03-02 18:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 9.5
    """).added == 0
    desk.fetch("bars", "2026-03-02 21:15", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """)
    desk.holds(BARS, """
        close | known_at         | fetched_at
        10    | 2026-03-02 21:15 | 2026-03-02 21:15
    """)


def test_a_coins_day_in_progress_is_not_loaded(desk):
    desk.fetch("bars", "2026-03-02 21:30", """
        symbol  | date       | close
        BTC-USD | 2026-03-01 | 70000
        BTC-USD | 2026-03-02 | 71000
    """)
    desk.holds(BARS, """
        date       | close
        2026-03-01 | 70000
    """)
