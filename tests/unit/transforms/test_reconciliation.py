"""audit.reconciliation: two sources of one fact, their difference, and whether it is rounding."""

from __future__ import annotations

SERIES = """
    series_id | fallback_for
    VIXCLS    | ^VIX
    DGS10     |
"""
INSTRUMENTS = """
    symbol | kind
    ^VIX   | index
    AAA    | stock
"""


def closes(spec, fred: str, expect: str) -> None:
    spec("audit.reconciliation", {
        "staging.series": SERIES, "staging.instrument": INSTRUMENTS,
        "staging.price_bar_by_source": """
            symbol | date       | close | source | known_at
            ^VIX   | 2026-01-05 | 18.25 | yahoo  | 2026-01-05 21:15
            ^VIX   | 2026-01-06 | 19.50 | yahoo  | 2026-01-06 21:15
            AAA    | 2026-01-05 | 10.00 | yahoo  | 2026-01-05 21:15
        """, "staging.macro_observation": fred}, expect)


def test_closes_of_an_index_by_two_sources(spec):
    """A hundredth is rounding, six hundredths are not; a day one of them lacks is no disagreement."""
    closes(spec, """
        series_id | date       | value | known_at
        VIXCLS    | 2026-01-05 | 18.26 | 2026-01-07 04:59
        VIXCLS    | 2026-01-06 | 19.56 | 2026-01-08 04:59
        VIXCLS    | 2026-01-07 | 20.00 | 2026-01-09 04:59
        DGS10     | 2026-01-05 | 4.00  | 2026-01-07 04:59
    """, """
        date       | fact          | first_source | first_value | second_value | difference | is_within | known_at
        2026-01-05 | close of ^VIX | yahoo        | 18.25       | 18.26        | -0.01      | true      | 2026-01-07 04:59
        2026-01-06 | close of ^VIX | yahoo        | 19.50       | 19.56        | -0.06      | false     | 2026-01-08 04:59
    """)


def test_the_newest_vintage_counts_and_a_value_taken_back_says_nothing(spec):
    closes(spec, """
        series_id | date       | value | known_at
        VIXCLS    | 2026-01-05 | 99.00 | 2026-01-07 04:59
        VIXCLS    | 2026-01-05 | 18.25 | 2026-01-08 04:59
        VIXCLS    | 2026-01-06 | 19.50 | 2026-01-08 04:59
        VIXCLS    | 2026-01-06 |       | 2026-01-09 04:59
    """, """
        date       | difference | is_within
        2026-01-05 | 0.0        | true
    """)


def test_returns_of_each_weighting_against_the_published_index(spec):
    """15 basis points are the limit above which a residual is large."""
    spec("audit.reconciliation", {
        "staging.universe": "index_code | published_index\nNDX | ^NDX",
        "marts.concentration_daily": """
            date       | index_code | weight_scheme | index_return | official_return | known_at
            2026-01-05 | NDX        | full_cap      | 0.0120       | 0.0100          | 2026-01-05 21:15
            2026-01-05 | NDX        | capped        | 0.0101       | 0.0100          | 2026-01-05 21:15
            2026-01-06 | NDX        | capped        |              | 0.0100          | 2026-01-06 21:15
        """}, """
        fact          | first_source | second_source | difference | tolerance | is_within
        return of NDX | capped       | ^NDX          | 0.0001     | 0.0015    | true
        return of NDX | full_cap     | ^NDX          | 0.0020     | 0.0015    | false
    """)


def test_the_largest_by_the_rules_against_the_largest_by_the_lists(spec):
    spec("audit.reconciliation", {
        "marts.concentration_daily": """
            date       | index_code | weight_scheme | top1_weight | top10_weight | known_at
            2026-01-05 | NDX        | capped        | 0.090       | 0.50         | 2026-01-05 21:15
            2026-01-05 | NDX        | anchored      | 0.085       | 0.48         | 2026-01-06 04:59
            2026-01-05 | NDX        | full_cap      | 0.130       | 0.60         | 2026-01-05 21:15
        """}, """
        fact                | first_source | second_source | difference | is_within | known_at
        top10_weight of NDX | capped       | anchored      | 0.02       | false     | 2026-01-06 04:59
        top1_weight of NDX  | capped       | anchored      | 0.005      | true      | 2026-01-06 04:59
    """)


def test_closes_of_a_symbol_by_two_sources_of_bars_and_by_fred(spec):
    """The source of higher priority comes first; a bar that evidence holds is compared with nothing."""
    spec("audit.reconciliation", {
        "staging.source": "source | priority\ncboe | 1\nyahoo | 2",
        "staging.series": SERIES, "staging.instrument": INSTRUMENTS,
        "core.price_bar_held": "symbol | date\n^VIX | 2026-01-06",
        "staging.price_bar_by_source": """
            symbol | date       | close | source | known_at
            ^VIX   | 2026-01-05 | 18.25 | yahoo  | 2026-01-05 21:15
            ^VIX   | 2026-01-05 | 18.30 | cboe   | 2026-01-05 21:20
            ^VIX   | 2026-01-06 | 19.50 | yahoo  | 2026-01-06 21:15
            ^VIX   | 2026-01-06 | 19.55 | cboe   | 2026-01-06 21:15
        """, "staging.macro_observation": """
            series_id | date       | value | known_at
            VIXCLS    | 2026-01-05 | 18.25 | 2026-01-07 04:59
        """}, """
        date       | fact          | first_source | second_source | difference | is_within | known_at
        2026-01-05 | close of ^VIX | cboe         | VIXCLS        | 0.05       | false     | 2026-01-07 04:59
        2026-01-05 | close of ^VIX | cboe         | yahoo         | 0.05       | false     | 2026-01-05 21:20
        2026-01-05 | close of ^VIX | yahoo        | VIXCLS        | 0.00       | true      | 2026-01-07 04:59
    """)
