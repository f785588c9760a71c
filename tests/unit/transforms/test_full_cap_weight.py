"""core.full_cap_weight and core.index_weight: weights by plain market capitalization."""

from __future__ import annotations

MEMBERS = """
    date       | index_code | symbol | issuer
    2026-01-06 | NDX        | AAA    | AAA
    2026-01-06 | NDX        | BBB    | BBB
"""
VALUES = """
    issuer | date       | market_cap | previous_date | open_market_cap | price_return | known_at
    AAA    | 2026-01-06 | 330        | 2026-01-05    | 300             | 0.1          | 2026-01-06 21:15
    BBB    | 2026-01-06 | 110        | 2026-01-05    | 100             | 0.1          | 2026-01-08 09:00
    CCC    | 2026-01-06 | 999        | 2026-01-05    | 999             | 0.1          | 2026-01-09 09:00
"""
NAMED = """
    date       | index_code | known_at
    2026-01-06 | NDX        | 2026-01-06 21:15
"""


def weights(spec, expect: str, members: str = MEMBERS, values: str = VALUES) -> None:
    spec("core.full_cap_weight", {"core.index_coverage": NAMED, "core.index_member": members, "core.issuer_value": values},
         expect, through=("core.full_cap_value", "core.weight_coverage"))


def test_a_weight_is_the_share_of_the_members_value(spec):
    """CCC is no member, and what is known of it does not matter."""
    weights(spec, """
        issuer | market_cap | weight | open_weight | price_return | previous_date | known_at
        AAA    | 330        | 0.75   | 0.75        | 0.1          | 2026-01-05    | 2026-01-08 09:00
        BBB    | 110        | 0.25   | 0.25        | 0.1          | 2026-01-05    | 2026-01-08 09:00
    """)


def test_two_lines_of_one_company_are_one_name(spec):
    weights(spec, """
        issuer | weight
        AAA    | 0.75
        BBB    | 0.25
    """, MEMBERS + """
    2026-01-06 | NDX        | AAA2   | AAA
    """)


def test_open_weights_are_renormalised_over_the_members_that_have_a_return(spec):
    """BBB, a tenth of the value, is listed since today."""
    weights(spec, """
        issuer | weight | open_weight | price_return
        AAA    | 0.9    | 1.0         | 0.1
        BBB    | 0.1    |             |
    """, values="""
        issuer | date       | market_cap | previous_date | open_market_cap | price_return | known_at
        AAA    | 2026-01-06 | 990        | 2026-01-05    | 900             | 0.1          | 2026-01-06 21:15
        BBB    | 2026-01-06 | 110        |               |                 |              | 2026-01-06 21:15
    """)


def test_a_session_without_a_company_of_more_than_a_tenth_has_no_weights(spec):
    """BBB was last worth 110 of 440, a day before: three quarters of the weight are not an index."""
    weights(spec, "issuer", values="""
        issuer | date       | market_cap | previous_date | open_market_cap | price_return | known_at
        AAA    | 2026-01-06 | 330        | 2026-01-05    | 300             | 0.1          | 2026-01-06 21:15
        BBB    | 2026-01-05 | 110        |               |                 |              | 2026-01-05 21:15
    """)


def test_without_a_company_of_less_the_others_share_its_weight(spec):
    weights(spec, """
        issuer | weight | open_weight
        AAA    | 1.0    | 1.0
    """, values="""
        issuer | date       | market_cap | previous_date | open_market_cap | price_return | known_at
        AAA    | 2026-01-06 | 990        | 2026-01-05    | 900             | 0.1          | 2026-01-06 21:15
        BBB    | 2026-01-05 | 110        |               |                 |              | 2026-01-05 21:15
    """)


def test_a_session_without_enough_returns_has_levels_only(spec):
    weights(spec, """
        issuer | weight | open_weight | price_return
        AAA    | 0.75   |             |
        BBB    | 0.25   |             |
    """, values="""
        issuer | date       | market_cap | previous_date | open_market_cap | price_return | known_at
        AAA    | 2026-01-06 | 330        | 2026-01-05    | 300             | 0.1          | 2026-01-06 21:15
        BBB    | 2026-01-06 | 110        |               |                 |              | 2026-01-06 21:15
    """)


def test_index_weight_names_the_weighting(spec):
    spec("core.index_weight", {"core.full_cap_weight": """
        date       | index_code | issuer | weight
        2026-01-06 | NDX        | AAA    | 1.0
    """}, """
        date       | index_code | weight_scheme | issuer | weight
        2026-01-06 | NDX        | full_cap      | AAA    | 1.0
    """)
