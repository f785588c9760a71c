"""core.sector_correlation: the mean of the sector funds' pairwise correlations, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, weekdays

MODEL = "core.sector_correlation"


def funds(returns, catalogd: int | None = None, gaps: dict[tuple[int, int], int] | None = None) -> dict[str, str]:
    """Sector funds f0, f1 ... with these returns (session x fund); NaN is a session without one."""
    days = weekdays(len(returns))
    rows = [{"basket": f"f{n}", "date": day, "position": i + 1, "basket_return": None if np.isnan(r) else float(r),
             "gap_sessions": None if np.isnan(r) else (gaps or {}).get((i, n), 0), "known_at": f"{day} 21:15"}
            for i, day in enumerate(days) for n, r in enumerate(returns[i])]
    baskets = [{"basket": f"f{n}", "role": "sector_fund"} for n in range(catalogd or len(returns[0]))]
    members = [{"basket": b["basket"], "symbol": b["basket"].upper(), "valid_from": "1998-12-22"} for b in baskets]
    return {"staging.basket": draw([{"basket": "smh", "role": "fund"}, *baskets]), "core.basket_risk": draw(rows),
            "staging.basket_member": draw(members)}


def mean_correlation(window: np.ndarray) -> float:
    matrix = np.corrcoef(window, rowvar=False)
    return matrix[np.triu_indices_from(matrix, 1)].mean()


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 2))
def test_it_is_the_mean_over_all_pairs(spec, seed, together):
    random = np.random.default_rng(seed)
    returns = random.normal(0, 0.01, (70, 5)) + together * random.normal(0, 0.01, (70, 1))
    rows = spec.rows(MODEL, funds(returns), columns=["pairs", "average_correlation_63d"])
    assert len(rows) == 70 - 49
    for today, row in enumerate(rows, start=49):
        window = returns[max(0, today - 62):today + 1]
        assert row == (10, pytest.approx(mean_correlation(window), abs=1e-10))


def test_funds_that_move_as_one_have_correlation_one(spec):
    returns = np.random.default_rng(1).normal(0, 0.01, (50, 1)) * np.array([1, 2, 0.5])
    assert spec.rows(MODEL, funds(returns), columns=["average_correlation_63d"]) == [(pytest.approx(1, abs=1e-12),)]


def test_a_fund_that_is_missing_for_a_day_costs_only_its_own_pairs(spec):
    returns = np.random.default_rng(2).normal(0, 0.01, (60, 3))
    returns[30, 0] = np.nan
    last = spec.rows(MODEL, funds(returns), columns=["average_correlation_63d"])[-1]
    of_first = np.delete(returns, 30, axis=0)
    wanted = (np.corrcoef(of_first[:, 0], of_first[:, 1])[0, 1] + np.corrcoef(of_first[:, 0], of_first[:, 2])[0, 1]
              + np.corrcoef(returns[:, 1], returns[:, 2])[0, 1]) / 3
    assert last == (pytest.approx(wanted, abs=1e-10),)


def test_returns_over_different_spans_are_no_pair(spec):
    """After its hole the fund's return is of two sessions, the other's of one."""
    returns = np.random.default_rng(3).normal(0, 0.01, (60, 2))
    holed = returns.copy()
    holed[30, 0], holed[31, 0] = np.nan, 0.5
    last = spec.rows(MODEL, funds(holed, gaps={(31, 0): 1}), columns=["average_correlation_63d"])[-1]
    both = np.delete(returns, [30, 31], axis=0)
    assert last == (pytest.approx(np.corrcoef(both, rowvar=False)[0, 1], abs=1e-10),)


@pytest.mark.parametrize(("catalogd", "is_there"), [(5, True), (6, False)])
def test_it_takes_the_pairs_of_eight_tenths_of_the_funds(spec, catalogd, is_there):
    returns = np.random.default_rng(5).normal(0, 0.01, (50, 4))
    (pairs, mean), = spec.rows(MODEL, funds(returns, catalogd), columns=["pairs", "average_correlation_63d"])
    assert pairs == 6
    assert (mean is not None) == is_there


def test_a_fund_that_never_moves_has_no_correlation(spec):
    returns = np.random.default_rng(6).normal(0, 0.01, (50, 3))
    returns[:, 2] = 0.001
    assert spec.rows(MODEL, funds(returns), columns=["pairs", "average_correlation_63d"]) == [(1, None)]


def test_later_rows_change_no_bit_of_earlier_ones(spec):
    returns = np.random.default_rng(7).normal(0, 0.01, (70, 6))
    later = spec.rows(MODEL, funds(returns))
    assert spec.rows(MODEL, funds(returns[:58])) == later[:9]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a mean of correlations is one": {"average_correlation_63d": 1.1},
        "correlation takes two": {"pairs": 0},
        "nothing is known before its day": {"date": "2026-03-02", "known_at": "2026-03-01 21:15"},
    })
