"""staging.regime_model_fit and marts.regime_model_daily: the filter is statsmodels', and never a smoother."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from assertions import assertions_fail
from tables import draw, weekdays

FITS, MODEL = "staging.regime_model_fit", "marts.regime_model_daily"
at = datetime.fromisoformat
PARAMETERS = {"mean_return": 0.0005, "calm_variance": 6e-5, "turbulent_variance": 4.5e-4,
              "calm_stay_probability": 0.98, "turbulent_stay_probability": 0.95}


def returns(log_returns) -> str:
    """core.index_level of the Nasdaq Composite with these log returns, one a session; None is a session without one."""
    return draw({"symbol": "^IXIC", "date": day, "position": position, "close": 100, "log_return": r,
                 "known_at": f"{day} 21:15"}
                for position, (day, r) in enumerate(zip(weekdays(len(log_returns)), log_returns, strict=True), start=1))


def fit(first: int, last: int, **changes) -> dict[str, object]:
    """A fit on the returns of sessions first to last (from 0)."""
    days = weekdays(last + 1)
    return {"fitted_on": days[-1], "first_return_on": days[first], "returns": last - first + 1, **PARAMETERS,
            "turbulent_share": 0.3, "is_accepted": True, "reason": None, "known_at": f"{days[-1]} 21:15", **changes}


def given(log_returns, *fits) -> dict[str, str]:
    return {"core.index_level": returns(log_returns), FITS: draw(fits)}


def filtered(log_returns, parameters) -> np.ndarray:
    """Probability of the turbulent state by statsmodels' Hamilton filter."""
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    model = MarkovRegression(np.array(log_returns), k_regimes=2, trend="c", switching_trend=False, switching_variance=True)
    p = parameters
    return model.filter([p["calm_stay_probability"], 1 - p["turbulent_stay_probability"], p["mean_return"],
                         p["calm_variance"], p["turbulent_variance"]]).filtered_marginal_probabilities[:, 1]


def market(count: int, seed: int = 4) -> list[float]:
    random = np.random.default_rng(seed)
    return [float(r) for r in random.normal(0, np.where(np.arange(count) % 60 > 40, 0.02, 0.007))]


def test_two_days_by_hand(spec):
    """Stationary 2/7 turbulent; each day: predict, weigh with the normal densities, normalise."""
    def density(r, variance):
        return np.exp(-((r - 0.0005) ** 2) / 2 / variance) / np.sqrt(variance)

    turbulent, expected = 0.02 / 0.07, []
    for r in (0.001, -0.03):
        predicted = 0.95 * turbulent + 0.02 * (1 - turbulent)
        seen = predicted * density(r, 4.5e-4)
        turbulent = seen / (seen + (1 - predicted) * density(r, 6e-5))
        expected.append(turbulent)
    days = weekdays(2)
    assert spec.rows(MODEL, given([0.001, -0.03], fit(0, 0)), columns=["date", "turbulent_probability"]) == [
        (day, pytest.approx(p, abs=1e-15)) for day, p in zip(days, expected, strict=True)]
    # A fit of the second day filters from its first return on as well, and says nothing of the day before.
    assert spec.rows(MODEL, given([0.001, -0.03], fit(0, 1)), columns=["date", "turbulent_probability"]) == [
        (days[1], pytest.approx(expected[1], abs=1e-15))]


def test_each_day_is_filtered_with_the_newest_fit_from_that_fits_first_return_on(spec):
    log_returns = market(400)
    second = {**PARAMETERS, "mean_return": 0.001, "calm_variance": 5e-5, "turbulent_variance": 3e-4,
              "calm_stay_probability": 0.99, "turbulent_stay_probability": 0.9}
    rows = spec.rows(MODEL, given(log_returns, fit(0, 299), fit(60, 349, **second)),
                     columns=["turbulent_probability", "variance_ratio", "fitted_on"])
    truth = [*filtered(log_returns, PARAMETERS)[299:349], *filtered(log_returns[60:], second)[289:]]
    assert [p for p, _, _ in rows] == pytest.approx(truth, abs=1e-12)
    days = weekdays(400)
    assert [ratio for _, ratio, _ in rows] == pytest.approx([7.5] * 50 + [6] * 51)
    assert [day for _, _, day in rows] == [days[299]] * 50 + [days[349]] * 51


def test_it_is_filtered_and_never_smoothed(spec):
    """What comes after a day leaves its probability to the last bit as it was."""
    log_returns = market(120)
    calm = spec.rows(MODEL, given([*log_returns, *[0.0005] * 20], fit(0, 99)))
    wild = spec.rows(MODEL, given([*log_returns, *[0.05, -0.05] * 10], fit(0, 99), fit(0, 125)))
    assert wild[:21] == calm[:21]
    assert wild[21:] != calm[21:]


def test_no_return_is_too_large_or_too_small(spec):
    def last(extreme):
        return spec.rows(MODEL, given([0.001] * 30 + [extreme], fit(0, 29)), columns=["turbulent_probability"])[-1][0]

    for extreme in (-0.2, 0.0005, 0.0):
        assert last(extreme) == pytest.approx(filtered([0.001] * 30 + [extreme], PARAMETERS)[-1], abs=1e-12)
    # Here the densities themselves are beyond a floating-point number.
    assert last(-0.9) == last(2.0) == 1


def test_a_session_without_a_return_has_no_row_and_is_passed_over(spec):
    log_returns = market(60)
    rows = spec.rows(MODEL, given([None, *log_returns[:50], None, *log_returns[50:]], fit(0, 45)),
                     columns=["turbulent_probability"])
    assert [p for p, in rows] == pytest.approx(filtered(log_returns, PARAMETERS)[44:], abs=1e-12)


def test_a_rejected_fit_is_not_used(spec):
    rejected = fit(0, 45, is_accepted=False, reason="no", calm_variance=None, turbulent_variance=None)
    rows = spec.rows(MODEL, given(market(50), fit(0, 40), rejected), columns=["fitted_on"])
    assert rows == [(weekdays(41)[-1],)] * 10
    assert spec.rows(MODEL, given(market(50), rejected)) == []


@pytest.mark.parametrize(("band", "turbulent", "agrees"), [
    ("below_20", False, True), ("below_20", True, False), ("20_to_25", True, True), ("20_to_25", False, False),
    ("25_to_30", True, True), ("above_30", False, False), (None, True, None),
])
def test_it_agrees_with_a_band_above_20_when_turbulence_is_the_likelier(spec, band, turbulent, agrees):
    tables = given([0.0005] * 50 + [0.08 if turbulent else 0.0005], fit(0, 49))
    if band:
        tables["core.vix_state"] = draw([{"date": weekdays(51)[-1], "vix_close": 20, "band": band}])
    assert spec.rows(MODEL, tables, columns=["is_consistent_with_band"])[-1] == (agrees,)


def test_a_row_is_known_with_its_returns_its_fit_and_its_band(spec):
    days = weekdays(3)
    tables = given([0.001, 0.001, 0.001], fit(0, 1, known_at=f"{days[1]} 21:20"))
    tables["core.vix_state"] = draw([{"date": days[2], "band": "below_20", "known_at": f"{days[2]} 23:00"}])
    assert [k for k, in spec.rows(MODEL, tables, columns=["known_at"])] == [at(f"{days[1]} 21:20"), at(f"{days[2]} 23:00")]
    tables["core.index_level"] = tables["core.index_level"].replace(f"{days[0]} 21:15", "2020-03-01 12:00")
    assert [k for k, in spec.rows(MODEL, tables, columns=["known_at"])] == [at("2020-03-01 12:00")] * 2


def test_the_last_recorded_fit_of_a_month_stands(spec):
    raw = {"raw.regime_model_fit": """
        fitted_on  | returns | is_accepted | reason | input_rows | known_at         | fetched_at
        2026-02-27 | 1       | false       | a      | 1          | 2026-02-27 21:15 | 2026-03-01
        2026-02-27 | 2       | false       | b      | 2          | 2026-02-27 21:15 | 2026-04-01
        2026-03-31 | 3       | false       | c      | 3          | 2026-03-31 20:15 | 2026-04-01
    """}
    both = "fitted_on | returns\n"
    spec(FITS, raw, both + "2026-02-27 | 2\n2026-03-31 | 3")
    spec(FITS, raw, both + "2026-02-27 | 1", recorded_by="2026-03-15")
    spec(FITS, raw, both + "2026-02-27 | 2", as_of="2026-03-31 20:14")


def test_assertions_of_the_fits_can_fail(spec):
    accepted = fit(0, 99)
    assertions_fail(spec, FITS, {
        "an accepted fit is complete, a rejected one has its reason": [
            {**accepted, "mean_return": None}, {**accepted, "calm_variance": float("nan")},
            {**accepted, "reason": "why"}, {**accepted, "is_accepted": False}],
        "the turbulent state varies more": [{**accepted, "calm_variance": 1.0}, {**accepted, "calm_variance": 0.0}],
        "a state may end": [{**accepted, "calm_stay_probability": 0.995}, {**accepted, "turbulent_stay_probability": 1.0}],
        "both states are visited": [{**accepted, "turbulent_share": 0.04}, {**accepted, "turbulent_share": 0.96}],
        "a fit sees no later day": [{**accepted, "first_return_on": "2030-01-01"},
                                    {**accepted, "known_at": "2019-01-01"}],
    })


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a probability is one": [{"turbulent_probability": 1.1}, {"turbulent_probability": -0.1}],
        "turbulence varies more": [{"variance_ratio": 0.9}, {"variance_ratio": float("inf")}],
        "a fit is not from the future": {"date": "2026-03-02", "fitted_on": "2026-03-31"},
        "nothing is known before its day": {"date": "2026-03-02", "known_at": "2026-03-01 21:15"},
    })
