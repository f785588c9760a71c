"""core.tier_lead: when a tier's excess since the peak beats one deviation and holds."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, sessions, weekdays

MODEL = "core.tier_lead"
PEAK = 69                       # place of the peak among the days
QUIET = [0.01, -0.01] * 35      # daily excess up to and on the peak; its deviation over 63 is known
DEVIATION = float(np.std(QUIET[7:70], ddof=1))


def market(before, after, tier: str = "tech", runs=None) -> dict[str, str]:
    """A tier whose daily log excess is `before` (the last of them on the peak) and then `after`; None is a hole."""
    excess = [*before, *after]
    days = weekdays(len(excess))
    level, risk, total = [], [], 0.0
    for i, (day, step) in enumerate(zip(days, excess, strict=True), start=1):
        total += step or 0
        known = f"{day} 21:15"
        risk.append({"basket": tier, "date": day, "position": i, "known_at": known, "benchmark_return": 0.0,
                     "basket_return": None if step is None else float(np.expm1(step))})
        if step is not None:
            level.append({"basket": tier, "date": day, "position": i, "run": runs[i - 1] if runs else 1,
                          "relative_log_level": total, "known_at": known})
    peak = days[len(before) - 1]
    return {
        "staging.session": sessions(days),
        "staging.basket": "basket | role | position\ntech | tier | 1\nxlk | sector_fund | 2",
        "core.vix_episode": draw([{"episode": peak, "peak_position": len(before), "declared_on": days[len(before)],
                                   "known_at": f"{days[len(before)]} 21:15"}]),
        "core.basket_level": draw(level), "core.basket_risk": draw(risk)}


def lead(spec, after, before=QUIET) -> tuple:
    """(sessions after the peak until the lead, until it was confirmed), or (None, None)."""
    row, = spec.rows(MODEL, market(before, after), columns=["lead_position", "confirmed_position"])
    return tuple(None if position is None else position - len(before) for position in row)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-0.001, 0.003))
def test_leads_are_those_of_a_plain_search(spec, seed, drift):
    random = np.random.default_rng(seed)
    before, after = random.normal(0, 0.01, 70), random.normal(drift, 0.01, 70)
    path = np.cumsum(after)[:63]
    over = path > before[-63:].std(ddof=1) * np.sqrt(np.arange(1, 64))
    places = [k for k in range(61) if over[k] and (path[k:k + 3] > 0).all()]
    assert lead(spec, after, list(before)) == ((places[0] + 1, places[0] + 3) if places else (None, None))


def test_the_deviation_is_that_of_the_63_sessions_up_to_the_peak(spec):
    loud = [0.5, -0.5, *QUIET[2:7], *QUIET[7:]]
    (deviation,), = spec.rows(MODEL, market(loud, [0.0]), columns=["deviation"])
    assert deviation == pytest.approx(DEVIATION, rel=1e-12)


@pytest.mark.parametrize(("factor", "expected"), [(1.001, (1, 3)), (0.999, (None, None))])
def test_the_hurdle_is_one_deviation_after_a_session(spec, factor, expected):
    assert lead(spec, [factor * DEVIATION, 0, 0]) == expected


def test_the_hurdle_grows_with_the_root_of_the_sessions(spec):
    assert lead(spec, [0, 0, 0, 2.001 * DEVIATION, 0, 0]) == (4, 6)
    assert lead(spec, [0, 0, 0, 1.999 * DEVIATION, 0, 0]) == (None, None)


def test_a_lead_stays_above_zero_for_three_sessions(spec):
    over, back = 1.5 * DEVIATION, -1.6 * DEVIATION
    assert lead(spec, [over, 0, back, 0, 0]) == (None, None)
    assert lead(spec, [over, back, 4 * DEVIATION, 0, 0]) == (3, 5)
    # It may fall below the hurdle, only not to 0.
    assert lead(spec, [over, -1.4 * DEVIATION, 0, 0]) == (1, 3)


def test_a_lead_is_known_on_its_third_session_only(spec):
    over = 2 * DEVIATION
    assert lead(spec, [over, 0]) == (None, None)
    assert lead(spec, [over, 0, 0]) == (1, 3)


def test_a_lead_is_confirmed_within_63_sessions(spec):
    assert lead(spec, [0] * 60 + [1, 0, 0]) == (61, 63)
    assert lead(spec, [0] * 61 + [1, 0, 0]) == (None, None)


def test_a_session_without_a_level_is_passed_over(spec):
    over = 2 * DEVIATION
    assert lead(spec, [over, None, 0.001, 0]) == (1, 4)
    # What moved meanwhile is in the next level; the hurdle counts the session.
    assert lead(spec, [None, 1.5 * DEVIATION, 0, 0]) == (2, 4)


def test_the_path_starts_at_the_last_level_by_the_peak_at_most_four_sessions_before(spec):
    over = [2 * DEVIATION, 0, 0]
    for missing, expected in ((1, (1, 3)), (4, (1, 3)), (5, (None, None))):
        before = [*QUIET[:70 - missing], *[None] * missing]
        row, = spec.rows(MODEL, market(before, over), columns=["has_history", "lead_position", "confirmed_position"])
        assert row[0] == (missing < 5)
        assert row[1:] == tuple(p and p + 70 for p in expected)


def test_under_50_returns_before_the_peak_there_is_no_telling(spec):
    for returns, known in ((50, True), (49, False)):
        row, = spec.rows(MODEL, market([None] * (70 - returns) + QUIET[:returns], [1.0, 0, 0]),
                         columns=["has_history", "lead_date"])
        assert (row[0], row[1] is not None) == (known, known)


def test_a_level_that_began_anew_is_not_compared_with_the_old_one(spec):
    tables = market(QUIET, [0, 1.0, 0, 0], runs=[1] * 71 + [2] * 3)
    assert spec.rows(MODEL, tables, columns=["has_history", "lead_date"]) == [(True, None)]


def test_only_tiers_have_a_lead(spec):
    tables = market(QUIET, [1.0, 0, 0], tier="xlk")
    assert spec.rows(MODEL, tables, columns=["tier", "has_history", "lead_date"]) == [("tech", False, None)]


def test_a_lead_is_known_with_the_prices_until_its_third_session(spec):
    days = weekdays(80)
    after = [2 * DEVIATION, *[0] * 9]
    tables = market(QUIET, after)
    assert [str(k) for k, in spec.rows(MODEL, tables, columns=["known_at"])] == [f"{days[72]} 21:15:00"]
    tables["core.basket_risk"] = tables["core.basket_risk"].replace(f"{days[72]} 21:15", "2020-12-24 12:00")
    assert [str(k) for k, in spec.rows(MODEL, tables, columns=["known_at"])] == ["2020-12-24 12:00:00"]


def test_no_lead_is_known_with_the_last_session_looked_at(spec):
    days = weekdays(150)
    for more, last in ((10, 79), (80, 132)):
        rows = spec.rows(MODEL, market(QUIET, [0.0] * more), columns=["known_at"])
        assert [str(k) for k, in rows] == [f"{days[last]} 21:15:00"]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a lead has a history": {"has_history": False, "lead_date": "2020-01-02"},
        "a lead begins after the peak": {"has_history": True, "episode": "2020-01-02", "lead_date": "2020-01-02"},
        "a lead is known on its third session": [{"lead_position": 5, "confirmed_position": 6},
                                                 {"lead_date": "2020-01-02"}, {"confirmed_position": 6}],
        "nothing is known before its day": [{"episode": "2020-01-02", "known_at": "2020-01-01 21:15"}],
    })
