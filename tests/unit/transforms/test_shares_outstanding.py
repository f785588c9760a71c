"""staging.shares_outstanding: counts as the feed said them, the latest version known."""

from __future__ import annotations

GIVEN = {"raw.shares_outstanding": """
    symbol | date       | shares_outstanding | is_withdrawn | known_at         | fetched_at
    AAA    | 2026-01-05 | 100                | false        | 2026-01-05 21:15 | 2026-01-05 22:00
    AAA    | 2026-01-05 | 110                | false        | 2026-01-09 09:00 | 2026-01-09 09:00
    AAA    | 2026-01-06 |                    | true         | 2026-01-06 21:15 | 2026-01-06 22:00
"""}


def test_a_corrected_count_counts_once_and_a_withdrawn_one_not_at_all(spec):
    spec("staging.shares_outstanding", GIVEN, """
        symbol | date       | shares_outstanding | known_at
        AAA    | 2026-01-05 | 110                | 2026-01-09 09:00
    """)


def test_before_the_correction_the_first_count_stands(spec):
    spec("staging.shares_outstanding", GIVEN, """
        symbol | date       | shares_outstanding
        AAA    | 2026-01-05 | 100
    """, as_of="2026-01-08 00:00")
