"""core.share_count against a session-by-session reference on random counts and splits."""

from __future__ import annotations

import math

import numpy as np
from counted import CHAIN
from drawn import day, sessions, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LENGTH = 160
RATIOS = (0.1, 0.5, 1.5, 2.0, 4.0, 10.0)
JUMPS = (0.5, 0.63, 0.79, 0.9, 0.97, 1.0, 1.01, 1.15, 1.24, 1.26, 1.64, 2.0, 3.3, 5.0)
DRIFT = math.log(1.04) + 1e-9


def near(one: float, other: float, ratio: float = 1.04) -> bool:
    """Within the ratio of one another; False for an unknown one."""
    return abs(math.log(one / other)) <= math.log(ratio) + 1e-9 if math.isfinite(other) else False


def is_whole(ratio: float) -> bool:
    times = max(ratio, 1 / ratio)
    if abs(times / 1.5 - 1) <= 0.01:
        return True
    if times >= 10.5:
        digits = times / 10 ** math.floor(math.log10(times))
        return any(abs(digits / m - 1) <= 0.025 for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 10))
    return times >= 1.8 and abs(times / math.floor(times + 0.5) - 1) <= 0.025


def decide(counts: np.ndarray, ratios: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(shares in force, status) of every session, by the rule read session by session.

    `counts` is what the feed says per session, `ratios` the split ratio on its ex-date and 1 elsewhere.
    """
    product = np.cumprod(ratios)
    units = counts / product
    recents = [next((r for r in ratios[max(0, t - 5): t + 1][::-1] if r != 1), None) for t in range(len(units))]
    # Where the feed changes its mind: a spell begins, and with it what the rule looks back at is fixed.
    starts = [t for t in range(len(units)) if t == 0 or counts[t] != counts[t - 1] or ratios[t] != 1
              or (t >= 6 and ratios[t - 6] != 1)]
    begins = [max(s for s in starts if s <= t) for t in range(len(units))]
    changed = [t > 0 and t in starts and recents[t] is None and recents[begins[t - 1]] is None
               and not near(units[t], units[t - 1]) for t in range(len(units))]
    accepted, held, stood, former, leapt, first = units[0], units[0], 0, math.nan, -1000, True
    row_start = 0
    in_force, statuses = [units[0] * product[0]], ["accepted"]
    for t in range(1, len(units)):
        u, b = units[t], begins[t]
        if t == b and t - leapt > 252:
            former = math.nan
        ratio = u / accepted
        if near(u, accepted):
            needed = 1
        elif recents[t] and abs(ratio * recents[t] - 1) <= 0.05:
            in_force.append(accepted * product[t])
            statuses.append("split_noise")
            continue
        else:
            medium = 0.8 <= ratio <= 1.25
            stood = stood + 1 if near(u, held, 1.04 if medium else 1.25) and (stood or u == held) else 1
            held = u
            row_start = t if stood == 1 else row_start
            needed = None
            if near(u, former, 1.1):
                needed = 5
            elif is_whole(ratio) or ratio < 0.8 - 1e-9:
                if first:
                    needed = 63 if row_start < 63 and 1.95 <= ratio <= 2.05 else max(252, row_start + 1)
            elif ratio > 1.25 + 1e-9:
                needed = 63 if ratio > 3 else 21
            elif sum(changed[max(0, b - 20): b + 1]) >= 3:
                share = sum(near(units[s], u) for s in range(max(0, b - 42), b)) / 42
                needed = 1 if share > 0.5 else 21
            else:
                needed = 5
        if needed and (needed == 1 or stood >= needed):
            if not near(u, accepted):
                small = 0.8 - 1e-9 <= ratio <= 1.25 + 1e-9 and not near(u, former, 1.1)
                leap = ratio > 1.25 + 1e-9 and not is_whole(ratio) and not near(u, former, 1.1)
                if not small:
                    former, leapt, first = (accepted, b, False) if leap else (math.nan, -1000, False)
            accepted, held, stood = u, u, 0
            status = "accepted"
        else:
            status = "held"
        in_force.append(accepted * product[t])
        statuses.append(status)
    return np.array(in_force), statuses


@st.composite
def histories(draw) -> tuple[np.ndarray, np.ndarray]:
    """Feed counts with splits seen up to three sessions early or late, jumps and short flips."""
    ratios = np.ones(LENGTH)
    seen = np.ones(LENGTH)
    for ex_date in draw(st.lists(st.integers(5, LENGTH - 10), max_size=2, unique_by=lambda p: p // 20)):
        ratio, shift = draw(st.sampled_from(RATIOS)), draw(st.integers(-3, 7))
        ratios[ex_date] = ratio
        seen[ex_date + shift:] *= ratio
    counts = 1000.0 * seen
    for start in draw(st.lists(st.integers(1, LENGTH - 1), max_size=8)):
        length = draw(st.one_of(st.integers(1, 12), st.integers(18, 24), st.integers(60, 66), st.just(LENGTH)))
        counts[start:start + length] *= draw(st.sampled_from(JUMPS))
    return counts, ratios


def model(spec, counts: np.ndarray, ratios: np.ndarray, length: int = LENGTH) -> list[tuple]:
    """(shares in force, status) of the first `length` sessions by the model; the feed gives a row where it changed."""
    changes = [p for p in range(length) if p == 0 or counts[p] != counts[p - 1]]
    splits = [p for p in range(length) if ratios[p] != 1]
    return spec.rows("core.share_count", {
        "staging.session": sessions(length),
        "staging.shares_outstanding": table(
            ("symbol", "date", "shares_outstanding", "known_at"),
            [("AAA", day(p + 1), repr(float(counts[p])), f"{day(p + 1)} 21:15") for p in changes]),
        "staging.split": table(
            ("symbol", "date", "ratio", "known_at"),
            [("AAA", day(p + 1), ratios[p], f"{day(p + 1)} 21:15") for p in splits]),
    }, columns=["shares_in_force", "status"], through=CHAIN)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_the_model_decides_as_the_rule_read_session_by_session(spec, history):
    expected, statuses = decide(*history)
    rows = model(spec, *history)
    assert [status for _, status in rows] == statuses
    np.testing.assert_allclose([shares for shares, _ in rows], expected, rtol=1e-12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), cut=st.integers(1, LENGTH - 1))
def test_a_decision_does_not_depend_on_what_comes_later(spec, history, cut):
    assert model(spec, *history, length=cut) == model(spec, *history)[:cut]
