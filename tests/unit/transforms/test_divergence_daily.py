"""marts.divergence_daily: where the Nasdaq Composite and the S&P 500 part."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, sessions, weekdays

MODEL = "marts.divergence_daily"
WINDOWS = (1, 5, 21, 63, 252)
SPREADS = [f"spread_{n}d_return" for n in WINDOWS]


def indices(nasdaq, sp500) -> dict[str, str]:
    """Closes by session; None is a session without one. Returns run from the last close within five sessions."""
    days = weekdays(len(nasdaq))
    rows = []
    for symbol, closes in (("^IXIC", nasdaq), ("^GSPC", sp500)):
        for i, close in enumerate(closes):
            earlier = [c for c in closes[max(0, i - 5):i] if c is not None]
            if close is not None:
                rows.append({"symbol": symbol, "date": days[i], "position": i + 1, "close": float(close),
                             "price_return": float(close / earlier[-1] - 1) if earlier else None,
                             "known_at": f"{days[i]} 21:15"})
    return {"staging.session": sessions(days), "core.index_level": draw(rows)}


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.7))
def test_a_spread_is_the_difference_of_two_returns_over_one_span(spec, seed, holes):
    random = np.random.default_rng(seed)
    closes = np.exp(np.cumsum(random.normal(0, 0.02, (2, 270)), axis=1))
    nasdaq, sp500 = ([None if random.random() < holes else float(c) for c in side] for side in closes)
    tables = indices(nasdaq, sp500)
    rows = {when: spreads for when, *spreads in spec.rows(MODEL, tables, columns=["date", *SPREADS])}
    for today, day in enumerate(weekdays(270)):
        if nasdaq[today] is None and sp500[today] is None:
            assert day not in rows
            continue
        for n, spread in zip(WINDOWS, rows[day], strict=True):
            starts = [i for i in range(today - n, today - n - 5, -1)
                      if i >= 0 and nasdaq[i] is not None and sp500[i] is not None]
            wanted = (pytest.approx(nasdaq[today] / nasdaq[starts[0]] - sp500[today] / sp500[starts[0]], abs=1e-12)
                      if starts and nasdaq[today] is not None and sp500[today] is not None else None)
            assert spread == wanted


def test_a_divergent_day_is_a_record_while_the_other_falls(spec):
    tables = indices([100, 101, 102, 101, 103], [50, 51, 50.9, 50, 50])
    days = weekdays(5)
    tables["core.nasdaq_state"] = draw(
        {"date": day, "is_ath_close": record, "known_at": f"{day} 21:15"}
        for day, record in zip(days, (True, True, True, False, True), strict=True))
    spec(MODEL, tables, f"""
        date      | is_divergent_day
        {days[0]} |
        {days[1]} | false
        {days[2]} | true
        {days[3]} | false
        {days[4]} | false
    """)


CREDIT = """
    date       | series_id    | value | observation_date | known_at
    2020-01-01 | BAMLH0A0HYM2 | 3.00  | 2019-12-31       | 2020-01-02 04:59
    2020-01-02 | BAMLH0A0HYM2 | 3.00  | 2020-01-01       | 2020-01-03 04:59
    2020-01-03 | BAMLH0A0HYM2 | 3.05  | 2020-01-02       | 2020-01-04 04:59
    2020-01-06 | BAMLH0A0HYM2 | 2.95  | 2020-01-03       | 2020-01-07 04:59
    2020-01-07 | BAMLH0A0HYM2 | 2.95  | 2020-01-03       | 2020-01-07 21:15
    2020-01-07 | DGS10        | 9.95  | 2020-01-06       | 2020-01-08 04:59
"""


def test_a_decline_that_credit_does_not_confirm(spec):
    tables = indices([100] * 5, [100, 99, 98, 97, 96]) | {"core.macro_as_known": CREDIT}
    spec(MODEL, tables, """
        date       | hy_oas_change_1d_bp | hy_oas_pct_date | is_decline_without_credit_stress | known_at
        2020-01-01 |                     | 2019-12-31      |                           | 2020-01-02 04:59
        2020-01-02 | 0                   | 2020-01-01      | true                      | 2020-01-03 04:59
        2020-01-03 | 5                   | 2020-01-02      | false                     | 2020-01-04 04:59
        2020-01-06 | -10                 | 2020-01-03      | true                      | 2020-01-07 04:59
        2020-01-07 |                     | 2020-01-03      |                           | 2020-01-07 21:15
    """)


def test_a_rise_is_no_decline_whatever_credit_says(spec):
    rows = spec.rows(MODEL, indices([100] * 5, [100, 101, 102, 103, 104]) | {"core.macro_as_known": CREDIT},
                     columns=["is_decline_without_credit_stress"])
    assert rows == [(None,), (False,), (False,), (False,), (False,)]


def test_capital_intensive_sectors_against_the_leaders(spec):
    strength = """
        date       | basket     | rs_21d | known_at
        2020-01-01 | xlf        | 0.01   | 2020-01-01 21:15
        2020-01-01 | xli        | 0.02   | 2020-01-01 21:15
        2020-01-01 | xlre       | -0.03  | 2020-01-01 22:00
        2020-01-01 | xle        | 0.04   | 2020-01-01 21:15
        2020-01-01 | ai_leaders | 0.05   | 2020-01-01 21:15
        2020-01-01 | xlk        | 0.50   | 2020-01-09 21:15
        2020-01-02 | xlf        | 0.01   | 2020-01-02 21:15
        2020-01-02 | xli        | 0.02   | 2020-01-02 21:15
        2020-01-02 | xlre       |        | 2020-01-02 21:15
        2020-01-02 | xle        | 0.04   | 2020-01-02 21:15
        2020-01-02 | ai_leaders | 0.05   | 2020-01-02 21:15
    """
    spec(MODEL, indices([100] * 2, [100] * 2) | {"marts.rotation_daily": strength}, """
        date       | cyclicals_minus_ai_leaders_rs_21d | known_at
        2020-01-01 | -0.04                      | 2020-01-01 22:00
        2020-01-02 |                            | 2020-01-02 21:15
    """)


def test_a_row_is_known_with_the_latest_close_so_far(spec):
    tables = indices([100, 101, 102], [100, 101, 102])
    days = weekdays(3)
    tables["core.index_level"] = tables["core.index_level"].replace(f"{days[1]} 21:15", "2020-01-20 12:00")
    assert [str(k) for k, in spec.rows(MODEL, tables, columns=["known_at"])] == [
        f"{days[0]} 21:15:00", "2020-01-20 12:00:00", "2020-01-20 12:00:00"]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a spread is a number": [{spread: "inf"} for spread in SPREADS],
        "a divergent day is a fall of the S&P": [
            {"is_divergent_day": True, "sp500_return": 0, "nasdaq_return": 0.01},
            {"is_divergent_day": True, "sp500_return": -0.01, "nasdaq_return": 0}],
        "calm credit has not widened": [
            {"is_decline_without_credit_stress": True, "sp500_return": 0, "hy_oas_change_1d_bp": 0},
            {"is_decline_without_credit_stress": True, "sp500_return": -0.01, "hy_oas_change_1d_bp": 1}],
        "a spread of credit has its date, not a later one": [
            {"hy_oas_change_1d_bp": 1}, {"date": "2020-01-02", "hy_oas_pct_date": "2020-01-03"}],
        "nothing is known before its day": {"date": "2020-01-02", "known_at": "2020-01-01 21:15"},
    })
