"""The month-end fit: a planted model is found, what describes no two states is rejected, no fit sees a later day."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pytest

from transforms import regime_model
from warehouse.calendar import sessions
from warehouse.data_folder import SCHEMA
from warehouse.fits import MonthEnd

MONTH = MonthEnd(date(2026, 3, 31), datetime(2026, 3, 31, 20, 15), 7)  # noqa: DTZ001
CALM, TURBULENT = 0.008, 0.022
RECORDED = datetime(2026, 4, 15)  # noqa: DTZ001
NOW = RECORDED.replace(tzinfo=UTC)


def planted(count: int = 2520, seed: int = 3, calm_stay: float = 0.985, turbulent_stay: float = 0.96):
    """Returns of a chain of two states with these daily deviations, mean 0.0005, and the states."""
    random = np.random.default_rng(seed)
    states = [0]
    for draw in random.random(count - 1):
        stay = (calm_stay, turbulent_stay)[states[-1]]
        states.append(states[-1] if draw < stay else 1 - states[-1])
    states = np.array(states)
    return random.normal(0.0005, np.where(states == 1, TURBULENT, CALM)), states


def fit(returns):
    days = [MONTH.date - timedelta(days=len(returns) - 1 - i) for i in range(len(returns))]
    return regime_model.fit(MONTH, days, np.asarray(returns))


@cache
def found():
    return fit(planted()[0])


def test_a_planted_model_is_found():
    assert (found().is_accepted, found().reason) == (True, "")
    assert found().calm_variance**0.5 == pytest.approx(CALM, rel=0.05)
    assert found().turbulent_variance**0.5 == pytest.approx(TURBULENT, rel=0.08)
    assert found().calm_stay_probability == pytest.approx(0.985, abs=0.01)
    assert found().turbulent_stay_probability == pytest.approx(0.96, abs=0.02)
    assert found().mean_return == pytest.approx(0.0005, abs=0.0005)
    assert found().turbulent_share == pytest.approx(planted()[1].mean(), abs=0.05)


def test_the_parameters_are_the_maximum_of_the_likelihood():
    """Of statsmodels' model of the returns themselves: the score vanishes, and the log-likelihood is the one kept."""
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    model = MarkovRegression(planted()[0], k_regimes=2, trend="c", switching_trend=False, switching_variance=True)
    at = np.array([found().calm_stay_probability, 1 - found().turbulent_stay_probability, found().mean_return,
                   found().calm_variance, found().turbulent_variance])
    assert model.loglike(at) == pytest.approx(found().log_likelihood, abs=1e-3)
    # In units of each parameter: to first order a hundredth more or less changes the likelihood by under 1e-6.
    units = np.array([1 - at[0], *at[1:]])
    assert np.abs(model.score(at) * units).max() < 1e-4
    for i in range(5):
        for step in (-0.01, 0.01):
            moved = at + step * units * (np.arange(5) == i)
            assert model.loglike(moved) < model.loglike(at)


def test_the_same_returns_give_the_same_parameters_and_only_the_newest_2520_count():
    returns = planted()[0]
    again = fit(np.concatenate([np.full(100, 0.5), returns]))
    assert again == found()
    assert (found().returns, found().first_return_on) == (2520, MONTH.date - timedelta(days=2519))


def test_scale_is_no_matter():
    double = fit(2 * planted()[0])
    assert double.turbulent_variance == pytest.approx(4 * found().turbulent_variance, rel=1e-5)
    assert double.calm_stay_probability == pytest.approx(found().calm_stay_probability, rel=1e-6)


@pytest.mark.parametrize(("returns", "reason"), [
    (planted(503)[0], "503 returns, 504 are needed"),
    ([0.001] * 600, "the returns do not vary"),
    ([], "0 returns, 504 are needed"),
])
def test_without_enough_to_fit_nothing_is_fitted(returns, reason):
    rejected = fit(returns)
    assert (rejected.is_accepted, rejected.reason, rejected.calm_variance) == (False, reason, None)


@pytest.mark.parametrize("stay", [1.0, 0.9999])
@pytest.mark.parametrize("state", ["calm", "turbulent"])
def test_a_state_that_is_not_seen_to_end_is_rejected(state, stay):
    figures = {"calm_stay_probability": 0.98, "turbulent_stay_probability": 0.96, "turbulent_share": 0.3}
    assert regime_model.fault(figures, 2520) == ""
    assert regime_model.fault({**figures, f"{state}_stay_probability": stay}, 2520) == (
        f"the {state} state is expected to last longer than the window")


def test_a_state_of_a_few_days_is_rejected():
    random = np.random.default_rng(9)
    returns = random.normal(0, 0.008, 2000)
    for start in (300, 900, 1500):
        returns[start: start + 8] = random.normal(0, 0.08, 8)
    rejected = fit(returns)
    assert (rejected.is_accepted, rejected.reason) == (False, "the turbulent state is visited on under 5% of the window")


def test_a_fit_says_what_it_was_made_from():
    assert (found().fitted_on, found().known_at, found().input_rows) == (MONTH.date, MONTH.known_at, 7)


@pytest.fixture
def con():
    """A warehouse in which ^IXIC follows the planted returns on 800 sessions to 14 April 2026."""
    con = duckdb.connect()
    con.execute(SCHEMA.read_text())
    opened = [s for s in sessions(2026) if s[0].year >= 2022]
    calendar = pd.DataFrame([(*s, RECORDED) for s in opened])  # noqa: F841, DuckDB reads it
    con.execute("insert into raw.catalog_session from calendar")
    con.execute("insert into raw.catalog_instrument values ('^IXIC', 'Nasdaq', 'index', '^IXIC', null, true, false, "
                "null, null, '1990-01-02', null, false, ?)", [RECORDED])
    con.execute("insert into raw.catalog_series values "
                "('NASDAQCOM', 'Nasdaq', 'index', 'daily', false, '^IXIC', '2022-01-01', 7, ?)", [RECORDED])
    past = [s for s in opened if s[0] <= date(2026, 4, 14)][-800:]
    closes = 10_000 * np.exp(np.cumsum(planted(800)[0]))
    bars = pd.DataFrame([(day, float(close), closed + timedelta(minutes=15), RECORDED)  # noqa: F841, DuckDB reads it
                         for (day, _, closed), close in zip(past, closes, strict=True)],
                        columns=["day", "close", "known_at", "fetched_at"])
    con.execute("insert into raw.price_bar select '^IXIC', day, null, null, null, close, 0, false, known_at, fetched_at, "
                "'test', 'rule', 'test' from bars")
    return con


def fit_missing(con, start, now=NOW):
    return regime_model.fit_missing(con, start, now, "run-1", lambda line: None)


def stored(con) -> list[tuple]:
    return con.execute("select * exclude (fetched_at, run_id) from raw.regime_model_fit order by all").fetchall()


def test_a_range_is_fitted_from_the_month_end_before_it_once(con):
    assert fit_missing(con, date(2026, 2, 2)) == 3
    assert [(row[0], row[2], row[10]) for row in stored(con)] == [
        (date(2026, 1, 30), 749, True), (date(2026, 2, 27), 768, True), (date(2026, 3, 31), 790, True)]
    assert fit_missing(con, date(2026, 2, 2)) == fit_missing(con, None) == 0


def test_a_range_cut_in_two_has_the_same_fits(con):
    fit_missing(con, date(2026, 3, 2))
    fit_missing(con, date(2026, 2, 2))
    cut = stored(con)
    con.execute("delete from raw.regime_model_fit")
    fit_missing(con, date(2026, 2, 2))
    assert stored(con) == cut


def test_a_correction_changes_the_fits_of_month_ends_after_it_only(con):
    fit_missing(con, date(2026, 2, 2))
    before = stored(con)
    con.execute("""
        insert into raw.price_bar
        select symbol, date, open, high, low, close * 1.2, volume, false, '2026-03-05 12:00', fetched_at, source,
            'snapshot', run_id from raw.price_bar where date = '2026-02-10'""")
    assert fit_missing(con, None) == 1
    after = stored(con)
    assert after[:2] == before[:2]
    assert after[2][0] == before[2][0] == date(2026, 3, 31)
    assert after[2][4:8] != before[2][4:8]
    # Fitted from scratch, each month-end is fitted to what it knew: the older ones to the uncorrected close.
    con.execute("delete from raw.regime_model_fit")
    fit_missing(con, date(2026, 2, 2))
    assert [row[:12] for row in stored(con)] == [row[:12] for row in after]


def test_a_bar_that_came_late_leaves_the_second_source_in_its_place(con):
    con.execute("update raw.price_bar set known_at = '2026-03-05 12:00' where date = '2026-02-10'")
    returns = {month.date: len(days) for month, days, _ in regime_model.returns_known(
        con, regime_model.unfitted(con, "^IXIC", date(2026, 2, 2), NOW), NOW)}
    assert returns == {date(2026, 1, 30): 749, date(2026, 2, 27): 767, date(2026, 3, 31): 790}
    con.execute("insert into raw.macro_observation values ('NASDAQCOM', '2026-02-10', 10000, false, '2026-02-12', $at, "
                "'fred', 'rule', 'test')", {"at": RECORDED})
    returns = {month.date: len(days) for month, days, _ in regime_model.returns_known(
        con, regime_model.unfitted(con, "^IXIC", date(2026, 2, 2), NOW), NOW)}
    assert returns == {date(2026, 1, 30): 749, date(2026, 2, 27): 768, date(2026, 3, 31): 790}


def test_a_market_without_the_index_has_no_fits(con):
    con.execute("delete from raw.price_bar")
    assert fit_missing(con, date(2026, 2, 2)) == 0


def test_statsmodels_is_only_imported_to_fit():
    code = "import sys, flows.pipeline.run, transforms.regime_model; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_fit_has_no_field_that_is_not_recorded(con):
    columns = [row[0] for row in con.execute("describe raw.regime_model_fit").fetchall()]
    assert list(asdict(found())) == columns[: len(asdict(found()))]
