"""Macro against the year before: newest vintages, the same period, and no change without both ends."""

from __future__ import annotations

from assertions import assertions_fail

SERIES = """
    series_id | frequency
    RSAFS     | monthly
    ICSA      | weekly
    DGS10     | daily
    NFCI      | weekly
"""


def reported(spec, rows: str, expect: str, as_of: str | None = None) -> None:
    spec("core.macro_year_on_year", given={
        "staging.series": SERIES,
        "staging.macro_observation": f"series_id | date | value | known_at\n{rows.strip()}"}, expect=expect, as_of=as_of)


def test_the_newest_vintages_of_both_ends_are_compared(spec):
    reported(spec, """
        RSAFS | 2025-04-01 | 100 | 2025-05-15
        RSAFS | 2025-04-01 | 104 | 2025-06-15
        RSAFS | 2026-04-01 | 130 | 2026-05-15
    """, """
        date       | value | year_before | change | change_return | known_at
        2025-04-01 | 104   |             |        |               | 2025-06-15
        2026-04-01 | 130   | 104         | 26     | 0.25          | 2026-05-15
    """)


def test_a_revision_of_the_year_before_moves_the_row_to_its_day(spec):
    reported(spec, """
        RSAFS | 2026-04-01 | 130 | 2026-05-15
        RSAFS | 2025-04-01 | 100 | 2026-06-20
    """, "date | known_at\n2025-04-01 | 2026-06-20\n2026-04-01 | 2026-06-20")


def test_weeks_meet_the_nearest_week_of_the_year_before(spec):
    reported(spec, """
        ICSA | 2025-05-17 | 1 | 2025-05-22
        ICSA | 2025-05-24 | 2 | 2025-05-29
        ICSA | 2026-05-23 | 3 | 2026-05-28
    """, "date | year_before\n2025-05-17 |\n2025-05-24 |\n2026-05-23 | 2")


def test_a_withdrawn_value_is_no_end_of_a_change(spec):
    reported(spec, """
        RSAFS | 2025-04-01 | 100 | 2025-05-15
        RSAFS | 2025-04-01 |     | 2025-06-15
        RSAFS | 2026-04-01 | 130 | 2026-05-15
    """, "date | year_before | change\n2026-04-01 | |")


def test_below_zero_there_is_a_change_and_no_rate(spec):
    reported(spec, "NFCI | 2025-05-23 | -0.4 | 2025-05-28\nNFCI | 2026-05-22 | -0.5 | 2026-05-27",
         "date | change | change_return\n2025-05-23 | |\n2026-05-22 | -0.1 |")


def test_daily_series_are_not_here(spec):
    reported(spec, "DGS10 | 2026-05-22 | 4 | 2026-05-26", "series_id")


def test_the_assertions_can_fail(spec):
    row = {"series_id": "RSAFS", "date": "2026-04-01", "value": 1}
    assertions_fail(spec, "core.macro_year_on_year", {
        "a change has both ends": [{**row, "change": 1}, {**row, "year_before": 1}],
        "a change is a number": {**row, "change": float("inf")}})
