"""core.full_cap_weight and core.index_weight: weights by plain market capitalisation."""

from __future__ import annotations

COVERED = """
    date       | index_code | is_covered | has_return | known_at
    2026-01-06 | NDX        | true       | true       | 2026-01-06 21:15
"""
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


def test_a_weight_is_the_share_of_the_members_value(spec):
    """CCC is no member, and what is known of it does not matter."""
    spec("core.full_cap_weight", {
        "core.index_coverage": COVERED, "core.index_member": MEMBERS, "core.issuer_value": VALUES,
    }, """
        issuer | market_cap | weight | open_weight | price_return | previous_date | known_at
        AAA    | 330        | 0.75   | 0.75        | 0.1          | 2026-01-05    | 2026-01-08 09:00
        BBB    | 110        | 0.25   | 0.25        | 0.1          | 2026-01-05    | 2026-01-08 09:00
    """)


def test_two_lines_of_one_company_are_one_name(spec):
    spec("core.full_cap_weight", {
        "core.index_coverage": COVERED, "core.issuer_value": VALUES,
        "core.index_member": MEMBERS + """
    2026-01-06 | NDX        | AAA2   | AAA
    """}, """
        issuer | weight
        AAA    | 0.75
        BBB    | 0.25
    """)


def test_open_weights_are_renormalised_over_the_members_that_have_a_return(spec):
    spec("core.full_cap_weight", {
        "core.index_coverage": COVERED, "core.index_member": MEMBERS,
        "core.issuer_value": """
            issuer | date       | market_cap | previous_date | open_market_cap | price_return | known_at
            AAA    | 2026-01-06 | 330        | 2026-01-05    | 300             | 0.1          | 2026-01-06 21:15
            BBB    | 2026-01-06 | 110        |               |                 |              | 2026-01-06 21:15
        """,
    }, """
        issuer | weight | open_weight | price_return
        AAA    | 0.75   | 1.0         | 0.1
        BBB    | 0.25   |             |
    """)


def test_a_session_below_the_coverage_rule_has_no_weights(spec):
    spec("core.full_cap_weight", {
        "core.index_member": MEMBERS, "core.issuer_value": VALUES,
        "core.index_coverage": """
            date       | index_code | is_covered | has_return
            2026-01-06 | NDX        | false      | false
        """,
    }, "issuer")


def test_a_session_without_enough_returns_has_levels_only(spec):
    spec("core.full_cap_weight", {
        "core.index_member": MEMBERS, "core.issuer_value": VALUES,
        "core.index_coverage": """
            date       | index_code | is_covered | has_return
            2026-01-06 | NDX        | true       | false
        """,
    }, """
        issuer | weight | open_weight | price_return
        AAA    | 0.75   |             |
        BBB    | 0.25   |             |
    """)


def test_index_weight_names_the_weighting(spec):
    spec("core.index_weight", {"core.full_cap_weight": """
        date       | index_code | issuer | weight
        2026-01-06 | NDX        | AAA    | 1.0
    """}, """
        date       | index_code | weight_scheme | issuer | weight
        2026-01-06 | NDX        | full_cap      | AAA    | 1.0
    """)
