"""staging.trading_week: the last session of each ISO week, known ahead from the exchange's calendar."""

from __future__ import annotations

from assertions import assertions_fail

MODEL = "staging.trading_week"
CALENDAR = """
    date       | open_at          | close_at         | fetched_at
    2025-12-31 | 2025-12-31 14:30 | 2025-12-31 21:00 | 2026-01-01 00:00
    2026-01-02 | 2026-01-02 14:30 | 2026-01-02 21:00 | 2026-01-01 00:00
    2026-03-30 | 2026-03-30 13:30 | 2026-03-30 20:00 | 2026-01-01 00:00
    2026-04-02 | 2026-04-02 13:30 | 2026-04-02 20:00 | 2026-01-01 00:00
    2026-04-06 | 2026-04-06 13:30 | 2026-04-06 20:00 | 2026-01-01 00:00
"""


def test_a_week_ends_with_its_last_session_holidays_and_new_year_regarded(spec):
    spec(MODEL, {"raw.catalog_session": CALENDAR}, """
        week       | last_session
        2025-12-29 | 2026-01-02
        2026-03-30 | 2026-04-02
        2026-04-06 | 2026-04-06
    """)


def test_the_calendar_is_known_before_the_week_is_over(spec):
    spec(MODEL, {"raw.catalog_session": CALENDAR}, """
        last_session
        2026-01-02
        2026-04-02
        2026-04-06
    """, as_of="2026-03-30 21:00")


def test_it_is_the_calendar_as_it_was_recorded(spec):
    later = CALENDAR + "    2026-04-03 | 2026-04-03 13:30 | 2026-04-03 20:00 | 2026-02-01 00:00"
    assert len(spec.rows(MODEL, {"raw.catalog_session": later}, recorded_by="2026-01-31 00:00")) == 3
    assert len(spec.rows(MODEL, {"raw.catalog_session": later})) == 1


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {"a week begins on Monday and holds its session": [
        {"week": "2026-03-31", "last_session": "2026-04-02"}, {"week": "2026-03-30", "last_session": "2026-04-06"}]})
