"""staging.price_bar: of each bar the values known by as_of and recorded by recorded_by, and since when."""

from __future__ import annotations

CORRECTED = {"raw.price_bar": """
    symbol | date       | close | known_at         | fetched_at
    AAA    | 2026-01-05 | 10.0  | 2026-01-05 21:15 | 2026-01-05 22:00
    AAA    | 2026-01-05 | 11.0  | 2026-01-07 09:00 | 2026-01-07 09:00
    AAA    | 2026-01-06 | 12.0  | 2026-01-06 21:15 | 2026-01-09 09:00
"""}


def test_a_correction_replaces_the_bar(spec):
    spec("staging.price_bar", CORRECTED, """
        symbol | date       | close | known_at
        AAA    | 2026-01-05 | 11.0  | 2026-01-07 09:00
        AAA    | 2026-01-06 | 12.0  | 2026-01-06 21:15
    """)


def test_before_the_correction_the_world_knew_the_first_value(spec):
    spec("staging.price_bar", CORRECTED, """
        symbol | date       | close
        AAA    | 2026-01-05 | 10.0
        AAA    | 2026-01-06 | 12.0
    """, as_of="2026-01-07 08:59")


def test_what_we_had_not_fetched_is_not_in_what_we_had(spec):
    spec("staging.price_bar", CORRECTED, """
        symbol | date       | close
        AAA    | 2026-01-05 | 11.0
    """, recorded_by="2026-01-08 00:00")


def test_a_withdrawn_bar_is_no_bar(spec):
    spec("staging.price_bar", {"raw.price_bar": """
        symbol | date       | close | is_withdrawn | known_at         | fetched_at
        AAA    | 2026-01-05 | 10.0  | false        | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 |       | true         | 2026-01-07 09:00 | 2026-01-07 09:00
        AAA    | 2026-01-06 | 12.0  | false        | 2026-01-06 21:15 | 2026-01-06 22:00
    """}, """
        symbol | date
        AAA    | 2026-01-06
    """)


def test_a_range_that_does_not_hold_its_close_is_no_range(spec):
    """But for one that is far from it: then the whole bar is doubted, by what is kept here."""
    spec("staging.price_bar", {"raw.price_bar": """
        symbol | date       | high | low  | close
        AAA    | 2026-01-05 | 9.8  | 8.0  | 10.0
        AAA    | 2026-01-06 | 12.0 | 10.2 | 10.0
        AAA    | 2026-01-07 | 10.0 | 9.0  | 10.0
        AAA    | 2026-01-08 | 9.0  | 8.0  | 10.0
        AAA    | 2026-01-09 | 8.0  | 9.0  | 10.0
    """}, """
        date       | high | low | close
        2026-01-05 |      | 8.0 | 10.0
        2026-01-06 | 12.0 |     | 10.0
        2026-01-07 | 10.0 | 9.0 | 10.0
        2026-01-08 | 9.0  | 8.0 | 10.0
        2026-01-09 |      | 9.0 | 10.0
    """)


def test_a_volume_that_is_corrected_moves_no_close(spec):
    """Its evening said 1020, the next one 1000; the close and the range are those of the evening."""
    spec("staging.price_bar", {"raw.price_bar": """
        symbol | date       | open | high | low | close | volume | known_at         | fetched_at
        AAA    | 2026-01-05 | 9.0  | 11.0 | 8.0 | 10.0  | 1020   | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 | 9.0  | 11.0 | 8.0 | 10.0  | 1000   | 2026-01-06 22:00 | 2026-01-06 22:00
    """}, """
        close | high | volume | known_at         | high_known_at    | volume_known_at
        10.0  | 11.0 | 1000   | 2026-01-05 21:15 | 2026-01-05 21:15 | 2026-01-06 22:00
    """)


def test_a_range_that_comes_later_moves_no_close(spec):
    spec("staging.price_bar", {"raw.price_bar": """
        symbol | date       | high | low | close | known_at         | fetched_at
        AAA    | 2026-01-05 |      |     | 10.0  | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 | 11.0 | 9.0 | 10.0  | 2026-01-06 22:00 | 2026-01-06 22:00
    """}, """
        close | high | low | known_at         | high_known_at
        10.0  | 11.0 | 9.0 | 2026-01-05 21:15 | 2026-01-06 22:00
    """)


def test_a_close_that_comes_back_is_known_since_it_came_back(spec):
    """10, then 11 for a day, then 10 again: what stands is known since the third version."""
    spec("staging.price_bar", {"raw.price_bar": """
        symbol | date       | close | known_at         | fetched_at
        AAA    | 2026-01-05 | 10.0  | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 | 11.0  | 2026-01-06 22:00 | 2026-01-06 22:00
        AAA    | 2026-01-05 | 10.0  | 2026-01-07 22:00 | 2026-01-07 22:00
    """}, """
        close | known_at
        10.0  | 2026-01-07 22:00
    """)


def test_a_withdrawal_breaks_the_run(spec):
    spec("staging.price_bar", {"raw.price_bar": """
        symbol | date       | close | is_withdrawn | known_at         | fetched_at
        AAA    | 2026-01-05 | 10.0  | false        | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 |       | true         | 2026-01-06 22:00 | 2026-01-06 22:00
        AAA    | 2026-01-05 | 10.0  | false        | 2026-01-07 22:00 | 2026-01-07 22:00
    """}, """
        close | known_at
        10.0  | 2026-01-07 22:00
    """)
