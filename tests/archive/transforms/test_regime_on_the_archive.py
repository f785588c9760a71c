"""marts.regime_daily and marts.rotation_daily on the real archive: figures that are facts of the market."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from archive import DROPPED_SESSION, OPEN_SPRING, built


@pytest.fixture(scope="module")
def con(real_archive):
    return built(real_archive)


def day(con, when: str, *columns: str) -> tuple:
    return con.execute(f"select {', '.join(columns)} from marts.regime_daily where date = ?", [when]).fetchone()


def test_the_spring_of_2026(con):
    assert day(con, "2026-03-27", "vix_close", "band_raw", "drawdown_return") == (
        31.05, "above_30", pytest.approx(-0.1256, abs=5e-5))
    assert day(con, "2026-03-30", "drawdown_return")[0] == pytest.approx(-0.1321, abs=5e-5)
    assert day(con, "2026-04-01", "band_raw", "band") == ("20_to_25", "25_to_30")
    assert day(con, "2026-04-13", "band_raw", "band") == ("below_20", "20_to_25")
    assert day(con, "2026-04-14", "vix_from_peak_21d_points", "vix_from_peak_21d_return", "band") == (
        pytest.approx(-12.69), pytest.approx(-0.4087, abs=5e-5), "below_20")


def test_the_spring_of_2025(con):
    assert day(con, "2025-04-03", "band_raw", "band") == ("above_30", "25_to_30")
    assert day(con, "2025-04-08", "vix_close", "band", "is_bear_market", "is_backwardation") == (
        52.33, "above_30", True, True)


def test_records_of_the_nasdaq(con):
    records = con.execute("""
        select count(*), min(date) filter (date >= '2026-03-01')
        from marts.regime_daily where is_ath_close and date >= '2024-01-02'""").fetchone()
    assert records == (92, date(2026, 4, 15))


def test_re_contraction_fired_three_times_from_autumn_to_spring(con):
    fired = con.execute("""
        select date::varchar from marts.regime_daily
        where is_recontraction and date between '2025-09-01' and '2026-05-31' order by date""").fetchall()
    assert [when for when, in fired] == ["2025-10-16", "2025-11-17", "2026-03-03"]


def test_the_one_hole_of_the_vix_is_filled_by_fred(con):
    assert con.execute("select date, known_at from marts.regime_daily where vix_source <> 'yahoo'").fetchall() == [
        (date(1999, 12, 31), datetime(2000, 1, 4, 4, 59))]  # noqa: DTZ001


def test_closes_and_drawdown_are_the_archives_by_pandas(con, real_archive):
    """Independent of every model: the archive's own bars on the exchange's sessions."""
    from exchange_calendars import get_calendar

    bars = pd.read_parquet(real_archive / "bars.parquet")
    closes = {s: bars[bars.symbol == s].assign(date=lambda b: pd.to_datetime(b.date)).set_index("date").close
              for s in ("^VIX", "^IXIC", "^VIX3M")}
    marts = con.execute("select * from marts.regime_daily order by date").df().set_index("date")
    sessions = get_calendar("XNYS", start="1990-01-01").sessions.intersection(closes["^IXIC"].index)
    assert (marts.index == sessions).all()
    nasdaq = closes["^IXIC"].reindex(sessions)
    vix = closes["^VIX"].reindex(sessions).fillna(marts.vix_close[marts.vix_source == "fred"])
    approx = pytest.approx
    assert marts.drawdown_return.to_numpy() == approx((nasdaq / nasdaq.cummax() - 1).to_numpy(), abs=1e-12)
    volatility = nasdaq.apply("log").diff().rolling(21).std() * 252**0.5
    assert marts.realized_vol_21d.to_numpy() == approx(volatility.to_numpy(), abs=1e-12, nan_ok=True)
    peak = vix.rolling(63, min_periods=57).max().where(vix.notna() & (np.arange(len(vix)) >= 62))  # nine in ten
    assert marts.vix_peak_63d.to_numpy() == approx(peak.to_numpy(), abs=0, nan_ok=True)
    rank = vix.rolling(2520, min_periods=1260).rank(method="max", pct=True)
    assert marts.vix_percentile_2520.to_numpy() == approx(rank.to_numpy(), abs=1e-12, nan_ok=True)
    ratio = vix / closes["^VIX3M"].reindex(sessions)
    assert marts.vix_term_ratio.to_numpy() == approx(ratio.to_numpy(), abs=1e-12, nan_ok=True)


def test_the_stages_of_spring_2026(con):
    stages = con.execute("""
        select stage, min(date)::varchar from (
            select date, stage, count(*) filter (changes) over (order by date) as spell from (
                select date, stage, stage <> lag(stage) over (order by date) as changes
                from marts.regime_daily where date >= '2026-03-20'))
        group by spell, stage order by 2""").fetchall()
    assert stages == [
        ("consolidation", "2026-03-20"), ("high_vol_risk_off", "2026-03-27"), ("consolidation", "2026-03-31"),
        ("re_entry", "2026-04-02"), ("mid_late_dispersion", "2026-04-14"), ("risk_on_expansion", "2026-05-18"),
        ("mid_late_dispersion", "2026-05-20")]


def test_the_risk_score_is_the_mean_of_six_rolling_ranks_by_pandas(con):
    marts = con.execute("select * from marts.regime_daily order by date").df().set_index("date")
    gauges = marts[["vix_close", "vix_term_ratio", "baa10y_pct", "nfci", "realized_vol_21d"]].assign(
        depth=-marts.drawdown_return)
    ranks = gauges.rolling(2520, min_periods=504).rank(method="max", pct=True)
    assert (marts.risk_score_inputs == ranks.notna().sum(axis=1)).all()
    score = (100 * ranks.mean(axis=1)).where(ranks.notna().sum(axis=1) >= 4)
    assert marts.risk_score.to_numpy() == pytest.approx(score.to_numpy(), abs=1e-9, nan_ok=True)
    assert marts.risk_score.idxmax() == pd.Timestamp("2008-11-20")
    assert day(con, "2026-03-30", "risk_score", "risk_score_inputs") == (pytest.approx(69.266, abs=5e-4), 6)


def test_the_month_end_fits_are_those_of_statsmodels_from_its_own_start(con):
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    returns = con.execute("""
        select date, log_return from core.index_level
        where symbol = '^IXIC' and date <= '2026-03-31' order by date""").df().log_return[-2520:]
    theirs = MarkovRegression(returns.to_numpy() * 100, k_regimes=2, switching_trend=False,
                              switching_variance=True).fit()
    ours, = con.execute("""
        select calm_stay_probability, 1 - turbulent_stay_probability, mean_return * 100, calm_variance * 1e4,
            turbulent_variance * 1e4, log_likelihood - 2520 * ln(100), returns
        from staging.regime_model_fit where fitted_on = '2026-03-31'""").fetchall()
    assert ours == (*(pytest.approx(p, rel=1e-3) for p in theirs.params), pytest.approx(theirs.llf, abs=1e-2), 2520)


def test_the_turbulent_state_of_spring_2026(con):
    turbulent = dict(con.execute("""
        select date::varchar, turbulent_probability from marts.regime_model_daily
        where date between '2026-03-20' and '2026-05-29'""").fetchall())
    assert turbulent["2026-03-25"] == pytest.approx(0.229, abs=2e-3)
    assert turbulent["2026-03-27"] == pytest.approx(0.989, abs=2e-3)
    assert turbulent["2026-03-31"] > 0.9999


def test_signals_of_spring_2026(con):
    signals = con.execute("""
        select date::varchar, signal, previous, current from marts.signal_daily
        where date between '2026-03-24' and '2026-04-14' and severity <> 'info'
            and signal in ('band', 'stage', 'correction', 'recontraction') order by all""").fetchall()
    assert signals == [
        ("2026-03-26", "correction", "none", "correction"), ("2026-03-27", "band", "25_to_30", "above_30"),
        ("2026-03-27", "stage", "consolidation", "high_vol_risk_off"), ("2026-03-31", "band", "above_30", "25_to_30"),
        ("2026-03-31", "stage", "high_vol_risk_off", "consolidation"), ("2026-04-02", "band", "25_to_30", "20_to_25"),
        ("2026-04-14", "stage", "re_entry", "mid_late_dispersion")]
    for signal, evidence in con.execute("""
        select signal, any_value(evidence) from marts.signal_daily group by signal""").fetchall():
        # The day a state changed and the day before it; a fall is its own day's.
        assert len(con.execute(evidence).fetchall()) >= (1 if signal.startswith("unexplained_fall") else 2)


def test_semiconductors_led_in_may_2026(con):
    strength = con.execute("""
        select basket, rs_21d, rs_rank from marts.rotation_daily
        where date = '2026-05-15' and rs_rank is not null order by rs_rank""").fetchall()
    assert [(b, pytest.approx(rs, abs=5e-5), rank) for b, rs, rank in strength] == [
        ("semiconductors", 0.1903, 1), ("crypto_equity", 0.0187, 2), ("ai_leaders", -0.0162, 3),
        ("defensive", -0.0929, 4)]


def test_the_session_the_feed_dropped_loses_no_return(con):
    rows = con.execute("""
        select basket_return, benchmark_return, gap_sessions, rs_rank from marts.rotation_daily
        where basket = 'semiconductors' and date between '2026-02-24' and '2026-02-25' order by date""").fetchall()
    nasdaq = [r for r, in con.execute("""
        select price_return from core.index_level
        where symbol = '^IXIC' and date between '2026-02-24' and '2026-02-25' order by date""").fetchall()]
    assert rows[0] == (None, nasdaq[0], None, None)
    assert rows[1][1:3] == (pytest.approx((1 + nasdaq[0]) * (1 + nasdaq[1]) - 1), 1)


@pytest.mark.parametrize("as_of", [OPEN_SPRING, DROPPED_SESSION], ids=str)
@pytest.mark.parametrize(("mart", "rows"), [("marts.regime_daily", 5000), ("marts.rotation_daily", 5000),
                                            ("marts.regime_model_daily", 60), ("marts.signal_daily", 1500)])
def test_no_row_looks_ahead(con, real_archive, mart, rows, as_of):
    """Every row known by then stood there already, to the last bit; only that day's row may still have waited."""
    today = con.execute(f"select * from {mart} where known_at <= ?", [as_of.replace(tzinfo=None)]).fetchall()
    then = built(real_archive, as_of).execute(f"select * from {mart}").fetchall()
    assert set(today) <= set(then)
    assert {row[0] for row in set(then) - set(today)} <= {as_of.date()}
    assert len(today) > rows
