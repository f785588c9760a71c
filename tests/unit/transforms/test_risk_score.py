"""core.risk_score: trailing percentiles of six gauges and their mean, against NumPy."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest
from assertions import assertions_fail
from tables import draw, sessions, weekdays

MODEL = "core.risk_score"
at = datetime.fromisoformat


def vix(closes, start: int = 1) -> dict[str, str]:
    """core.vix_state with these closes, one a session; None is a session without one."""
    return {"core.vix_state": draw(
        {"date": day, "position": position, "vix_close": close, "known_at": f"{day} 21:15"}
        for position, (day, close) in enumerate(zip(weekdays(len(closes)), closes, strict=True), start)
        if close is not None)}


def six(random: np.random.Generator, count: int) -> tuple[dict[str, str], np.ndarray]:
    """All gauges on so many sessions, and their values: vix, term ratio, baa10y, nfci, depth, volatility."""
    days = weekdays(count)
    figures = np.round(np.abs(random.normal(2, 0.5, (count, 6))) + 0.1, 2)
    figures[:, 4] = np.round(random.uniform(0, 0.3, count), 2)
    known = [f"{day} 21:15" for day in days]
    three_months = figures[:, 0] / figures[:, 1]
    given = {
        "staging.session": sessions(days),
        "core.vix_state": draw({"date": d, "position": i, "vix_close": f[0], "known_at": k}
                               for i, (d, f, k) in enumerate(zip(days, figures, known, strict=True), 1)),
        "core.index_level": draw({"symbol": "^VIX3M", "date": d, "close": c, "known_at": k}
                                 for d, c, k in zip(days, three_months, known, strict=True)),
        "core.macro_as_known": draw({"date": d, "series_id": s, "value": f[i], "known_at": k}
                                    for d, f, k in zip(days, figures, known, strict=True)
                                    for i, s in ((2, "BAA10Y"), (3, "NFCI"))),
        "core.nasdaq_state": draw({"date": d, "position": i, "drawdown_return": -f[4], "realized_vol_21d": f[5],
                                   "known_at": k}
                                  for i, (d, f, k) in enumerate(zip(days, figures, known, strict=True), 1)),
    }
    figures[:, 1] = figures[:, 0] / three_months
    return given, figures


def test_the_score_is_the_mean_of_six_percentiles_each_the_share_of_values_at_or_below_todays(spec):
    given, figures = six(np.random.default_rng(11), 520)
    rows = spec.rows(MODEL, given)
    assert rows[502][1:] == (None,) * 6 + (0, None, at(f"{rows[502][0]} 21:15"))
    for row, today in zip(rows[503:], range(503, 520), strict=True):
        percentiles = [(figures[: today + 1, gauge] <= figures[today, gauge]).mean() for gauge in range(6)]
        assert row[1:7] == pytest.approx(percentiles, abs=1e-12)
        assert row[7:9] == (6, pytest.approx(100 * np.mean(percentiles), abs=1e-9))


def test_the_window_is_2520_sessions_and_needs_504_values(spec):
    closes = [float(c) for c in np.round(np.random.default_rng(5).normal(20, 5, 2530), 1)]
    percentiles = [p for p, in spec.rows(MODEL, vix(closes), columns=["vix_percentile"])]
    assert percentiles[:503] == [None] * 503
    for today in (503, 2519, 2520, 2529):
        past = np.array(closes[max(0, today - 2519): today + 1])
        assert percentiles[today] == (past <= closes[today]).mean()


def test_sessions_without_a_value_count_in_the_window_and_not_among_the_values(spec):
    closes = [None if i % 2 else 20.0 + i for i in range(1010)]
    percentiles = [p for p, in spec.rows(MODEL, vix(closes), columns=["vix_percentile"])]
    assert percentiles[:503] == [None] * 503
    assert percentiles[503:] == [1.0, 1.0]


@pytest.mark.parametrize(("missing", "inputs"), [((), 6), (("core.index_level",), 5),
                                                 (("core.index_level", "core.vix_state"), 4),
                                                 (("core.macro_as_known", "core.index_level"), 3)])
def test_a_score_needs_four_gauges(spec, missing, inputs):
    given, figures = six(np.random.default_rng(2), 504)
    given = {table: text for table, text in given.items() if table not in missing}
    if "core.vix_state" in missing:
        figures = figures[:, 2:]
    elif "core.index_level" in missing:
        figures = figures[:, [0, 2, 3, 4, 5]]
    score = 100 * np.mean([(figures[:, g] <= figures[-1, g]).mean() for g in range(figures.shape[1])])
    last = spec.rows(MODEL, given, columns=["risk_score_inputs", "risk_score"])[-1]
    assert last == (inputs, pytest.approx(score, abs=1e-9) if inputs >= 4 else None)


def test_a_row_is_known_with_the_latest_value_of_its_windows(spec):
    days = weekdays(3, date(2026, 3, 2))
    assert spec.rows(MODEL, {"staging.session": sessions(days), "core.vix_state": """
        date       | position | vix_close | known_at
        2026-03-02 | 1        | 20        | 2026-03-02 21:15
        2026-03-03 | 2        | 20        | 2026-03-03 21:15
        2026-03-04 | 3        | 20        | 2026-03-04 21:15
    """, "core.index_level": """
        symbol | date       | close | known_at
        ^VIX3M | 2026-03-03 | 20    | 2026-03-09 21:15
        ^VIX3M | 2026-03-04 | 20    | 2026-03-04 21:15
        ^IXIC  | 2026-03-04 | 20    | 2026-03-30 21:15
    """}, columns=["date", "known_at"]) == [
        (days[0], at("2026-03-02 21:15")), (days[1], at("2026-03-09 21:15")), (days[2], at("2026-03-09 21:15"))]


def test_assertions_can_fail(spec):
    names = ["vix", "term_ratio", "baa10y", "nfci", "drawdown", "realized_vol"]
    assertions_fail(spec, MODEL, {
        "a percentile counts today": [{f"{name}_percentile": wrong} for name in names for wrong in (0.0, 1.01)],
        "a score is between calm and panic": [{"risk_score": 0.0}, {"risk_score": 100.1}],
        "a score has four gauges, and four have a score": [{"risk_score": 50.0, "risk_score_inputs": 3},
                                                           {"risk_score_inputs": 4}],
    })
