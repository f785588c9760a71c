"""core.nasdaq_state: records, drawdowns and realised volatility, against NumPy."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, weekdays

MODEL = "core.nasdaq_state"


def nasdaq(closes, highs=None) -> dict[str, str]:
    """core.index_level with these Nasdaq closes, one a session; None is a session without a close."""
    rows, previous = [], None
    for position, (day, close) in enumerate(zip(weekdays(len(closes)), closes, strict=True), start=1):
        if close is not None:
            rows.append({"symbol": "^IXIC", "date": day, "position": position, "close": float(close),
                         "high": highs[position - 1] if highs else None, "source": "yahoo",
                         "log_return": float(np.log(close / previous)) if previous else None,
                         "known_at": f"{day} 21:15"})
            previous = close
    return {"core.index_level": draw(rows)}


def column(spec, name: str, closes, highs=None) -> list:
    return [value for value, in spec.rows(MODEL, nasdaq(closes, highs), columns=[name])]


def test_a_record_is_strictly_above_every_earlier_close(spec):
    assert column(spec, "is_ath_close", [100, 100, 101, 90, 101, 102]) == [True, False, True, False, False, True]


def test_drawdown_is_from_the_highest_close_so_far(spec):
    assert column(spec, "drawdown_return", [100, 90, 120, 60]) == [0, pytest.approx(-0.1), 0, -0.5]


def test_a_correction_begins_at_a_tenth_and_a_bear_market_at_a_fifth(spec):
    closes = [1000, 901, 899, 801, 799]
    assert column(spec, "is_correction", closes) == [False, False, True, True, True]
    assert column(spec, "is_bear_market", closes) == [False, False, False, False, True]


def test_sessions_since_a_record_count_sessions_without_a_close_too(spec):
    assert column(spec, "sessions_since_ath", [100, 90, None, 90, 110]) == [0, 1, 3, 0]


def test_an_intraday_record_is_above_every_earlier_high(spec):
    highs = [105, 104, 106, 106]
    assert column(spec, "is_ath_intraday", [100, 103, 104, 105], highs) == [True, False, True, False]


def test_without_a_high_no_intraday_record_is_known(spec):
    assert column(spec, "is_ath_intraday", [100, 103], [105, None]) == [True, None]


def test_a_day_without_a_high_reached_its_close(spec):
    assert column(spec, "is_ath_intraday", [100, 110, 105], [101, None, 109]) == [True, None, False]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(50, 150)), min_size=1, max_size=70))
def test_records_and_drawdown_are_those_of_the_running_maximum(spec, closes):
    if closes[0] is None:
        closes[0] = 100
    held = np.array([c for c in closes if c is not None], dtype=float)
    peak = np.maximum.accumulate(held)
    assert column(spec, "drawdown_return", closes) == list(held / peak - 1)
    assert column(spec, "is_ath_close", closes) == [True, *(held[1:] > peak[:-1])]


def test_realised_volatility_is_the_sample_deviation_of_21_log_returns_a_year(spec):
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, 60)))
    got = column(spec, "realized_vol_21d", list(closes))
    assert got[:21] == [None] * 21
    for today in range(21, 60):
        returns = np.diff(np.log(closes))[today - 21: today]
        assert got[today] == pytest.approx(returns.std(ddof=1) * np.sqrt(252), rel=1e-12)


def test_one_hole_does_not_blank_a_month_of_realised_volatility(spec):
    """As on 2026-05-14, when nothing had come of 2026-05-13: twenty returns, the newest over two sessions."""
    closes = [100.0 + i % 3 for i in range(30)] + [None] + [101.0 + i % 3 for i in range(30)]
    got = column(spec, "realized_vol_21d", closes)
    assert None not in got[21:]
    held = np.array([c for c in closes[:32] if c is not None])
    returns = np.diff(np.log(held))[-20:]
    assert got[30] == pytest.approx(returns.std(ddof=1) * np.sqrt(252), rel=1e-12)


def test_realised_volatility_needs_nine_tenths_of_its_returns(spec):
    steady = [100.0 + i % 3 for i in range(30)]
    assert None not in column(spec, "realized_vol_21d", [*steady, None, None, *steady])[21:]
    got = column(spec, "realized_vol_21d", [*steady, None, None, None, *steady])
    assert got[29:48] == [pytest.approx(got[29])] + [None] * 18
    assert got[48] is not None


def test_a_row_is_known_with_the_latest_close_it_stands_on(spec):
    at = datetime.fromisoformat
    assert spec.rows(MODEL, {"core.index_level": """
        symbol | date       | position | close | source | known_at
        ^IXIC  | 2026-03-02 | 1        | 20    | fred   | 2026-03-03 04:59
        ^IXIC  | 2026-03-03 | 2        | 21    | fred   | 2026-03-09 04:59
        ^IXIC  | 2026-03-04 | 3        | 22    | yahoo  | 2026-03-04 21:15
        ^NDX   | 2026-03-04 | 3        | 22    | yahoo  | 2026-03-12 21:15
    """}, columns=["nasdaq_source", "known_at"]) == [
        ("fred", at("2026-03-03 04:59")), ("fred", at("2026-03-09 04:59")), ("yahoo", at("2026-03-09 04:59"))]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "nothing is above its running maximum": [{"drawdown_return": 0.01}, {"drawdown_return": -1}],
        "a record closes without drawdown": [
            {"is_ath_close": True, "sessions_since_ath": 0, "drawdown_return": -0.01},
            {"is_ath_close": True, "sessions_since_ath": 1, "drawdown_return": 0},
            {"is_ath_close": False, "sessions_since_ath": 0, "drawdown_return": 0}],
        "a bear market is a correction": {"is_bear_market": True, "is_correction": False},
        "volatility is not negative": {"realized_vol_21d": -0.1},
    })
