"""staging.split: splits by ex-date, the latest version known."""

from __future__ import annotations

GIVEN = {"raw.corporate_action": """
    symbol | date       | kind     | value | is_withdrawn | known_at         | fetched_at
    AAA    | 2026-01-05 | split    | 2.0   | false        | 2026-01-05 21:15 | 2026-01-05 22:00
    AAA    | 2026-01-05 | dividend | 0.5   | false        | 2026-01-05 21:15 | 2026-01-05 22:00
    AAA    | 2026-01-05 | split    | 20.0  | false        | 2026-01-08 09:00 | 2026-01-08 09:00
    BBB    | 2026-01-06 | split    | 3.0   | false        | 2026-01-06 21:15 | 2026-01-06 22:00
    BBB    | 2026-01-06 | split    |       | true         | 2026-01-08 09:00 | 2026-01-08 09:00
"""}


def test_a_corrected_split_counts_once_and_a_withdrawn_one_not_at_all(spec):
    spec("staging.split", GIVEN, """
        symbol | date       | ratio | known_at
        AAA    | 2026-01-05 | 20.0  | 2026-01-08 09:00
    """)


def test_before_the_correction_the_first_ratios_stand(spec):
    spec("staging.split", GIVEN, """
        symbol | date       | ratio
        AAA    | 2026-01-05 | 2.0
        BBB    | 2026-01-06 | 3.0
    """, as_of="2026-01-07 00:00")


def test_a_split_is_not_known_before_its_ex_date_has_closed(spec):
    spec("staging.split", GIVEN, """
        symbol | ratio
        AAA    | 2.0
    """, as_of="2026-01-06 21:14")
