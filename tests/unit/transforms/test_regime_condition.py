"""core.regime_condition: each condition of the stages at its edge, and what is not known."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from assertions import assertions_fail
from tables import draw, sessions, weekdays

MODEL = "core.regime_condition"
at = datetime.fromisoformat


def market(count: int, vix=None, nasdaq=None) -> dict[str, str]:
    """So many sessions; `vix` and `nasdaq` map a session's number (from 0) to its columns, None to no row."""
    days = weekdays(count)
    calm = {"vix_close": 18, "band": "below_20", "is_recontraction_confirmed": False}
    steady = {"nasdaq_close": 100, "is_ath_close": False, "drawdown_return": -0.01}

    def rows(usual, changes):
        changes = changes or {}
        return draw({"date": day, **usual, **changes.get(i, {}), "known_at": f"{day} 21:15"}
                    for i, day in enumerate(days) if changes.get(i, {}) is not None)

    return {"staging.session": sessions(days), "core.vix_state": rows(calm, vix), "core.nasdaq_state": rows(steady, nasdaq)}


def column(spec, name: str, *about, **changes) -> list:
    return [value for value, in spec.rows(MODEL, market(*about, **changes), columns=[name])]


def test_a_confirmation_counts_for_five_sessions(spec):
    got = column(spec, "is_recontraction_confirmed_5d", 12, vix={5: {"is_recontraction_confirmed": True}})
    assert got == [None] * 4 + [False] + [True] * 5 + [False] * 2


def test_a_confirmation_that_may_have_been_is_not_known_not_to_be(spec):
    got = column(spec, "is_recontraction_confirmed_5d", 12, vix={5: {"is_recontraction_confirmed": None}})
    assert got == [None] * 4 + [False] + [None] * 5 + [False] * 2
    got = column(spec, "is_recontraction_confirmed_5d", 12, vix={5: None, 6: {"is_recontraction_confirmed": True}})
    assert got[6:] == [True] * 5 + [False]


def test_the_vix_is_above_22_strictly(spec):
    assert column(spec, "is_vix_above_22", 2, vix={0: {"vix_close": 22}, 1: {"vix_close": 22.01}}) == [False, True]


@pytest.mark.parametrize("band", ["above_30", "25_to_30", "20_to_25", "below_20"])
def test_a_band_is_one_of_four(spec, band):
    names = ["above_30", "25_to_30", "20_to_25", "below_20"]
    assert spec.rows(MODEL, market(1, vix={0: {"band": band}}), columns=[f"is_band_{name}" for name in names]) == [
        tuple(name == band for name in names)]


@pytest.mark.parametrize("band", ["above_30", "25_to_30"])
def test_a_band_above_25_is_remembered_for_63_sessions(spec, band):
    got = column(spec, "has_band_above_25_63d", 70, vix={3: {"band": band}})
    assert got == [None] * 3 + [True] * 63 + [False] * 4


def test_a_band_above_25_is_not_ruled_out_under_57_sessions(spec):
    assert column(spec, "has_band_above_25_63d", 58) == [None] * 56 + [False] * 2


def test_a_calm_vix_was_below_20_on_four_fifths_of_its_closes(spec):
    # Of 60 closes in the last 63 sessions, 48 are calm: exactly 0.80.
    holes = dict.fromkeys(range(3))
    at_20 = {i: {"vix_close": 20} for i in range(3, 15)}
    names = ["vix_below_20_share_63d", "is_vix_calm_63d"]
    assert spec.rows(MODEL, market(63, vix=holes | at_20), columns=names)[-1] == (0.8, True)
    share, calm = spec.rows(MODEL, market(63, vix=holes | at_20 | {15: {"vix_close": 20}}), columns=names)[-1]
    assert (share, calm) == (pytest.approx(47 / 60), False)
    assert column(spec, "is_vix_calm_63d", 57) == [None] * 56 + [True]


def test_five_records_in_63_sessions(spec):
    records = {i: {"is_ath_close": True} for i in (0, 10, 20, 30, 62)}
    names = ["ath_closes_63d", "has_5_ath_closes_63d"]
    got = spec.rows(MODEL, market(64, nasdaq=records), columns=names)
    assert got[55:58] == [(None, None), (4, False), (4, False)]
    assert got[62:] == [(5, True), (4, False)]


def test_near_the_record_is_within_two_percent(spec):
    got = column(spec, "is_near_ath", 2, nasdaq={0: {"drawdown_return": -0.02}, 1: {"drawdown_return": -0.0201}})
    assert got == [True, False]


def test_without_the_vix_only_the_nasdaq_says_something(spec):
    names = ["date", "is_band_below_20", "is_vix_above_22", "is_near_ath", "has_band_above_25_63d"]
    rows = spec.rows(MODEL, market(60, vix={59: None}, nasdaq={0: None}), columns=names)
    assert rows[0] == (date(2020, 1, 1), True, False, None, None)
    assert rows[59][1:] == (None, None, True, False)


def test_a_row_is_known_with_the_latest_close_so_far(spec):
    given = market(3)
    given["core.vix_state"] = given["core.vix_state"].replace("2020-01-02 21:15", "2020-02-01 00:00")
    assert [k for k, in spec.rows(MODEL, given, columns=["known_at"])] == [
        at("2020-01-01 21:15"), at("2020-02-01 00:00"), at("2020-02-01 00:00")]


def test_assertions_can_fail(spec):
    four = ["above_30", "25_to_30", "20_to_25", "below_20"]
    assertions_fail(spec, MODEL, {
        "there is one band": [{f"is_band_{b}": False for b in four}, {f"is_band_{b}": True for b in four}],
        "a band is within its window": [{"has_band_above_25_63d": False, "is_band_25_to_30": True,
                                         "is_band_above_30": False},
                                        {"has_band_above_25_63d": False, "is_band_25_to_30": False,
                                         "is_band_above_30": True}],
        "a share is one": [{"vix_below_20_share_63d": 1.1}, {"ath_closes_63d": 64}],
    })
