"""core.basket_risk: betas, correlations and volatilities, against NumPy."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, weekdays

MODEL = "core.basket_risk"
FIGURES = ["beta_63d", "correlation_63d", "volatility_63d"]


def market(basket, nasdaq, name: str = "tech") -> dict[str, str]:
    """A basket's returns and the Nasdaq's, one a session from the second on; None is a session without one."""
    days = weekdays(len(basket) + 1)
    closes = 1000 * np.cumprod([1, *(1 + (r or 0) for r in nasdaq)])
    has_close = [True, *(r is not None for r in nasdaq)]
    index = [{"symbol": "^IXIC", "date": day, "position": i, "close": float(close),
              "price_return": nasdaq[i - 2] if i > 1 else None, "known_at": f"{day} 21:15"}
             for i, (day, close) in enumerate(zip(days, closes, strict=True), start=1) if has_close[i - 1]]
    rows, previous = [], 0
    for i, change in enumerate(basket, start=1):
        rows.append({"basket": name, "date": days[i], "position": i + 1, "traded_members": int(change is not None),
                     "basket_return": change, "previous_date": days[previous] if change is not None else None,
                     "gap_sessions": i - previous - 1 if change is not None else None,
                     "known_at": f"{days[i]} 21:15"})
        previous = i if change is not None else previous
    return {"core.index_level": draw(index), "core.basket_return": draw(rows)}


def reference(basket, nasdaq, today: int) -> tuple:
    """The three figures of session `today` by NumPy, from pairs without holes."""
    y, x = (np.array(r[max(0, today - 62): today + 1], dtype=float) for r in (basket, nasdaq))
    if len(y) < 50:
        return None, None, None
    slope = np.cov(x, y, ddof=1)[0, 1] / x.var(ddof=1)
    return slope, np.corrcoef(x, y)[0, 1], np.log1p(y).std(ddof=1) * np.sqrt(252)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-2, 3), st.floats(0.001, 0.05))
def test_figures_are_those_of_numpy(spec, seed, beta, noise):
    random = np.random.default_rng(seed)
    nasdaq = list(random.normal(0.0005, 0.012, 90))
    basket = [float(np.clip(beta * x + e, -0.9, 3)) for x, e in zip(nasdaq, random.normal(0, noise, 90), strict=True)]
    got = spec.rows(MODEL, market(basket, nasdaq), columns=FIGURES)
    for today, figures in enumerate(got):
        wanted = reference(basket, nasdaq, today)
        assert figures == (wanted if None in wanted else pytest.approx(wanted, rel=1e-9, abs=1e-9))


def test_two_times_the_benchmark_has_beta_two_and_correlation_one(spec):
    nasdaq = [0.01, -0.02, 0.005, 0.003] * 20
    beta, correlation, _ = spec.rows(MODEL, market([2 * x for x in nasdaq], nasdaq), columns=FIGURES)[-1]
    assert beta == pytest.approx(2, rel=1e-12)
    assert correlation == pytest.approx(1, rel=1e-12)


def test_a_return_over_a_gap_is_paired_with_the_benchmarks_over_the_same_span(spec):
    nasdaq = [0.01, -0.02, 0.005, 0.003] * 16
    basket = [2 * x for x in nasdaq]
    basket[30], basket[31] = None, 2 * ((1 + nasdaq[30]) * (1 + nasdaq[31]) - 1)
    rows = spec.rows(MODEL, market(basket, nasdaq), columns=["benchmark_return", "gap_sessions", *FIGURES])
    assert rows[30][:2] == (nasdaq[30], None)
    assert rows[31][:2] == (pytest.approx((1 + nasdaq[30]) * (1 + nasdaq[31]) - 1, rel=1e-12), 1)
    assert rows[-1][2] == pytest.approx(2, rel=1e-12)


def test_a_session_without_the_benchmark_is_no_pair_and_still_a_return(spec):
    nasdaq = [0.01, -0.02, 0.005, 0.003] * 12 + [0.01, 0.02]
    basket = [2 * x for x in nasdaq]
    nasdaq[20] = None
    got = spec.rows(MODEL, market(basket, nasdaq), columns=FIGURES)[-1]
    assert got == (None, None, pytest.approx(np.log1p(basket).std(ddof=1) * np.sqrt(252)))


def test_windows_count_sessions_not_rows(spec):
    """With neither basket nor benchmark there is no row, but the window moves on."""
    nasdaq = [0.01, -0.02] * 25
    tables = market([*nasdaq, *[None] * 14, 0.01], [*nasdaq, *[None] * 14, 0.01])
    rows = spec.rows(MODEL, tables, columns=["date", *FIGURES])
    assert len(rows) == 51
    assert rows[49][1] == pytest.approx(1)
    assert rows[50][1] is None


def test_what_never_changes_has_no_correlation_and_no_volatility(spec):
    up_and_down = [0.01, -0.02] * 30
    steady = [0.01] * 60
    assert spec.rows(MODEL, market(steady, up_and_down), columns=FIGURES)[-1] == (pytest.approx(0, abs=1e-12), None, 0)
    assert spec.rows(MODEL, market(up_and_down, steady), columns=FIGURES)[-1][:2] == (None, None)


def test_later_rows_change_no_bit_of_earlier_ones(spec):
    """Enough baskets for the engine to keep several in one place, where the rows of one move when others get more."""
    random = np.random.default_rng(1)
    nasdaq, *baskets = (list(random.normal(0, 0.01, 60)) for _ in range(25))

    def built(sessions: int) -> list[tuple]:
        tables = [market(basket[:sessions], nasdaq[:sessions], f"basket_{i}") for i, basket in enumerate(baskets)]
        heading, *_ = tables[0]["core.basket_return"].splitlines()
        rows = [line for table in tables for line in table["core.basket_return"].splitlines()[1:]]
        return spec.rows(MODEL, {**tables[0], "core.basket_return": "\n".join([heading, *rows])},
                         columns=["basket", "date", *FIGURES])

    later = {row[:2]: row for row in built(60)}
    assert all(later[row[:2]] == row for row in built(53))


def test_a_row_is_known_with_the_latest_price_of_its_basket_so_far(spec):
    tables = market([0.01, 0.01, 0.01], [0.01, 0.01, 0.01])
    day = str(date(2020, 1, 2))
    tables["core.index_level"] = tables["core.index_level"].replace(f"{day} 21:15", "2020-01-20 21:15")
    assert [str(known) for known, in spec.rows(MODEL, tables, columns=["known_at"])] == ["2020-01-20 21:15:00"] * 3


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "correlation is a cosine": {"correlation_63d": 1.1},
        "volatility is not negative": {"volatility_63d": -0.1},
        "a figure is a number": [{"beta_63d": "nan"}, {"correlation_63d": "nan"}, {"volatility_63d": "inf"}],
    })
