"""The stage of the market in marts.regime_daily: which conditions make it, and in which order."""

from __future__ import annotations

import numpy as np
import pytest
from tables import draw, sessions, weekdays

MODEL = "marts.regime_daily"
CONDITIONS = ("is_recontraction_confirmed_5d", "is_vix_above_22", "has_band_above_25_63d", "is_vix_calm_63d",
              "has_5_ath_closes_63d", "is_near_ath")
STAGES = {
    "re_contraction": {"band": "20_to_25", "is_recontraction_confirmed_5d": True, "is_vix_above_22": True},
    "high_vol_risk_off": {"band": "above_30"},
    "consolidation": {"band": "25_to_30"},
    "re_entry": {"band": "20_to_25", "has_band_above_25_63d": True},
    "emotion_driven": {"band": "below_20", "is_vix_calm_63d": True, "has_5_ath_closes_63d": True},
    "mid_late_dispersion": {"band": "below_20", "is_near_ath": True, "top10": 0.5, "crypto": 0.01},
    "risk_on_expansion": {"band": "below_20"},
    "neutral": {"band": "20_to_25"},
}


def given(band=None, top10=None, crypto=None, speeds=(), missing=False, **conditions) -> dict[str, str]:
    """The last of as many sessions as there are `speeds`; conditions not named do not hold, or are not known."""
    days = weekdays(max(1, len(speeds)))
    today = {"date": days[-1], "known_at": f"{days[-1]} 21:15"}
    row = {name: conditions.get(name, None if missing else False) for name in CONDITIONS}
    bands = {f"is_band_{b}": band and b == band for b in ("above_30", "25_to_30", "20_to_25", "below_20")}
    tables = {
        "staging.session": sessions(days),
        "core.nasdaq_state": draw([{**today, "nasdaq_close": 100, "nasdaq_source": "yahoo"}]),
        "core.regime_condition": draw([{**today, **row, **bands}]),
        "marts.concentration_daily": draw([
            {**today, "index_code": "NDX", "weight_scheme": "full_cap", "top10_return_share_63d": top10},
            {**today, "index_code": "NDX", "weight_scheme": "capped", "top10_return_share_63d": 9}]),
        "marts.rotation_daily": draw([{**today, "basket": "crypto_equity", "rs_21d": crypto},
                                      {**today, "basket": "bitcoin", "rs_21d": 9}]),
    }
    if band:
        tables["core.vix_state"] = draw([{**today, "vix_close": 20, "vix_source": "yahoo", "band": band}])
    if len(speeds):
        tables["marts.rotation_speed_daily"] = draw(
            {"date": day, "rotation_speed": speed, "known_at": f"{day} 21:15"}
            for day, speed in zip(days, speeds, strict=True))
    return tables


def stage(spec, **about) -> str | None:
    return spec.rows(MODEL, given(**about), columns=["stage"])[-1][0]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_its_conditions(spec, name):
    assert stage(spec, **STAGES[name]) == name


@pytest.mark.parametrize("name", STAGES)
def test_each_condition_of_a_stage_is_needed(spec, name):
    for condition in STAGES[name].keys() - {"band"}:
        lacking = {**STAGES[name], condition: False if condition.startswith(("is", "was", "has")) else -1}
        assert stage(spec, **lacking) != name


@pytest.mark.parametrize(("conditions", "expected"), [
    ({"band": "above_30", **dict.fromkeys(CONDITIONS, True)}, "re_contraction"),
    ({"band": "above_30", "is_vix_calm_63d": True, "has_5_ath_closes_63d": True}, "high_vol_risk_off"),
    ({"band": "25_to_30", "is_vix_calm_63d": True, "has_5_ath_closes_63d": True}, "consolidation"),
    ({"band": "20_to_25", "has_band_above_25_63d": True, "is_vix_calm_63d": True, "has_5_ath_closes_63d": True},
     "re_entry"),
    ({"band": "20_to_25", "is_vix_calm_63d": True, "has_5_ath_closes_63d": True}, "emotion_driven"),
    ({"band": "below_20", "is_vix_calm_63d": True, "has_5_ath_closes_63d": True, "is_near_ath": True, "top10": 1,
      "crypto": 1}, "emotion_driven"),
])
def test_the_first_stage_that_holds_is_it(spec, conditions, expected):
    assert stage(spec, **conditions) == expected


def test_two_signs_of_dispersion_make_it(spec):
    near = {"band": "below_20", "is_near_ath": True}
    rising, flat = np.linspace(1, 2, 126), [1.0] * 125 + [0.5]
    for top10, crypto, speeds, expected in [
        (0.5, 0.01, flat, True), (0.5, 0, rising, True), (0.49, 0.01, rising, True), (0.5, 0.01, rising, True),
        (0.5, 0, flat, False), (0.49, 0.01, flat, False), (0.49, 0, rising, False), (None, None, rising, False),
        (None, 0.01, rising, True),
    ]:
        got = stage(spec, **near, top10=top10, crypto=crypto, speeds=speeds)
        assert got == ("mid_late_dispersion" if expected else "risk_on_expansion"), (top10, crypto)


def test_what_is_not_known_does_not_hold(spec):
    assert stage(spec, band="20_to_25", missing=True) == "neutral"
    assert stage(spec, band="below_20", missing=True) == "risk_on_expansion"


def test_without_a_band_there_is_no_stage(spec):
    assert stage(spec, is_near_ath=True, top10=1, crypto=1) is None


def test_rotation_is_fast_in_the_top_two_fifths_of_252_sessions(spec):
    name = "is_rotation_fast"

    def fast(speeds):
        return spec.rows(MODEL, given(speeds=speeds), columns=[name])[-1][0]

    assert fast(range(1, 126)) is None
    assert fast(range(1, 127)) is True
    # 252 values: with 100 of them above today's it is among the 40 % fastest, with 101 it is not.
    others = [*range(1, 252)]
    assert fast([*others, 151.5]) is True
    assert fast([*others, 150.5]) is False
    # The 253rd value before today is forgotten.
    assert fast([*[1000.0] * 50, *others, 151.5]) is True
    assert fast([None if i % 2 else i for i in range(2, 255)]) is True


def test_the_signs_are_of_the_full_cap_weighted_ndx_and_the_crypto_equities(spec):
    columns = ["is_top10_return_share_high", "is_crypto_leading"]
    assert spec.rows(MODEL, given(top10=0.4, crypto=-0.1), columns=columns) == [(False, False)]
    assert spec.rows(MODEL, given(), columns=columns) == [(None, None)]
