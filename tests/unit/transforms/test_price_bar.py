"""staging.price_bar_by_source and staging.price_bar: of each bar the values known by as_of, since when, and whose."""

from __future__ import annotations

CORRECTED = {"raw.price_bar": """
    symbol | date       | close | known_at         | fetched_at
    AAA    | 2026-01-05 | 10.0  | 2026-01-05 21:15 | 2026-01-05 22:00
    AAA    | 2026-01-05 | 11.0  | 2026-01-07 09:00 | 2026-01-07 09:00
    AAA    | 2026-01-06 | 12.0  | 2026-01-06 21:15 | 2026-01-09 09:00
"""}


def test_a_correction_replaces_the_bar(spec):
    spec("staging.price_bar_by_source", CORRECTED, """
        symbol | date       | close | known_at
        AAA    | 2026-01-05 | 11.0  | 2026-01-07 09:00
        AAA    | 2026-01-06 | 12.0  | 2026-01-06 21:15
    """)


def test_before_the_correction_the_world_knew_the_first_value(spec):
    spec("staging.price_bar_by_source", CORRECTED, """
        symbol | date       | close
        AAA    | 2026-01-05 | 10.0
        AAA    | 2026-01-06 | 12.0
    """, as_of="2026-01-07 08:59")


def test_what_we_had_not_fetched_is_not_in_what_we_had(spec):
    spec("staging.price_bar_by_source", CORRECTED, """
        symbol | date       | close
        AAA    | 2026-01-05 | 11.0
    """, recorded_by="2026-01-08 00:00")


def test_a_withdrawn_bar_is_no_bar(spec):
    spec("staging.price_bar_by_source", {"raw.price_bar": """
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
    spec("staging.price_bar_by_source", {"raw.price_bar": """
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
    spec("staging.price_bar_by_source", {"raw.price_bar": """
        symbol | date       | open | high | low | close | volume | known_at         | fetched_at
        AAA    | 2026-01-05 | 9.0  | 11.0 | 8.0 | 10.0  | 1020   | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 | 9.0  | 11.0 | 8.0 | 10.0  | 1000   | 2026-01-06 22:00 | 2026-01-06 22:00
    """}, """
        close | high | volume | known_at         | high_known_at    | volume_known_at
        10.0  | 11.0 | 1000   | 2026-01-05 21:15 | 2026-01-05 21:15 | 2026-01-06 22:00
    """)


def test_a_range_that_comes_later_moves_no_close(spec):
    spec("staging.price_bar_by_source", {"raw.price_bar": """
        symbol | date       | high | low | close | known_at         | fetched_at
        AAA    | 2026-01-05 |      |     | 10.0  | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 | 11.0 | 9.0 | 10.0  | 2026-01-06 22:00 | 2026-01-06 22:00
    """}, """
        close | high | low | known_at         | high_known_at
        10.0  | 11.0 | 9.0 | 2026-01-05 21:15 | 2026-01-06 22:00
    """)


def test_a_close_that_comes_back_is_known_since_it_came_back(spec):
    """10, then 11 for a day, then 10 again: what stands is known since the third version."""
    spec("staging.price_bar_by_source", {"raw.price_bar": """
        symbol | date       | close | known_at         | fetched_at
        AAA    | 2026-01-05 | 10.0  | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 | 11.0  | 2026-01-06 22:00 | 2026-01-06 22:00
        AAA    | 2026-01-05 | 10.0  | 2026-01-07 22:00 | 2026-01-07 22:00
    """}, """
        close | known_at
        10.0  | 2026-01-07 22:00
    """)


def test_a_withdrawal_breaks_the_run(spec):
    spec("staging.price_bar_by_source", {"raw.price_bar": """
        symbol | date       | close | is_withdrawn | known_at         | fetched_at
        AAA    | 2026-01-05 | 10.0  | false        | 2026-01-05 21:15 | 2026-01-05 22:00
        AAA    | 2026-01-05 |       | true         | 2026-01-06 22:00 | 2026-01-06 22:00
        AAA    | 2026-01-05 | 10.0  | false        | 2026-01-07 22:00 | 2026-01-07 22:00
    """}, """
        close | known_at
        10.0  | 2026-01-07 22:00
    """)


TWO_SOURCES = {"raw.catalog_source": """
    source | title | priority | price_convention | fetched_at
    cboe   | Cboe  | 1        | as_traded        | 2026-01-01
    yahoo  | Yahoo | 2        | split_adjusted   | 2026-01-01
""", "raw.price_bar": """
    symbol | date       | high | close | is_withdrawn | source | known_at         | fetched_at
    ^VIX   | 2026-01-05 | 18.3 | 18.0  | false        | yahoo  | 2026-01-05 21:15 | 2026-01-05 22:00
    ^VIX   | 2026-01-05 | 18.4 | 18.1  | false        | cboe   | 2026-01-05 21:15 | 2026-01-05 23:00
    ^VIX   | 2026-01-05 | 18.3 | 17.9  | false        | yahoo  | 2026-01-06 21:15 | 2026-01-06 22:00
    ^VIX   | 2026-01-06 | 19.0 | 19.0  | false        | yahoo  | 2026-01-06 21:15 | 2026-01-06 22:00
    ^VIX   | 2026-01-07 | 20.0 | 20.0  | false        | yahoo  | 2026-01-07 21:15 | 2026-01-07 22:00
    ^VIX   | 2026-01-07 | 20.1 | 20.1  | false        | cboe   | 2026-01-07 21:15 | 2026-01-07 22:00
    ^VIX   | 2026-01-07 |      |       | true         | cboe   | 2026-01-08 22:00 | 2026-01-08 22:00
"""}
CHOICE = ("staging.source", "staging.price_bar_by_source")


def test_the_first_source_by_priority_that_has_a_bar_gives_it_whole(spec):
    """A later word of the second one is no correction of the first one's; where the first takes its bar back, the next
    one's is used."""
    spec("staging.price_bar", TWO_SOURCES, """
        symbol | date       | high | close | source | known_at
        ^VIX   | 2026-01-05 | 18.4 | 18.1  | cboe   | 2026-01-05 21:15
        ^VIX   | 2026-01-06 | 19.0 | 19.0  | yahoo  | 2026-01-06 21:15
        ^VIX   | 2026-01-07 | 20.0 | 20.0  | yahoo  | 2026-01-07 21:15
    """, through=CHOICE)


def test_what_had_not_been_fetched_from_the_first_source_is_the_second_ones(spec):
    spec("staging.price_bar", TWO_SOURCES, """
        date       | close | source
        2026-01-05 | 18.0  | yahoo
    """, recorded_by="2026-01-05 22:30", through=CHOICE)


def test_a_source_that_no_catalog_declares_comes_last(spec):
    spec("staging.price_bar", {"raw.catalog_source": TWO_SOURCES["raw.catalog_source"], "raw.price_bar": """
        symbol | date       | close | source
        ^VIX   | 2026-01-05 | 18.0  | another
        ^VIX   | 2026-01-05 | 18.1  | yahoo
        ^VIX   | 2026-01-06 | 19.0  | another
    """}, """
        date       | close | source
        2026-01-05 | 18.1  | yahoo
        2026-01-06 | 19.0  | another
    """, through=CHOICE)
