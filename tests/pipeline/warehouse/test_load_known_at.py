"""The moment a value is known, when it is first seen: what its catalog rule says."""

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
    ("DGS10", "2026-04-02", "2026-04-04 03:59"),  # Thursday, known on Good Friday: the Board is open
    ("DGS10", "2025-10-09", "2025-10-11 03:59"),  # Thursday, known on Friday
    ("DGS10", "2025-10-10", "2025-10-15 03:59"),  # Friday before Columbus Day, known on Tuesday
    ("DGS10", "2025-11-07", "2025-11-11 04:59"),  # Friday, known on Monday
    ("DGS10", "2025-11-10", "2025-11-13 04:59"),  # Monday before Veterans Day, known on Wednesday
    ("DGS10", "2025-10-13", "2025-10-15 03:59"),  # a holiday's own value, as that of the day before it
    ("DGS10", "2025-12-23", "2025-12-30 04:59"),  # the president gave off Christmas Eve and the day after Christmas
    ("VIXCLS", "2025-10-10", "2025-10-14 03:59"),  # the exchange trades on Columbus Day
    ("VIXCLS", "2026-04-02", "2026-04-07 03:59"),  # and not on Good Friday
    ("T10Y2Y", "2025-10-10", "2025-10-11 03:59"),  # no lag
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


@pytest.mark.parametrize(("company", "period_end", "known_at"), [
    ("AAA", "2026-03-31", "2026-05-16 03:59:59"),  # 45 days later is Friday 2026-05-15
    ("AAA", "2025-09-30", "2025-11-15 04:59:59"),  # Friday 2025-11-14
    ("AAA", "2025-06-30", "2025-08-15 03:59:59"),  # Thursday 2025-08-14
    ("AAA", "2026-07-03", "2026-08-18 03:59:59"),  # a quarter of 13 weeks; 45 days later is Monday 2026-08-17
    ("AAA", "2025-12-31", "2026-04-01 03:59:59"),  # a year's last: 90 days later is Tuesday 2026-03-31
    ("AAA", "2026-01-03", "2026-04-04 03:59:59"),  # 53 weeks; 90 days later is Good Friday: the Board is open
    ("AAA", "2024-09-27", "2024-11-13 04:59:59"),  # 45 days later is Veterans Day, so Tuesday 2024-11-12
    ("SEP", "2025-09-27", "2025-12-30 04:59:59"),  # 90 days later is Friday 2025-12-26, a day off, so Monday
    ("SEP", "2025-12-27", "2026-02-11 04:59:59"),  # the first quarter: 45 days later is Tuesday 2026-02-10
    ("SEP", "2025-10-03", "2026-01-03 04:59:59"),  # 90 days later is New Year's Day, so Friday 2026-01-02
    ("JAN", "2026-01-25", "2026-04-28 03:59:59"),  # 90 days later is Saturday 2026-04-25, so Monday
    ("JAN", "2025-12-31", "2026-02-18 04:59:59"),  # no year's end here; Saturday, then Presidents' Day: Tuesday 02-17
    ("FOREIGN", "2025-12-31", "2026-05-01 03:59:59"),  # 120 days later is Thursday 2026-04-30
    ("FOREIGN", "2025-09-30", "2025-11-15 04:59:59"),  # its quarters as those of others
    ("LARGE", "2025-12-31", "2026-03-03 04:59:59"),  # 60 days later is Sunday 2026-03-01
    ("LARGE", "2024-12-31", "2025-04-01 03:59:59"),  # before it was a large filer: 90
])
def test_a_statement_is_known_when_its_report_is_due(desk, company, period_end, known_at):
    desk.fetch("statements", "2026-12-20 12:00", f"""
        symbol    | statement | period_end   | item          | value
        {company} | income    | {period_end} | Total Revenue | 5e9
    """)
    desk.holds("raw.statement_item", f"""
        period_end   | item          | value | known_at   | pit_quality
        {period_end} | Total Revenue | 5e9   | {known_at} | rule
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
    ("2023-12-20 12:00", "2023-12-06 04:59"),  # before the first recording of the catalog: its first rule
    ("2026-03-09 12:00", "2023-12-06 04:59"),
    ("2026-03-10 12:00", "2023-12-07 04:59"),
])
def test_the_rule_is_the_one_recorded_at_the_fetch(desk, fetched, known_at):
    desk.con.execute("insert into raw.catalog_availability values "
                     "('observations', 'DGS10', 'lag_days', 2, '2026-03-10 12:00')")
    desk.con.execute("update raw.catalog_availability set rule = 'lag_days' where key = 'DGS10'")
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
