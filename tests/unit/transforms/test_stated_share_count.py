"""staging.stated_share_count: counts as companies state them, the latest version known."""

from __future__ import annotations


def test_a_corrected_statement_counts_once_and_not_before_it_was_known(spec):
    given = {"raw.stated_share_count": """
        symbol | date       | shares_outstanding | is_withdrawn | known_at         | fetched_at
        AAA    | 2026-01-05 | 100                | false        | 2026-01-15 21:15 | 2026-01-15 22:00
        AAA    | 2026-01-05 | 110                | false        | 2026-02-09 09:00 | 2026-02-09 09:00
        BBB    | 2026-01-06 |                    | true         | 2026-01-16 21:15 | 2026-01-16 22:00
    """}
    spec("staging.stated_share_count", given, """
        symbol | date       | shares_outstanding
        AAA    | 2026-01-05 | 110
    """)
    spec("staging.stated_share_count", given, """
        symbol | date       | shares_outstanding | known_at
        AAA    | 2026-01-05 | 100                | 2026-01-15 21:15
    """, as_of="2026-02-01 00:00")
