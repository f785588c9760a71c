"""core.basket_trend: a tier's relative strength against its own mean, against NumPy."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from assertions import assertions_fail
from tables import draw, weekdays

MODEL = "core.basket_trend"
TIERS = {"staging.basket": """
    basket        | role        | position
    defensive     | tier        | 1
    ai_leaders    | tier        | 2
    xlk           | sector_fund | 5
"""}


def levels(relative, basket="ai_leaders", run=1, start=0) -> list[dict]:
    """core.basket_level with these logarithms, one a session; None is a session without one."""
    return [{"basket": basket, "date": day, "position": i, "run": run, "relative_log_level": value,
             "known_at": f"{day} 21:15"}
            for i, (day, value) in enumerate(zip(weekdays(start + len(relative))[start:], relative, strict=True), start)
            if value is not None]


def rows(spec, relative, *columns):
    return spec.rows(MODEL, {**TIERS, "core.basket_level": draw(levels(relative))}, columns=list(columns))


def test_strength_is_100_where_the_level_starts(spec):
    got = rows(spec, [-9.0, -9.0 + np.log(1.1), -9.0 - np.log(2)], "relative_strength")
    assert [s for s, in got] == pytest.approx([100, 110, 50])


def test_the_mean_is_of_50_sessions_and_needs_45(spec):
    relative = list(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 120)))
    relative[60:64] = [None] * 4
    strength = np.array([np.nan if r is None else 100 * np.exp(r - relative[0]) for r in relative])
    got = rows(spec, relative, "relative_strength_mean_50d", "is_below_mean")
    expected = []
    for today, value in enumerate(strength):
        window = strength[max(0, today - 49): today + 1]
        if not np.isnan(value):
            expected.append(np.nanmean(window) if np.isfinite(window).sum() >= 45 else None)
    assert [m for m, _ in got] == [e if e is None else pytest.approx(e, rel=1e-12) for e in expected]
    present = [s for s in strength if not np.isnan(s)]
    assert [b for _, b in got] == [None if m is None else s < m for s, m in zip(present, expected, strict=True)]


def test_sessions_below_are_counted_in_a_row_from_one(spec):
    relative = [0.0] * 50 + [-0.1] * 3 + [0.2] + [-0.3] * 2 + [None] + [-0.3]
    got = [n for n, in rows(spec, relative, "sessions_below_mean")]
    assert got == [None] * 44 + [0] * 6 + [1, 2, 3] + [0] + [1, 2, 3]


def test_equal_to_the_mean_is_not_below(spec):
    assert rows(spec, [0.5] * 50, "is_below_mean", "sessions_below_mean")[-1] == (False, 0)


def test_a_broken_level_starts_anew(spec):
    given = {**TIERS, "core.basket_level": draw(levels([0.0] * 50 + [-0.1] * 5) + levels([7.0] * 46, run=2, start=70))}
    got = spec.rows(MODEL, given, columns=["relative_strength", "sessions_below_mean"])
    assert got[54] == (pytest.approx(100 * np.exp(-0.1)), 5)
    assert got[55:99] == [(100, None)] * 44
    assert got[99:] == [(100, 0)] * 2


def test_only_tiers_have_a_trend_each_its_own(spec):
    given = {**TIERS, "core.basket_level": draw(
        levels([0.0, 0.1]) + levels([5.0, 5.0], "defensive") + levels([0.0], "xlk"))}
    assert [(b, pytest.approx(s)) for b, s in spec.rows(MODEL, given, columns=["basket", "relative_strength"])] == [
        ("ai_leaders", 100), ("ai_leaders", 100 * np.exp(0.1)), ("defensive", 100), ("defensive", 100)]


def test_known_with_its_level(spec):
    assert rows(spec, [0.0], "known_at") == [(datetime.fromisoformat("2020-01-01 21:15"),)]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "strength is positive": [{"relative_strength": 0, "relative_strength_mean_50d": 100},
                                 {"relative_strength": 100, "relative_strength_mean_50d": -1}],
        "below is counted": [{"is_below_mean": True, "sessions_below_mean": 0},
                             {"is_below_mean": False, "sessions_below_mean": 1}],
    })
