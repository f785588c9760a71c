"""core.capping_factor: what the declared limits leave of plain capitalizations, each limit broken once by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weightings import LIMITS, calendar, members, reviews, units

from flows.simulator.index import within_limits
from warehouse import catalog


def limited(spec, caps: dict[str, float], kind: str = "special", **more: str) -> dict[str, tuple[float, float]]:
    """(weight within the limits, factor) by issuer, of one rebalance on these capitalizations."""
    rows = spec.rows("core.capping_factor", {
        "staging.session": calendar(), "staging.weight_limit": LIMITS,
        "core.index_rebalance": reviews((0, 4, 3, kind)),
        "core.index_member": members({issuer: [4] for issuer in caps}),
        "core.issuer_unit": units([(issuer, 3, 1, cap) for issuer, cap in caps.items()]),
        **more,
    }, columns=["issuer", "limited_weight", "factor"])
    return {issuer: (weight, factor) for issuer, weight, factor in rows}


def many(count: int, weight: float) -> dict[str, float]:
    return {f"S{n:02}": weight for n in range(count)}


def test_weights_within_every_limit_are_plain_capitalization(spec):
    found = limited(spec, {"AAA": 0.2, **many(20, 0.04)})
    assert found["AAA"] == (pytest.approx(0.2, abs=1e-15), 1.0)
    assert found["S07"] == (pytest.approx(0.04, abs=1e-15), 1.0)


def test_an_issuer_above_24_percent_is_set_to_20_and_the_others_share_the_rest(spec):
    """0.80 over 0.70: each of seven tenths grows to 0.8 / 7; 0.30 keeps 0.2 / 0.3 of it, against 8 / 7 of theirs."""
    found = limited(spec, {"AAA": 0.3, **many(7, 0.1)} | {})
    assert found["AAA"] == (pytest.approx(0.2), pytest.approx((0.2 / 0.3) / (0.8 / 0.7)))
    # Seven of 11.4 % break the next limit, but nobody is left to give to: they stay.
    assert found["S00"] == (pytest.approx(0.8 / 7), 1.0)


def test_the_issuers_over_4_5_percent_are_scaled_to_40_together_by_one_factor(spec):
    found = limited(spec, {"AAA": 0.2, "BBB": 0.2, "CCC": 0.1, **many(25, 0.02)})
    assert [found[issuer][0] for issuer in ("AAA", "BBB", "CCC")] == pytest.approx([0.16, 0.16, 0.08])
    assert found["S00"][0] == pytest.approx(0.024)
    factor = (0.4 / 0.5) / (0.6 / 0.5)
    assert [found[issuer][1] for issuer in ("AAA", "BBB", "CCC", "S00")] == pytest.approx([factor] * 3 + [1.0])


def test_no_other_issuer_is_lifted_above_the_smallest_of_the_group(spec):
    """D would grow to 0.0587, above C's 0.0364, and stops there; twenty share what is left: 0.60 - 0.03636."""
    found = limited(spec, {"AAA": 0.3, "BBB": 0.2, "CCC": 0.05, "DDD": 0.044, **many(20, 0.0203)}, "annual",
                    **{"staging.weight_limit": LIMITS.split("    NDX        | 1")[0] + """
    NDX        | 2        | false     | issuers_over    | 0.045 | 0.48  | 0.40   |
"""})
    smallest = 0.05 * 0.4 / 0.55
    assert found["CCC"][0] == pytest.approx(smallest)
    assert found["DDD"][0] == pytest.approx(smallest)
    assert found["S00"][0] == pytest.approx((0.6 - smallest) / 20)
    assert found["DDD"][1] == pytest.approx((smallest / 0.044) / ((0.6 - smallest) / 0.406))


def test_limits_are_kept_again_until_none_is_broken(spec):
    """Lifted to 4.6 % each, F and G join those over 4.5 %: 0.4924 together, scaled once more to 0.40."""
    caps = {"AAA": 0.16, "BBB": 0.15, "CCC": 0.085, "DDD": 0.08, "EEE": 0.062, "FFF": 0.041, "GGG": 0.04,
            **many(40, 0.00955)}
    found = limited(spec, caps, "quarterly", **{"core.index_rebalance": reviews((0, 4, 3, "start"))})
    first = 0.4 / 0.537
    group = 0.4 + 2 * 0.062 * first
    assert found["EEE"][0] == pytest.approx(0.062 * first * 0.4 / group)
    assert found["FFF"][0] == found["GGG"][0] == pytest.approx(found["EEE"][0])
    assert found["AAA"][0] == pytest.approx(0.16 * first * 0.4 / group)
    assert found["S00"][0] == pytest.approx(0.6 / 40)
    assert len({round(found[issuer][1], 12) for issuer in ("AAA", "BBB", "CCC", "DDD", "EEE")}) == 1


def test_annual_limits_hold_at_annual_rebalances_only(spec):
    caps = {"AAA": 0.2, **many(20, 0.04)}
    assert limited(spec, caps, "annual")["AAA"][0] == pytest.approx(0.14)
    assert limited(spec, caps, "annual")["S00"][0] == pytest.approx(0.043)
    assert limited(spec, caps, "special")["AAA"][0] == pytest.approx(0.2)


def test_the_five_largest_are_brought_to_38_5_and_no_other_passes_4_4(spec):
    """F would grow to 0.0535 and stops at 0.044; twenty-five share 0.615 - 0.044."""
    caps = {**{f"L{n}": 0.085 for n in range(5)}, "FFF": 0.045, **many(25, 0.0212)}
    found = limited(spec, caps, "annual")
    assert found["L3"][0] == pytest.approx(0.077)
    assert found["FFF"][0] == pytest.approx(0.044)
    assert found["S00"][0] == pytest.approx((0.615 - 0.044) / 25)


def test_with_nobody_to_give_to_the_weights_stay_as_they_are(spec):
    found = limited(spec, {"AAA": 5, "BBB": 3, "CCC": 2})
    assert found == {"AAA": (0.5, 1.0), "BBB": (0.3, 1.0), "CCC": (0.2, 1.0)}


def test_shares_that_the_index_does_not_count_are_left_out_before_the_limits(spec):
    found = limited(spec, {"AAA": 0.4, **many(20, 0.04)}, **{"core.investable_weight_factor": """
        index_code | review | issuer | investable_weight_factor
        NDX        | 0      | AAA    | 0.5
    """})
    assert found["AAA"] == (pytest.approx(0.2), 1.0)


def test_a_base_weighs_its_own_members_at_its_own_reference_date(spec):
    """Rebalance 2 may go by 1, the last one that set all anew, or by itself; never by 0. BBB is no member of base 1."""
    rows = spec.rows("core.capping_factor", {
        "staging.session": calendar(), "staging.weight_limit": LIMITS,
        "core.index_rebalance": reviews((0, 2, 1, "start"), (1, 6, 5, "annual"), (2, 10, 8, "quarterly")),
        "core.index_member": members({"AAA": [2, 6, 10], "BBB": [10], "CCC": [2, 6]}),
        "core.issuer_unit": units([(issuer, n, n, 1) for issuer in ("AAA", "BBB", "CCC") for n in (1, 5, 8)]),
    }, columns=["review", "base", "issuer", "plain_weight"])
    assert [row for row in rows if row[0] == 2] == [
        (2, 1, "AAA", 0.5), (2, 1, "CCC", 0.5), (2, 2, "AAA", 0.5), (2, 2, "BBB", 0.5)]
    assert {base for review, base, *_ in rows if review == 1} == {1}


def test_an_issuer_without_a_capitalization_in_the_five_sessions_up_to_the_reference_is_not_in_the_base(spec):
    caps = {"core.issuer_unit": units([("AAA", 8, 1, 1), ("BBB", 4, 1, 1), ("CCC", 3, 1, 1)]),
            "core.index_member": members({issuer: [9] for issuer in ("AAA", "BBB", "CCC")}),
            "core.index_rebalance": reviews((0, 9, 8, "start"))}
    assert set(limited(spec, {}, **caps)) == {"AAA", "BBB"}


LARGEST = st.lists(st.floats(0.01, 0.3), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(largest=LARGEST, annual=st.booleans(), seed=st.integers(0, 99))
def test_they_are_the_weights_another_implementation_finds(spec, largest, annual, seed):
    """And: they add to one, keep the order of size, and scale the group over 4.5 % by one factor."""
    rest = np.random.default_rng(seed).dirichlet(np.ones(60)) * max(0.2, 1 - sum(largest))
    caps = {f"I{n:02}": float(cap) for n, cap in enumerate([*largest, *rest])}
    found = limited(spec, caps, "annual" if annual else "special")
    weights = np.array([found[issuer][0] for issuer in caps])
    rules = catalog.load().universes["NDX"].rebalancing
    reference = within_limits(np.array(list(caps.values())), (*rules.limits, *(rules.annual_limits if annual else ())))
    assert weights == pytest.approx(reference, rel=1e-9)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    order = np.argsort(-np.array(list(caps.values())), kind="stable")
    assert (np.diff(weights[order]) <= 1e-12).all()
    assert max(factor for _, factor in found.values()) == 1.0
