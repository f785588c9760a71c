"""core.relative_rotation: weekly z-scores of relative strength and of its momentum, against pandas."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from references import weekly_rotation
from tables import draw, sessions, weekdays

MODEL = "core.relative_rotation"
MONDAY = date(2024, 1, 1)


def market(relative, days: list[date], runs=None, known_until: int | None = None, basket: str = "tech") -> dict[str, str]:
    """A basket's relative log level on these days; None is a session without one. The calendar has all their weeks."""
    lasts = {day - timedelta(days=day.weekday()): day for day in days}
    rows = [{"basket": basket, "date": day, "position": i, "run": runs[i - 1] if runs else 1,
             "relative_log_level": None if value is None else float(value), "known_at": f"{day} 21:15"}
            for i, (day, value) in enumerate(zip(days, relative, strict=True), start=1)]
    return {
        "staging.session": sessions(days[:known_until]),
        "staging.trading_week": draw({"week": week, "last_session": last} for week, last in lasts.items()),
        "core.basket_level": draw(rows[:known_until])}


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_figures_are_those_of_pandas(spec, seed):
    random = np.random.default_rng(seed)
    days = [day for day in weekdays(200, MONDAY) if random.random() > 0.1]
    relative = np.cumsum(random.normal(0, 0.01, len(days))) - 9
    rows = spec.rows(MODEL, market(relative, days), columns=["rs_ratio", "rs_momentum"])
    wanted = weekly_rotation(relative, days)
    assert len(rows) == len(wanted)
    for row, want in zip(rows, wanted.itertuples(index=False), strict=True):
        assert row == tuple(None if np.isnan(x) else pytest.approx(x, abs=1e-8) for x in want)


def steps(weeks: int) -> list[date]:
    """A session a week, Fridays."""
    return [MONDAY + timedelta(days=4, weeks=w) for w in range(weeks)]


def test_a_ratio_takes_14_weeks_and_momentum_as_many_changes_of_it(spec):
    relative = np.random.default_rng(1).normal(0, 0.01, 30)
    rows = spec.rows(MODEL, market(relative, steps(30)), columns=["rs_ratio", "rs_momentum"])
    assert [i for i, row in enumerate(rows) if row[0] is None] == list(range(13))
    assert [i for i, row in enumerate(rows) if row[1] is None] == list(range(27))


def test_a_week_is_the_last_level_by_its_last_session(spec):
    """The basket has no level on the Friday: Thursday's counts, and the week is dated Friday."""
    days = weekdays(75, MONDAY)
    relative: list = list(np.random.default_rng(2).normal(0, 0.01, 75))
    whole = spec.rows(MODEL, market(relative, days), columns=["date", "rs_ratio"])
    moved = [*relative[:73], relative[74], None]
    assert spec.rows(MODEL, market(moved, days), columns=["date", "rs_ratio"]) == whole
    assert whole[-1][0] == days[74]


def test_a_week_that_is_not_over_has_no_row(spec):
    days = weekdays(75, MONDAY)
    relative = np.random.default_rng(3).normal(0, 0.01, 75)
    rows = spec.rows(MODEL, market(relative, days))
    assert spec.rows(MODEL, market(relative, days, known_until=74)) == rows[:-1]


def test_a_week_without_a_level_leaves_14_weeks_without_a_ratio(spec):
    relative: list = list(np.random.default_rng(4).normal(0, 0.01, 40))
    relative[20] = None
    rows = spec.rows(MODEL, market(relative, steps(40)), columns=["rs_ratio"])
    assert [i for i, (ratio,) in enumerate(rows) if ratio is None] == [*range(13), *range(20, 34)]


def test_a_level_that_began_anew_is_not_compared_with_the_old_one(spec):
    relative = np.random.default_rng(5).normal(0, 0.01, 40)
    rows = spec.rows(MODEL, market(relative, steps(40), runs=[1] * 20 + [2] * 20), columns=["rs_ratio"])
    assert [i for i, (ratio,) in enumerate(rows) if ratio is None] == [*range(13), *range(20, 33)]


def test_what_never_changes_has_no_score(spec):
    rows = spec.rows(MODEL, market([-9.1] * 20, steps(20)), columns=["rs_ratio"])
    assert set(rows) == {(None,)}
    # A straight line has the same z-score every week, so that its ratio does not change.
    line = np.log(np.arange(100, 140))
    ratio, momentum = spec.rows(MODEL, market(line, steps(40)), columns=["rs_ratio", "rs_momentum"])[-1]
    assert (ratio, momentum) == (pytest.approx(100 + 6.5 / np.sqrt(17.5)), None)


def test_a_row_is_known_with_its_last_session_and_the_levels_so_far(spec):
    tables = market([0.0] * 3, steps(3))
    days = [str(day) for day in steps(3)]
    assert [str(k) for k, in spec.rows(MODEL, tables, columns=["known_at"])] == [f"{day} 21:15:00" for day in days]
    tables["core.basket_level"] = tables["core.basket_level"].replace(f"{days[1]} 21:15", "2024-12-24 12:00")
    assert [str(k) for k, in spec.rows(MODEL, tables, columns=["known_at"])] == [
        f"{days[0]} 21:15:00", "2024-12-24 12:00:00", "2024-12-24 12:00:00"]


def test_later_rows_change_no_bit_of_earlier_ones(spec):
    relative = np.random.default_rng(6).normal(0, 0.01, 60)
    rows = spec.rows(MODEL, market(relative, steps(60)))
    assert spec.rows(MODEL, market(relative[:41], steps(41))) == rows[:41]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "momentum needs a ratio": {"rs_momentum": 100},
        "none of 14 is further from their mean": [{"rs_ratio": 103.5}, {"rs_ratio": 100, "rs_momentum": 96.5}],
        "nothing is known before its day": {"date": "2026-03-06", "known_at": "2026-03-05 21:15"},
    })
