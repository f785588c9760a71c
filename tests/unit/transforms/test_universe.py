"""staging.universe: the universes of the newest catalog snapshot."""

from __future__ import annotations


def test_a_universe_names_the_index_it_is_held_against(spec):
    spec("staging.universe", {"raw.catalog_universe": """
        index_code | title      | published_index | is_primary | fetched_at
        OLD        | Old        | ^OLD            | true       | 2025-01-01 00:00
        NDX        | Nasdaq-100 | ^NDX            | true       | 2025-06-01 00:00
    """}, """
        index_code | published_index | is_primary
        NDX        | ^NDX            | true
    """)
