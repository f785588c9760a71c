"""core.vix_episode: which peaks of the VIX open an episode, and when that is known."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, weekdays

MODEL = "core.vix_episode"
CALM = [15.0] * 62


def vix(closes, symbol: str = "^VIX") -> dict[str, str]:
    """VIX closes by session; None is a session without one."""
    days = weekdays(len(closes))
    return {"core.index_level": draw(
        {"symbol": symbol, "date": day, "position": i, "close": float(close), "known_at": f"{day} 21:15"}
        for i, (day, close) in enumerate(zip(days, closes, strict=True), start=1) if close is not None)}


def episodes(spec, closes) -> list[tuple[int, int]]:
    """(peak, declared) as places in `closes`."""
    rows = spec.rows(MODEL, vix(closes), columns=["peak_position", "declared_position"])
    return [(peak - 1, declared - 1) for peak, declared in rows]


def reference(closes: np.ndarray) -> list[tuple[int, int]]:
    found = []
    for peak in range(62, len(closes)):
        if closes[peak] <= 25 or closes[peak] <= closes[peak - 62:peak].max():
            continue
        for later in range(peak + 1, len(closes)):
            if closes[later] > closes[peak]:
                break
            if closes[later] <= 0.8 * closes[peak]:
                found.append((peak, later))
                break
    return found


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_peaks_are_those_of_a_plain_search(spec, seed):
    random = np.random.default_rng(seed)
    closes = 22 * np.exp(np.cumsum(random.normal(0, 0.09, 160)) * 0.5)
    assert episodes(spec, closes) == reference(closes)


def test_a_peak_is_declared_on_the_first_close_at_most_four_fifths_of_it(spec):
    assert episodes(spec, [*CALM, 30, 24.1, 24.0, 23]) == [(62, 64)]


@pytest.mark.parametrize("peak", [25.05, 26.3, 30.55, 31.05, 33.35, 41.7])
def test_four_fifths_to_the_digit_count(spec, peak):
    assert episodes(spec, [*CALM, peak, round(0.8 * peak, 2)]) == [(62, 63)]


def test_a_higher_close_before_the_relief_makes_it_no_peak(spec):
    assert episodes(spec, [*CALM, 30, 29, 31, 24]) == [(64, 65)]


def test_an_equal_close_is_no_second_peak(spec):
    assert episodes(spec, [*CALM, 30, 28, 30, 24]) == [(62, 65)]


@pytest.mark.parametrize(("close", "count"), [(25.0, 0), (25.01, 1)])
def test_a_peak_is_above_25(spec, close, count):
    assert len(episodes(spec, [*CALM, close, 15])) == count


def test_a_peak_is_the_highest_of_63_sessions_and_takes_nine_tenths_of_them(spec):
    assert episodes(spec, [40.0, *CALM[1:], 30, 20]) == []
    assert episodes(spec, [40.0, *CALM, 30, 20]) == [(63, 64)]
    assert episodes(spec, [*CALM[1:], 30, 20]) == []
    assert episodes(spec, [*CALM[:20], None, *CALM[21:], 30, 20]) == [(62, 63)]
    assert episodes(spec, [*CALM[:20], *[None] * 7, *CALM[27:], 30, 20]) == []


def test_without_relief_there_is_no_episode_yet(spec):
    assert episodes(spec, [*CALM, 30, 26, 25]) == []


def test_only_the_vix_counts(spec):
    assert spec.rows(MODEL, vix([*CALM, 30, 20], symbol="^IXIC")) == []


def test_an_episode_is_known_with_the_last_close_it_looked_at(spec):
    days = weekdays(66)
    given_tables = vix([*CALM, 30, 29, 24, 23])
    spec(MODEL, given_tables, f"""
        episode     | peak_vix_close | declared_on | known_at
        {days[62]}  | 30.0           | {days[64]}  | {days[64]} 21:15
    """)
    late = {"core.index_level": given_tables["core.index_level"].replace(f"{days[3]} 21:15", "2020-12-24 12:00")}
    assert [str(k) for k, in spec.rows(MODEL, late, columns=["known_at"])] == ["2020-12-24 12:00:00"]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a peak is fear": {"peak_vix_close": 25},
        "declared after the peak": [{"episode": "2020-01-02", "declared_on": "2020-01-02"},
                                    {"peak_position": 5, "declared_position": 5}],
        "nothing is known before its day": {"declared_on": "2020-01-02", "known_at": "2020-01-01 21:15"},
    })
