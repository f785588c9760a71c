"""staging.universe_member: dated members of the newest catalog snapshot."""

from __future__ import annotations

GIVEN = {"raw.catalog_universe_member": """
    index_code | symbol | valid_from | valid_to   | fetched_at
    NDX        | AAA    | 2020-01-02 |            | 2025-01-01 00:00
    NDX        | AAA    | 2020-01-02 | 2025-03-03 | 2025-02-01 00:00
    NDX        | BBB    | 2025-03-03 |            | 2025-02-01 00:00
"""}


def test_membership_is_dated(spec):
    spec("staging.universe_member", GIVEN, """
        index_code | symbol | valid_from | valid_to
        NDX        | AAA    | 2020-01-02 | 2025-03-03
        NDX        | BBB    | 2025-03-03 |
    """)


def test_a_change_recorded_later_is_not_there_yet(spec):
    spec("staging.universe_member", GIVEN, """
        index_code | symbol | valid_from | valid_to
        NDX        | AAA    | 2020-01-02 |
    """, recorded_by="2025-01-15 00:00")
