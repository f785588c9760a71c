"""core.vix_state: peaks, percentiles, bands and re-contraction, against definitions written out in Python."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, weekdays

MODEL = "core.vix_state"
at = datetime.fromisoformat
CLOSES = st.lists(st.one_of(st.none(), st.floats(9, 45).map(lambda v: round(v, 1))), min_size=1, max_size=60) \
    .filter(lambda closes: closes[0] is not None)


def vix(closes) -> dict[str, str]:
    """core.index_level with these VIX closes, one a session; None is a session without a close."""
    return {"core.index_level": draw(
        {"symbol": "^VIX", "date": day, "position": position, "close": close, "source": "yahoo",
         "known_at": f"{day} 21:15"}
        for position, (day, close) in enumerate(zip(weekdays(len(closes)), closes, strict=True), start=1)
        if close is not None)}


def column(spec, name: str, closes) -> list:
    return [value for value, in spec.rows(MODEL, vix(closes), columns=[name])]


@pytest.mark.parametrize(("close", "band"), [
    (30.01, "above_30"), (30.0, "25_to_30"), (25.01, "25_to_30"), (25.0, "20_to_25"), (20.0, "20_to_25"),
    (19.99, "below_20"),
])
def test_the_raw_band_holds_its_upper_edge_and_20(spec, close, band):
    assert column(spec, "band_raw", [close]) == [band]


def test_the_first_day_takes_the_raw_band(spec):
    for close in (19.99, 20.0, 20.5, 25.0, 25.5, 30.0, 30.5):
        assert column(spec, "band", [close]) == column(spec, "band_raw", [close])


def test_the_confirmed_band_moves_only_a_point_beyond_an_edge(spec):
    closes = [28, 30.5, 31.0, 31.1, 29.0, 28.9, 24.0, 23.9, 26.0, 26.1, 19.0, 18.9, 21.0, 21.1]
    assert column(spec, "band", closes) == [
        "25_to_30", "25_to_30", "25_to_30", "above_30", "above_30", "25_to_30", "25_to_30", "20_to_25", "20_to_25",
        "25_to_30", "20_to_25", "below_20", "below_20", "20_to_25"]


def test_a_crash_passes_all_edges_in_a_day(spec):
    assert column(spec, "band", [15, 45, 15]) == ["below_20", "above_30", "below_20"]


@settings(max_examples=60, deadline=None)
@given(CLOSES)
def test_the_confirmed_band_is_three_switches_with_a_dead_band(spec, closes):
    on, expected = None, []
    for close in closes:
        if close is None:
            continue
        if on is None:
            on = {20: close >= 20, 25: close > 25, 30: close > 30}
        for edge in on:
            on[edge] = True if close > edge + 1 else False if close < edge - 1 else on[edge]
        expected.append(["below_20", "20_to_25", "25_to_30", "above_30"][sum(on.values())])
    assert column(spec, "band", closes) == expected


def test_a_calm_vix_that_jumps_above_22_fires(spec):
    assert column(spec, "is_recontraction", [19, 21, 23]) == [False, False, True]


def test_it_fires_once_and_again_only_after_a_calm(spec):
    assert column(spec, "is_recontraction", [19, 23, 24, 21, 23, 19.9, 22.1]) == [
        False, True, False, False, False, False, True]


def test_a_calm_of_21_sessions_ago_still_counts_and_one_of_22_not(spec):
    assert column(spec, "is_recontraction", [19] + [21] * 20 + [23])[-1] is True
    assert column(spec, "is_recontraction", [19] + [21] * 21 + [23])[-1] is False
    assert column(spec, "is_recontraction", [19] + [None] * 20 + [23])[-1] is True
    assert column(spec, "is_recontraction", [19] + [None] * 21 + [23])[-1] is False


def test_exactly_20_and_exactly_22_are_neither_calm_nor_fear(spec):
    assert column(spec, "is_recontraction", [23, 20, 22, 23])[-1] is False
    assert column(spec, "is_recontraction", [19, 20, 22, 23])[-1] is True
    assert column(spec, "is_recontraction", [19, 22])[-1] is False


def test_it_is_confirmed_when_the_next_close_is_above_22_too(spec):
    assert column(spec, "is_recontraction_confirmed", [19, 23, 24, 24])[1:] == [False, True, False]
    assert column(spec, "is_recontraction_confirmed", [19, 23, 21])[-1] is False


def test_without_yesterday_it_is_not_known_to_be_confirmed(spec):
    assert column(spec, "is_recontraction_confirmed", [19, 23, None, 24])[-1] is None


@settings(max_examples=60, deadline=None)
@given(CLOSES)
def test_it_fires_as_its_sentence_says(spec, closes):
    expected = []
    for today, close in enumerate(closes):
        if close is None:
            continue
        decided = [i for i in range(today) if closes[i] is not None and (closes[i] < 20 or closes[i] > 22)]
        expected.append(bool(close > 22 and decided and closes[decided[-1]] < 20 and today - decided[-1] <= 21))
    assert column(spec, "is_recontraction", closes) == expected


def test_a_change_is_against_the_session_before_or_the_last_close_by_then(spec):
    assert column(spec, "vix_change_1d_points", [20, 22, None, 25, *[None] * 4, 26, *[None] * 5, 27]) == [
        None, 2, 3, 1, None]
    assert column(spec, "vix_change_21d_points", [20, *[30] * 20, 25])[-2:] == [None, 5]
    assert column(spec, "vix_change_21d_return", [20, *[30] * 20, 25])[-1] == 0.25
    assert column(spec, "vix_change_21d_points", [20, *[None] * 4, *[30] * 20, 25])[-1] == 5
    assert column(spec, "vix_change_21d_points", [20, *[None] * 5, *[30] * 20, 25])[-1] is None


def test_the_fall_is_from_the_highest_close_of_the_window(spec):
    closes = [40, *[20] * 20, 10]
    names = ["vix_peak_21d", "vix_from_peak_21d_points", "vix_from_peak_21d_return"]
    assert spec.rows(MODEL, vix(closes), columns=names)[-2:] == [(40, -20, -0.5), (20, -10, -0.5)]


def test_a_peak_needs_its_whole_window_in_the_history(spec):
    assert column(spec, "vix_peak_21d", [20] * 21) == [None] * 20 + [20]
    assert column(spec, "vix_peak_63d", [20] * 63) == [None] * 62 + [20]


def test_one_hole_or_two_blank_no_month_and_a_third_does(spec):
    """The window counts sessions: of 21 with two holes 19 closes are left."""
    assert column(spec, "vix_peak_21d", [20] * 21 + [None] + [20] * 21)[20:] == [20] * 22
    assert column(spec, "vix_peak_21d", [20] * 21 + [None, None] + [20] * 21)[20:] == [20] * 22
    three = column(spec, "vix_peak_21d", [20] * 21 + [None] * 3 + [20] * 21)[20:]
    assert three == [20] + [None] * 18 + [20] * 3
    assert column(spec, "vix_peak_63d", [20] * 63 + [None] * 6 + [20])[-1] == 20
    assert column(spec, "vix_peak_63d", [20] * 63 + [None] * 7 + [20])[-1] is None


def test_a_hole_at_the_start_of_the_history_is_none_of_its_closes(spec):
    assert column(spec, "vix_peak_21d", [20, None, *[20] * 19])[-2:] == [None, 20]
    assert column(spec, "vix_peak_21d", [None, *[20] * 20])[-1] is None


def test_the_fall_from_the_63_session_peak(spec):
    names = ["vix_peak_63d", "vix_from_peak_63d_points", "vix_from_peak_63d_return"]
    assert spec.rows(MODEL, vix([50, *[20] * 61, 10]), columns=names)[-1] == (50, -40, -0.8)


@pytest.mark.parametrize(("name", "window", "minimum"), [
    ("vix_percentile_252", 252, 126), ("vix_percentile_2520", 2520, 1260),
])
def test_a_percentile_is_the_share_of_the_window_at_or_below_today(spec, name, window, minimum):
    random = np.random.default_rng(7)
    closes = [None if random.random() < 0.02 else float(c) for c in np.round(random.normal(20, 5, window + 80), 1)]
    expected = []
    for today, close in enumerate(closes):
        past = np.array([c for c in closes[max(0, today - window + 1): today + 1] if c is not None])
        if close is not None:
            expected.append((past <= close).mean() if len(past) >= minimum else None)
    assert column(spec, name, closes) == expected


def test_a_row_is_known_with_the_latest_close_it_stands_on(spec):
    assert spec.rows(MODEL, {"core.index_level": """
        symbol | date       | position | close | source | known_at
        ^VIX   | 2026-03-02 | 1        | 20    | yahoo  | 2026-03-02 21:15
        ^VIX   | 2026-03-03 | 2        | 21    | fred   | 2026-03-05 04:59
        ^VIX   | 2026-03-04 | 3        | 22    | yahoo  | 2026-03-04 21:15
        ^VIX3M | 2026-03-04 | 3        | 22    | yahoo  | 2026-03-09 21:15
    """}, columns=["vix_source", "known_at"]) == [
        ("yahoo", at("2026-03-02 21:15")), ("fred", at("2026-03-05 04:59")), ("yahoo", at("2026-03-05 04:59"))]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a peak is not below the close": [{"vix_close": 30, "vix_peak_21d": 29, "vix_from_peak_21d_points": 0},
                                          {"vix_close": 30, "vix_peak_21d": 31, "vix_from_peak_21d_points": 1}],
        "a longer window's peak is not lower": [
            {"vix_peak_21d": 30, "vix_peak_63d": 29},
            {"vix_from_peak_21d_return": -0.2, "vix_from_peak_63d_return": -0.1}],
        "a percentile counts today": [{"vix_percentile_252": 0}, {"vix_percentile_2520": 1.1}],
        "the raw band holds the close": [{"vix_close": 30, "band_raw": "above_30"},
                                         {"vix_close": 25, "band_raw": "25_to_30"},
                                         {"vix_close": 19.9, "band_raw": "20_to_25"},
                                         {"vix_close": 20, "band_raw": "below_20"}, {"vix_close": 20}],
        "the confirmed band is at most a point away": [{"vix_close": 28.9, "band": "above_30"},
                                                       {"vix_close": 31.1, "band": "25_to_30"},
                                                       {"vix_close": 18.9, "band": "20_to_25"},
                                                       {"vix_close": 21.1, "band": "below_20"}, {"vix_close": 20}],
        "a re-contraction is above 22": [{"vix_close": 22, "is_recontraction": True},
                                         {"vix_close": 22, "is_recontraction_confirmed": True}],
    })
