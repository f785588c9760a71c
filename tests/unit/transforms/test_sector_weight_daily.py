"""marts.sector_weight_daily: weight and contribution by sector, in two taxonomies."""

from __future__ import annotations

GIVEN = {
    "core.index_weight": """
        date       | index_code | weight_scheme | issuer | weight | open_weight | price_return | known_at
        2026-01-05 | NDX        | full_cap      | AAA    | 0.5    | 0.4         | 0.05         | 2026-01-05 21:15
        2026-01-05 | NDX        | full_cap      | BBB    | 0.3    | 0.4         | -0.05        | 2026-01-05 21:15
        2026-01-05 | NDX        | full_cap      | CCC    | 0.1    | 0.2         | 0.10         | 2026-01-05 21:15
        2026-01-05 | NDX        | full_cap      | NEW    | 0.1    |             |              | 2026-01-05 21:15
    """,
    "staging.instrument": """
        symbol | issuer | gics_sector            | nasdaq_sector
        AAA    | AAA    | Communication Services | Technology
        AAA2   | AAA    | Energy                 | Energy
        BBB    | BBB    | Information Technology | Technology
        NEW    | NEW    | Utilities              | Utilities
    """,
}


def test_the_taxonomies_do_not_agree_and_what_has_no_sector_is_unclassified(spec):
    spec("marts.sector_weight_daily", GIVEN, """
        taxonomy | sector                 | weight | contribution | known_at
        gics     | Communication Services | 0.5    | 0.02         | 2026-01-05 21:15
        gics     | Information Technology | 0.3    | -0.02        | 2026-01-05 21:15
        gics     | Utilities              | 0.1    |              | 2026-01-05 21:15
        gics     | unclassified           | 0.1    | 0.02         | 2026-01-05 21:15
        nasdaq   | Technology             | 0.8    | 0.0          | 2026-01-05 21:15
        nasdaq   | Utilities              | 0.1    |              | 2026-01-05 21:15
        nasdaq   | unclassified           | 0.1    | 0.02         | 2026-01-05 21:15
    """)


def test_the_weights_of_a_taxonomy_add_to_one(spec):
    rows = spec.rows("marts.sector_weight_daily", GIVEN, columns=["taxonomy", "weight"])
    for taxonomy in ("gics", "nasdaq"):
        assert abs(sum(weight for name, weight in rows if name == taxonomy) - 1) < 1e-12
