"""marts.contribution_daily: what each issuer added to the index's return."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import sessions, table

WEIGHTS = """
    date       | index_code | weight_scheme | issuer | open_weight | price_return | known_at
    2026-01-05 | NDX        | full_cap      | AAA    | 0.5         | 0.02         | 2026-01-05 21:15
    2026-01-05 | NDX        | full_cap      | BBB    | 0.3         | -0.05        | 2026-01-05 21:15
    2026-01-05 | NDX        | full_cap      | CCC    | 0.2         | 0.10         | 2026-01-05 21:15
    2026-01-05 | NDX        | full_cap      | NEW    |             |              | 2026-01-05 21:15
"""


def test_a_contribution_is_open_weight_times_return_and_the_largest_gain_ranks_first(spec):
    spec("marts.contribution_daily", {"core.index_weight": WEIGHTS}, """
        issuer | open_weight | price_return | contribution | rank | known_at
        AAA    | 0.5         | 0.02         | 0.01         | 2    | 2026-01-05 21:15
        BBB    | 0.3         | -0.05        | -0.015       | 3    | 2026-01-05 21:15
        CCC    | 0.2         | 0.10         | 0.02         | 1    | 2026-01-05 21:15
    """)


def test_the_age_of_a_count_is_that_of_the_issuers_oldest_line(spec):
    spec("marts.contribution_daily", {
        "core.index_weight": WEIGHTS,
        "core.index_member": """
            date       | index_code | symbol | issuer
            2026-01-05 | NDX        | AAA    | AAA
            2026-01-05 | NDX        | AAB    | AAA
            2026-01-05 | NDX        | BBB    | BBB
        """,
        "core.share_count": """
            symbol | date       | count_age_sessions | known_at
            AAA    | 2026-01-05 | 3                  | 2026-01-05 21:15
            AAB    | 2026-01-05 | 300                | 2026-01-05 21:15
            BBB    | 2026-01-05 | 0                  | 2026-01-06 09:00
        """,
    }, """
        issuer | share_count_age_sessions | known_at
        AAA    | 300                      | 2026-01-05 21:15
        BBB    | 0                        | 2026-01-06 09:00
        CCC    |                          | 2026-01-05 21:15
    """)


def test_an_issuer_has_the_sector_of_its_primary_line_and_the_tier_of_any_line(spec):
    spec("marts.contribution_daily", {
        "core.index_weight": WEIGHTS,
        "staging.session": sessions(1),
        "staging.instrument": """
            symbol | issuer | gics_sector
            AAA    | AAA    | Energy
            AAA2   | AAA    | Utilities
            BBB    | BBB    |
        """,
        "staging.basket": """
            basket         | role        | position
            defensive      | tier        | 1
            ai_leaders     | tier        | 2
            xlk            | sector_fund | 3
        """,
        "staging.basket_member": """
            basket     | symbol | valid_from | valid_to
            ai_leaders | AAA2   | 2020-01-02 |
            defensive  | BBB    | 2020-01-02 | 2026-01-05
            xlk        | BBB    | 2020-01-02 |
        """,
    }, """
        issuer | tier       | sector
        AAA    | ai_leaders | Energy
        BBB    |            | unclassified
        CCC    |            | unclassified
    """)


def test_an_issuer_of_two_tiers_counts_in_the_first(spec):
    rows = spec.rows("marts.contribution_daily", {
        "core.index_weight": WEIGHTS,
        "staging.session": sessions(1),
        "staging.instrument": """
            symbol | issuer
            AAA    | AAA
        """,
        "staging.basket": """
            basket | role | position
            late   | tier | 2
            early  | tier | 1
        """,
        "staging.basket_member": """
            basket | symbol | valid_from
            late   | AAA    | 2020-01-02
            early  | AAA    | 2020-01-02
        """,
    }, columns=["issuer", "tier"])
    assert rows[0] == ("AAA", "early")


def test_contributions_add_up_to_the_index_return(spec):
    random = np.random.default_rng(7)
    weights = random.dirichlet(np.ones(100))
    returns = random.normal(0, 0.03, 100)
    given = {
        "staging.universe": """
            index_code | published_index
            NDX        | ^NDX
        """,
        "core.weight_scheme": """
            index_code | weight_scheme
            NDX        | full_cap
        """,
        "core.index_coverage": """
            date       | index_code | members | issuers | coverage_share | is_covered | has_return | known_at
            2026-01-05 | NDX        | 100     | 100     | 1.0            | true       | true       | 2026-01-05 21:15
        """,
        "core.index_member": """
            date       | index_code | symbol
            2026-01-05 | NDX        | AAA
        """,
        "core.index_weight": table(
            ("date", "index_code", "weight_scheme", "issuer", "weight", "open_weight", "price_return"),
            [("2026-01-05", "NDX", "full_cap", f"S{n:03}", repr(float(w)), repr(float(w)), repr(float(r)))
             for n, (w, r) in enumerate(zip(weights, returns, strict=True))]),
    }
    contributions = [c for c, in spec.rows("marts.contribution_daily", given, columns=["contribution"])]
    (index_return,), = spec.rows("marts.concentration_daily", given, columns=["index_return"])
    sectors = spec.rows("marts.sector_weight_daily", given, columns=["taxonomy", "contribution"])
    assert sum(contributions) == pytest.approx(float(weights @ returns), abs=1e-12)
    assert index_return == pytest.approx(sum(contributions), abs=1e-12)
    assert [c for _, c in sectors] == pytest.approx([index_return, index_return], abs=1e-12)
