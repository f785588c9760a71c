"""core.share_count against a session-by-session reference on random counts and splits."""

from __future__ import annotations

import numpy as np
from drawn import day, sessions, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LENGTH = 120
RATIOS = (0.1, 0.5, 1.5, 2.0, 4.0, 10.0)
JUMPS = (0.5, 0.79, 0.81, 1.0, 1.01, 1.24, 1.26, 1.6, 2.0, 5.0)


def decide(counts: np.ndarray, ratios: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(shares in force, status) of every session, by the rule read session by session.

    `counts` is what the feed says per session, `ratios` the split ratio on its ex-date and 1 elsewhere.
    """
    product = np.cumprod(ratios)
    units = counts / product
    accepted, last_held, stood = units[0], np.nan, 0
    in_force, statuses = [], []
    for t, u in enumerate(units):
        recent = [r for r in ratios[max(0, t - 5): t + 1] if r != 1]
        if 0.8 <= u / accepted <= 1.25:
            status, accepted, stood, last_held = "accepted", u, 0, np.nan
        elif recent and abs(u / accepted * recent[-1] - 1) <= 0.05:
            status = "split_noise"
        else:
            stood = stood + 1 if 0.8 <= u / last_held <= 1.25 else 1
            status, last_held = "held", u
            if stood == 63:
                status, accepted, stood, last_held = "accepted", u, 0, np.nan
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
    for start in draw(st.lists(st.integers(1, LENGTH - 1), max_size=6)):
        length = draw(st.one_of(st.integers(1, 12), st.integers(60, 66), st.just(LENGTH)))
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
    }, columns=["shares_in_force", "status"])


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
