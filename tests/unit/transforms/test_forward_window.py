"""What followed a session is known when it has followed, and is what NumPy says followed."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from drawn import day
from tables import draw


def market(closes: np.ndarray, missing: tuple[int, ...] = ()) -> dict[str, str]:
    """core.nasdaq_state and core.vix_state of sessions 1, 2 ... ; the VIX is a tenth of the Nasdaq."""
    days = [n for n in range(1, len(closes) + 1) if n not in missing]
    return {
        "core.nasdaq_state": draw({"date": day(n), "position": n, "nasdaq_close": float(closes[n - 1]),
                                   "known_at": f"{day(n)} 21:15"} for n in days),
        "core.vix_state": draw({"date": day(n), "position": n, "vix_close": float(closes[n - 1]) / 10,
                                "known_at": f"{day(n)} 21:20"} for n in days if n % 5),
    }


def test_the_window_is_the_next_21_sessions(spec):
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.02, 60)))
    rows = spec.rows("core.forward_window", market(closes), columns=[
        "position", "end_date", "forward_21d_return", "forward_21d_drawdown_return", "forward_vix_change_21d_points"])
    assert len(rows) == 39
    for position, end, change, fall, vix in rows:
        here, window = closes[position - 1], closes[position:position + 21]
        assert end == day(position + 21)
        assert change == pytest.approx(window[-1] / here - 1)
        assert fall == pytest.approx(min(window.min() / here - 1, 0))
        assert vix == (None if position % 5 == 0 or (position + 21) % 5 == 0 else pytest.approx((window[-1] - here) / 10))


def test_a_window_is_known_when_its_last_close_is(spec):
    spec("core.forward_window", given=market(np.arange(1.0, 24.0)), expect=f"""
        position | known_at
        1        | {day(22)} 21:20
        2        | {day(23)} 21:20
    """)


def test_a_hole_in_the_window_leaves_it_out(spec):
    rows = spec.rows("core.forward_window", market(np.arange(1.0, 46.0), missing=(25,)), columns=["position"])
    assert [position for position, in rows] == [1, 2, 3]


def test_the_assertions_can_fail(spec):
    row = {"date": "2026-01-05", "end_date": "2026-02-04", "known_at": "2026-02-04 21:15",
           "forward_21d_return": -0.1, "forward_21d_drawdown_return": -0.1}
    assertions_fail(spec, "core.forward_window", {
        "a fall is at most the rise at the end": [{**row, "forward_21d_drawdown_return": 0.1},
                                                  {**row, "forward_21d_drawdown_return": -0.05}],
        "the window follows": {**row, "end_date": "2026-01-05"},
        "it is known when it has passed": {**row, "known_at": "2026-02-03 21:15"}})
