"""core.basket_side_beta: betas on the benchmark's rising and falling days, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, weekdays

MODEL = "core.basket_side_beta"
BETAS = ["beta_up_63d", "beta_down_63d"]


def pairs(benchmark, basket, name: str = "tech") -> dict[str, str]:
    """Returns by session; None is a session without one."""
    days = weekdays(len(basket))
    return {"core.basket_risk": draw(
        {"basket": name, "date": day, "position": i, "known_at": f"{day} 21:15",
         "basket_return": None if y is None else float(y), "benchmark_return": None if x is None else float(x)}
        for i, (day, x, y) in enumerate(zip(days, benchmark, basket, strict=True), start=1))}


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 2), st.floats(0.5, 2))
def test_betas_are_numpys_on_each_side(spec, seed, up, down):
    random = np.random.default_rng(seed)
    x = random.normal(0, 0.01, 80).round(3)     # some days are flat: they are on neither side
    y = np.where(x > 0, up, down) * x + random.normal(0, 0.005, 80)
    rows = spec.rows(MODEL, pairs(x, y), columns=BETAS)
    for today, row in enumerate(rows):
        window = slice(max(0, today - 62), today + 1)
        for side, beta in zip((x[window] > 0, x[window] < 0), row, strict=True):
            if today < 49 or side.sum() < 15:
                assert beta is None
            else:
                assert beta == pytest.approx(np.polyfit(x[window][side], y[window][side], 1)[0], rel=1e-8)


def test_a_basket_that_only_falls_with_the_market_has_a_beta_down(spec):
    x = [0.01, -0.02, 0.005, -0.003] * 15
    y = [0.0 if r > 0 else 2 * r for r in x]
    assert spec.rows(MODEL, pairs(x, y), columns=BETAS)[-1] == (pytest.approx(0, abs=1e-12), pytest.approx(2))


@pytest.mark.parametrize(("ups", "is_there"), [(14, False), (15, True)])
def test_a_side_takes_15_days(spec, ups, is_there):
    x = [0.001 * (i + 1) for i in range(ups)] + [-0.001 * (i + 1) for i in range(60 - ups)]
    up, down = spec.rows(MODEL, pairs(x, x), columns=BETAS)[-1]
    assert (up is not None, down is not None) == (is_there, True)


@pytest.mark.parametrize(("count", "is_there"), [(49, False), (50, True)])
def test_both_take_50_pairs_in_all(spec, count, is_there):
    x = [None] * (60 - count) + [0.001 * (i + 1) * (-1) ** i for i in range(count)]
    up, down = spec.rows(MODEL, pairs(x, [r or 0.1 for r in x]), columns=BETAS)[-1]
    assert (up is not None, down is not None) == (is_there, is_there)


def test_a_benchmark_that_always_moves_as_much_has_no_slope(spec):
    assert spec.rows(MODEL, pairs([0.01, -0.01] * 30, [0.02, -0.01] * 30), columns=BETAS)[-1] == (None, None)


def test_windows_count_sessions_not_rows(spec):
    x = [0.001 * (i + 1) * (-1) ** i for i in range(50)]
    tables = pairs([*x, *[None] * 14, 0.01], [*x, *[None] * 14, 0.01])
    rows = spec.rows(MODEL, tables, columns=BETAS)
    assert rows[62] == (pytest.approx(1), pytest.approx(1))
    assert rows[64] == (None, None)


def test_later_rows_change_no_bit_of_earlier_ones(spec):
    random = np.random.default_rng(1)
    x = random.normal(0, 0.01, 70)
    tables = [pairs(x, random.normal(0, 0.01, 70), f"b{n}")["core.basket_risk"].splitlines() for n in range(8)]
    whole = "\n".join([tables[0][0], *(line for table in tables for line in table[1:])])
    part = "\n".join([tables[0][0], *(line for table in tables for line in table[1:58])])
    later = {row[:2]: row for row in spec.rows(MODEL, {"core.basket_risk": whole})}
    assert all(later[row[:2]] == row for row in spec.rows(MODEL, {"core.basket_risk": part}))


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {"a beta is a number": [{"beta_up_63d": "nan"}, {"beta_down_63d": "inf"}]})
