"""staging.rebalance, staging.weight_limit and core.weight_scheme: the declared rules, as the catalog was recorded."""

from __future__ import annotations

REBALANCES = {"raw.catalog_rebalance": """
    index_code | effective_date | reference_date | kind      | fetched_at
    NDX        | 2026-03-23     | 2026-02-27     | quarterly | 2026-01-01 00:00
    NDX        | 2026-03-23     | 2026-02-27     | quarterly | 2026-02-01 00:00
    NDX        | 2026-02-09     | 2026-02-02     | special   | 2026-02-01 00:00
"""}


def test_rebalances_are_those_of_the_newest_snapshot(spec):
    spec("staging.rebalance", REBALANCES, """
        effective_date | reference_date | kind
        2026-02-09     | 2026-02-02     | special
        2026-03-23     | 2026-02-27     | quarterly
    """)


def test_one_recorded_later_is_not_there_yet(spec):
    spec("staging.rebalance", REBALANCES, "effective_date\n2026-03-23", recorded_by="2026-01-15 00:00")


def test_limits_keep_their_order(spec):
    spec("staging.weight_limit", {"raw.catalog_weight_limit": """
        index_code | position | is_annual | limited      | size  | above | target | others_at_most | fetched_at
        NDX        | 1        | false     | issuer       |       | 0.25  | 0.20   |                | 2026-01-01 00:00
        NDX        | 2        | true      | issuers_over | 0.045 | 0.48  | 0.40   | 0.044          | 2026-02-01 00:00
        NDX        | 1        | false     | issuer       |       | 0.24  | 0.20   |                | 2026-02-01 00:00
    """}, """
        position | is_annual | limited      | size  | above | target | others_at_most
        1        | false     | issuer       |       | 0.24  | 0.20   |
        2        | true      | issuers_over | 0.045 | 0.48  | 0.40   | 0.044
    """)


def test_only_a_universe_with_declared_rebalances_is_looked_at_by_the_rules(spec):
    spec("core.weight_scheme", {
        "staging.universe": "index_code\nNDX\nOWN",
        "staging.rebalance": "index_code | effective_date | reference_date | kind\nNDX | 2026-03-23 | 2026-02-27 | annual",
    }, """
        index_code | weight_scheme
        NDX        | anchored
        NDX        | capped
        NDX        | full_cap
        OWN        | anchored
        OWN        | full_cap
    """)
