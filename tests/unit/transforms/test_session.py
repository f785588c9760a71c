"""staging.session: the sessions that had ended by as_of, numbered."""

from __future__ import annotations

GIVEN = {"raw.catalog_session": """
    date       | open_at          | close_at         | fetched_at
    2025-11-26 | 2025-11-26 14:30 | 2025-11-26 21:00 | 2025-11-01 00:00
    2025-11-28 | 2025-11-28 14:30 | 2025-11-28 18:00 | 2025-11-01 00:00
    2025-12-01 | 2025-12-01 14:30 | 2025-12-01 21:00 | 2025-11-01 00:00
"""}


def test_sessions_are_numbered_in_order_and_known_15_minutes_after_the_close(spec):
    spec("staging.session", GIVEN, """
        date       | position | known_at
        2025-11-26 | 1        | 2025-11-26 21:15
        2025-11-28 | 2        | 2025-11-28 18:15
        2025-12-01 | 3        | 2025-12-01 21:15
    """)


def test_a_session_that_has_not_ended_by_as_of_is_not_there(spec):
    spec("staging.session", GIVEN, """
        date
        2025-11-26
    """, as_of="2025-11-28 18:14")


def test_a_half_day_counts_from_its_early_close(spec):
    spec("staging.session", GIVEN, """
        date
        2025-11-26
        2025-11-28
    """, as_of="2025-11-28 18:15")


def test_the_calendar_is_the_newest_snapshot_recorded_by_then(spec):
    closed_after_all = {"raw.catalog_session": GIVEN["raw.catalog_session"] + """
    2025-11-26 | 2025-11-26 14:30 | 2025-11-26 21:00 | 2025-12-05 00:00
    """}
    spec("staging.session", closed_after_all, """
        date       | position
        2025-11-26 | 1
    """)
    spec("staging.session", closed_after_all, """
        date       | position
        2025-11-26 | 1
        2025-11-28 | 2
        2025-12-01 | 3
    """, recorded_by="2025-12-04 00:00")
