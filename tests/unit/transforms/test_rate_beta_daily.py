"""marts.rate_beta_daily: betas to the 10-year yield and their Newey-West errors, against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from references import hac_regression
from tables import draw, sessions, weekdays

MODEL = "marts.rate_beta_daily"
FIGURES = ["rate_beta_126d", "rate_beta_126d_standard_error", "r_squared", "pairs"]


def pair(asset: str, i: int, change: float, control: float, value: float, **other: object) -> dict:
    """The pair of the i-th session (from 0), known on the next session's evening unless `other` says else."""
    days = weekdays(i + 2)
    return {"asset": asset, "date": days[i], "position": i + 1, "from_position": i + 2, "until_position": None,
            "asset_return": value, "rate_change_bp": change, "control_return": control,
            "known_at": f"{days[i + 1]} 23:00"} | other


def market(pairs: list[dict], sessions_held: int, no_return: tuple[int, ...] = ()) -> dict[str, str]:
    """Baskets of the pairs' names with a return on every session but the first and those of `no_return`."""
    days = weekdays(sessions_held)
    names = sorted({p["asset"] for p in pairs})
    baskets = [name for name in names if not name.startswith("^")] or ["none"]
    indices = [name for name in names if name.startswith("^")]
    rows = [(name, i) for name in names for i in range(1, sessions_held) if i not in no_return]
    tables = {"staging.session": sessions(days), "core.rate_pair": draw(pairs),
              "staging.basket": draw({"basket": name, "role": "tier"} for name in baskets)}
    if baskets != ["none"]:
        tables["core.basket_return"] = draw({"basket": n, "date": days[i], "position": i + 1, "basket_return": 0.0}
                                            for n, i in rows if n in baskets)
    if indices:
        tables["core.index_level"] = draw({"symbol": n, "date": days[i], "position": i + 1, "price_return": 0.0}
                                          for n, i in rows if n in indices)
    return tables


def draws(seed: int, count: int, beta: float, together: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Yield changes, the market's returns partly with them, and an asset's with errors that follow each other."""
    random = np.random.default_rng(seed)
    change = random.normal(0, 5, count)
    control = random.normal(0, 0.01, count) + together * change
    error = random.normal(0, 0.01, count)
    error[1:] += 0.5 * error[:-1]
    return change, control, 0.0002 + beta * change + 1.1 * control + error


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-0.003, 0.003), st.floats(-0.002, 0.002))
def test_betas_and_errors_are_statsmodels(spec, seed, beta, together):
    change, control, value = draws(seed, 140, beta, together)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))]
    rows = spec.rows(MODEL, market(pairs, 141), columns=FIGURES)
    for today in (99, 100, 112, 125, 126, 140):
        last, first = today - 1, max(0, today - 125)
        known = slice(first, last + 1)
        wanted = hac_regression(change[known], control[known], value[known])
        assert rows[today - 1][:3] == (pytest.approx(wanted, rel=1e-9) if today >= 100 else (None, None, None))
        assert rows[today - 1][3] == last + 1 - first


def test_the_sp500_is_regressed_on_the_yield_alone(spec):
    change, _, value = draws(5, 130, -0.001, 0)
    pairs = [pair("^GSPC", i, float(c), 0, float(v)) for i, (c, v) in enumerate(zip(change, value, strict=True))]
    *figures, count = spec.rows(MODEL, market(pairs, 131), columns=FIGURES)[-1]
    assert tuple(figures) == pytest.approx(hac_regression(change[-125:], None, value[-125:]), rel=1e-9)
    assert count == 125


def test_an_exact_relation_has_its_slope_and_no_error(spec):
    change, control, _ = draws(6, 120, 0, 0.001)
    pairs = [pair("xlf", i, float(c), float(m), float(-0.002 * c + 1.5 * m)) for i, (c, m) in
             enumerate(zip(change, control, strict=True))]
    beta, error, explained, _ = spec.rows(MODEL, market(pairs, 121), columns=FIGURES)[-1]
    assert (beta, explained) == (pytest.approx(-0.002, rel=1e-10), pytest.approx(1, abs=1e-10))
    assert error == pytest.approx(0, abs=1e-12)


def test_todays_yield_is_not_known_today(spec):
    """Changing the last pair, known tomorrow, changes nothing today."""
    change, control, value = draws(7, 120, 0.001, 0)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))]
    before = spec.rows(MODEL, market(pairs, 120), columns=FIGURES)
    pairs[-1]["rate_change_bp"] = 500.0
    assert spec.rows(MODEL, market(pairs, 120), columns=FIGURES) == before
    assert spec.rows(MODEL, market(pairs, 121), columns=FIGURES)[:-1] == before


def test_a_correction_counts_from_its_own_evening_on(spec):
    change, control, value = draws(8, 130, 0.001, 0)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))]
    plain = spec.rows(MODEL, market(pairs, 131), columns=FIGURES)
    wrong = pairs[60] | {"rate_change_bp": 40.0, "until_position": 116}
    late = pairs[60] | {"from_position": 116, "known_at": f"{weekdays(116)[115]} 12:00"}
    rows = spec.rows(MODEL, market([*pairs[:60], wrong, late, *pairs[61:]], 131), columns=[*FIGURES, "known_at"])
    assert [r[:4] for r in rows[114:]] == plain[114:]
    assert all(r[:2] != p[:2] for r, p in zip(rows[99:114], plain[99:114], strict=True))
    mistaken = change.copy()
    mistaken[60] = 40
    assert rows[113][:3] == pytest.approx(hac_regression(mistaken[:114], control[:114], value[:114]), rel=1e-9)


def test_a_pair_known_late_counts_from_then_on_in_its_own_place(spec):
    """The order of the pairs matters for the error, whose lags are of neighbors."""
    change, control, value = draws(9, 130, 0.001, 0)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))]
    plain = spec.rows(MODEL, market(pairs, 131), columns=FIGURES)
    pairs[50]["from_position"] = 120
    rows = spec.rows(MODEL, market(pairs, 131), columns=FIGURES)
    assert rows[118:] == plain[118:]
    without = np.delete(np.arange(118), 50)
    assert rows[117][:3] == pytest.approx(hac_regression(change[without], control[without], value[without]), rel=1e-9)
    assert rows[117][3] == 117


def test_a_window_is_the_last_126_sessions_whatever_was_missing(spec):
    change, control, value = draws(10, 140, 0.001, 0)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))
             if i not in (30, 31)]
    rows = spec.rows(MODEL, market(pairs, 141), columns=FIGURES)
    held = [i for i in range(15, 140) if i not in (30, 31)]
    assert rows[-1][:3] == pytest.approx(hac_regression(change[held], control[held], value[held]), rel=1e-9)
    assert rows[-1][3] == 123


def test_an_evening_without_a_return_still_learns_of_the_pair_before(spec):
    change, control, value = draws(11, 120, 0.001, 0)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))
             if i != 110]
    rows = spec.rows(MODEL, market(pairs, 121, no_return=(110,)), columns=["date", "pairs"])
    assert weekdays(111)[110] not in [when for when, _ in rows]
    assert rows[-1] == (weekdays(121)[120], 119)


@pytest.mark.parametrize(("count", "is_there"), [(99, False), (100, True)])
def test_a_beta_takes_100_pairs(spec, count, is_there):
    change, control, value = draws(12, count, 0.001, 0)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))]
    beta, error, explained, held = spec.rows(MODEL, market(pairs, count + 1), columns=FIGURES)[-1]
    assert held == count
    assert ((beta is not None), (error is not None), (explained is not None)) == (is_there,) * 3


def test_a_yield_that_never_changes_has_no_beta(spec):
    _, control, value = draws(13, 110, 0, 0)
    pairs = [pair("xlf", i, 0.0, *map(float, row)) for i, row in enumerate(zip(control, value, strict=True))]
    assert spec.rows(MODEL, market(pairs, 111), columns=FIGURES)[-1] == (None, None, None, 110)


def test_a_yield_that_is_the_market_has_none_beside_it(spec):
    change, _, value = draws(14, 110, 0, 0)
    pairs = [pair("xlf", i, float(c), float(c) / 1000, float(v)) for i, (c, v) in
             enumerate(zip(change, value, strict=True))]
    assert spec.rows(MODEL, market(pairs, 111), columns=FIGURES)[-1][0] is None


def test_later_rows_change_no_bit_of_earlier_ones(spec):
    pairs = []
    for n in range(4):
        change, control, value = draws(20 + n, 125, 0.001, 0)
        pairs += [pair(f"x{n}", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))]
    later = {row[:2]: row for row in spec.rows(MODEL, market(pairs, 126))}
    earlier = spec.rows(MODEL, market([p for p in pairs if p["position"] < 110], 110))
    assert all(later[row[:2]] == row for row in earlier)


def test_a_row_is_known_with_its_last_yield(spec):
    change, control, value = draws(15, 102, 0.001, 0)
    pairs = [pair("xlf", i, *map(float, row)) for i, row in enumerate(zip(change, control, value, strict=True))]
    days = weekdays(103)
    known = [str(k) for k, in spec.rows(MODEL, market(pairs, 103), columns=["known_at"])]
    assert known == [f"{day} 23:00:00" for day in days[1:]]
    pairs[40]["known_at"] = "2020-12-24 12:00"
    known = [str(k) for k, in spec.rows(MODEL, market(pairs, 103), columns=["known_at"])]
    assert known[39:42] == [f"{days[40]} 23:00:00", "2020-12-24 12:00:00", "2020-12-24 12:00:00"]


def test_assertions_can_fail(spec):
    sound = {"rate_beta_126d": 0.001, "rate_beta_126d_standard_error": 0.0005, "pairs": 120}
    assertions_fail(spec, MODEL, {
        "a beta has its error": [sound | {"rate_beta_126d": None}, sound | {"rate_beta_126d_standard_error": None}],
        "a beta takes 100 pairs": sound | {"pairs": 99},
        "no more pairs than sessions": sound | {"pairs": 127},
        "an error is not negative": sound | {"rate_beta_126d_standard_error": -0.1},
        "figures are numbers": [sound | {"rate_beta_126d": "inf"}, sound | {"rate_beta_126d_standard_error": "nan"}],
        "explained is a share": {"r_squared": 1.1},
        "nothing is known before its day": {"date": "2026-03-02", "known_at": "2026-03-01 21:15"},
    })
