"""core.capping_reference: a quarterly rebalance leaves the limits as they were, unless the weights in force break one."""

from __future__ import annotations

import pytest
from drawn import day, table
from weightings import LIMITS, at, calendar, members, reviews, units

SMALL = [f"S{n:02}" for n in range(20)]
QUARTER = reviews((0, 3, 2, "start"), (1, 8, 6, "quarterly"))


def bases(spec, caps: dict[str, float], factors: dict[str, float], rebalances: str = QUARTER) -> list[tuple]:
    """(review, base, largest weight in force, broken limit) with these capitalizations at session 6."""
    # One that sets everything anew has no other base than itself.
    pairs = ((0, 0), (1, 0), (1, 1)) if rebalances == QUARTER else ((0, 0), (1, 1))
    factor_rows = [("NDX", review, base, issuer, factor, at(2)) for review, base in pairs
                   for issuer, factor in factors.items()]
    return spec.rows("core.capping_reference", {
        "staging.session": calendar(), "staging.weight_limit": LIMITS, "core.index_rebalance": rebalances,
        "core.capping_factor": table(("index_code", "review", "base", "issuer", "factor", "known_at"), factor_rows),
        "core.index_member": members({issuer: [3, 8, 12] for issuer in caps}),
        "core.issuer_unit": units([(issuer, 6, 1, cap) for issuer, cap in caps.items()]),
    }, columns=["review", "base", "largest_weight", "broken_limit"])


def test_weights_in_force_within_the_limits_leave_the_base(spec):
    """Plain, AAA would be 50 %; at half its shares it is a third."""
    caps = {"AAA": 6.0, **{s: 1.0 for s in SMALL}}
    _, second = bases(spec, caps, {"AAA": 0.5, **dict.fromkeys(SMALL, 1.0)})
    assert second == (1, 0, pytest.approx(3 / 23), None)


def test_one_above_24_percent_in_force_sets_the_limits_anew(spec):
    caps = {"AAA": 14.0, **{s: 1.0 for s in SMALL}}
    _, second = bases(spec, caps, {"AAA": 0.5, **dict.fromkeys(SMALL, 1.0)})
    assert second == (1, 1, pytest.approx(7 / 27), 1)


def test_those_over_4_5_percent_above_48_in_force_set_the_limits_anew(spec):
    caps = {"AAA": 8.0, "BBB": 8.0, "CCC": 8.0, **{s: 1.0 for s in SMALL}}
    factors = {"AAA": 0.9, "BBB": 0.9, "CCC": 0.9, **dict.fromkeys(SMALL, 1.0)}
    _, second = bases(spec, caps, factors)
    assert second == (1, 1, pytest.approx(7.2 / 41.6), 2)


def test_annual_and_special_rebalances_go_by_their_own_figures_whatever_is_in_force(spec):
    caps = {"AAA": 1.0, **{s: 1.0 for s in SMALL}}
    for kind in ("annual", "special"):
        rebalances = reviews((0, 3, 2, "start"), (1, 8, 6, kind))
        assert bases(spec, caps, dict.fromkeys(caps, 1.0), rebalances)[1] == (1, 1, None, None)


def test_a_joiner_since_the_base_counts_at_most_as_the_smallest_limited_issuer(spec):
    """NEW, thrice AAA, would be a third of all by itself; it counts as AAA does, and no limit is broken."""
    caps = {"AAA": 4.0, "NEW": 12.0, **{s: 1.0 for s in SMALL}}
    _, second = bases(spec, caps, {"AAA": 0.5, **dict.fromkeys(SMALL, 1.0)})
    assert second == (1, 0, pytest.approx(2 / 24), None)


def test_it_is_known_with_the_weights_it_tested(spec):
    given = {
        "staging.session": calendar(), "staging.weight_limit": LIMITS, "core.index_rebalance": QUARTER,
        "core.capping_factor": table(("index_code", "review", "base", "issuer", "factor", "known_at"), [
            ("NDX", review, base, "AAA", 1.0, at(2)) for review, base in ((0, 0), (1, 0), (1, 1))]),
        "core.index_member": members({"AAA": [3, 8]}), "core.issuer_unit": units([("AAA", 6, 1, 1)]),
    }
    spec("core.capping_reference", given, f"""
        review | known_at
        0      | {day(2)} 21:15
        1      | {day(6)} 21:15
    """)
