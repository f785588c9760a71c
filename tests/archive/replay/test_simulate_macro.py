"""The simulated macro series: what was known when, how it was revised, and that it fits the prices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive import simulated

from warehouse.catalog import load


@pytest.fixture(scope="module")
def archive() -> Path:
    return simulated()


def read(archive: Path, table: str) -> pd.DataFrame:
    frame = pd.read_parquet(archive / f"{table}.parquet")
    for column in frame.columns.intersection(["date", "realtime_start", "realtime_end"]):
        frame[column] = pd.to_datetime(frame[column])
    return frame


@pytest.fixture(scope="module")
def observations(archive: Path) -> pd.DataFrame:
    return read(archive, "observations")


@pytest.fixture(scope="module")
def close(archive: Path) -> pd.DataFrame:
    return read(archive, "bars").pivot(index="date", columns="symbol", values="close")


def test_every_series_of_the_catalog_has_plausible_values(observations: pd.DataFrame):
    catalog = load()
    assert set(observations.series_id) == set(catalog.series)
    for name, rows in observations.groupby("series_id"):
        low, high = catalog.series[name].range
        assert rows.value.dropna().between(low, high).all(), name
        assert rows.realtime_start.max() <= pd.Timestamp("2026-05-29")


def test_a_daily_value_is_known_when_the_catalog_says_and_never_revised(
    observations: pd.DataFrame, close: pd.DataFrame
):
    sessions = close.index[close["^IXIC"].notna()]
    for name, series in load().series.items():
        if series.known.lag_business_days is None:
            continue
        rows = observations[observations.series_id == name]
        assert set(rows.pit_quality) == {"rule"}
        assert rows.realtime_end.isna().all()
        assert not rows.date.duplicated().any()
        inside = rows[rows.date.isin(sessions)]
        place = sessions.get_indexer(inside.date) + series.known.lag_business_days
        assert (sessions[place] == pd.DatetimeIndex(inside.realtime_start)).all(), name


def test_the_second_source_says_the_closes_of_the_first_also_where_that_has_a_hole(
    observations: pd.DataFrame, close: pd.DataFrame
):
    for name, symbol in {"VIXCLS": "^VIX", "VXVCLS": "^VIX3M", "NASDAQCOM": "^IXIC", "SP500": "^GSPC",
                         "NASDAQ100": "^NDX"}.items():
        reported = observations[observations.series_id == name].set_index("date").value.dropna()
        both = close[symbol].reindex(reported.index)
        assert both.isna().sum() == (1 if symbol == "^VIX" else 0)
        assert (reported - both.round(2)).abs().max() < 1e-9, name
    assert np.isnan(close.loc["2025-11-12", "^VIX"])
    vix = observations[observations.series_id == "VIXCLS"].set_index("date").value
    assert vix["2025-11-12"] > 10


def test_holidays_are_missing_rows_or_rows_that_say_missing(observations: pd.DataFrame):
    reported = observations.pivot_table(index="date", columns="series_id", values="value", aggfunc="size")
    value = observations.groupby(["series_id", "date"]).value.last()
    assert np.isnan(value["DGS10", "2025-12-25"])
    assert np.isnan(value["DGS10", "2025-10-13"])     # a bond holiday, on which shares trade
    assert np.isnan(reported.loc["2025-12-25", "BAA10Y"])
    assert value["DFF", "2025-12-25"] > 0


def test_vintages_of_a_date_follow_each_other_without_a_gap(observations: pd.DataFrame):
    vintages = observations[observations.pit_quality == "vintage"].sort_values(["series_id", "date", "realtime_start"])
    groups = vintages.groupby(["series_id", "date"])
    following = groups.realtime_start.shift(-1)
    last = following.isna()
    assert vintages.realtime_end[last].isna().all()
    assert (vintages.realtime_end[~last] == following[~last] - pd.Timedelta(days=1)).all()
    assert (vintages.value[~last] != groups.value.shift(-1)[~last]).all()
    assert (vintages.realtime_start >= vintages.date).all()


def test_the_truth_lists_every_revision(archive: Path, observations: pd.DataFrame):
    revisions = read(archive, "truth/revisions")
    rows = observations.sort_values(["series_id", "date", "realtime_start"])
    previous = rows.groupby(["series_id", "date"]).value.shift(1)
    assert len(revisions) == previous.notna().sum()
    joined = revisions.merge(rows.assign(before=previous), on=["series_id", "date", "realtime_start"], validate="1:1")
    assert (joined.value_x == joined.value_y).all()
    assert (joined.previous == joined.before).all()


def test_payrolls_are_revised_twice_and_benchmarked_every_february(archive: Path, observations: pd.DataFrame):
    revisions = read(archive, "truth/revisions").query("series_id == 'PAYEMS'")
    benchmarks = revisions[revisions.reason == "annual benchmark"]
    months = benchmarks.realtime_start.dt.strftime("%Y-%m")
    assert sorted(months.unique()) == [f"{year}-02" for year in range(2021, 2027)]
    assert (benchmarks.groupby("realtime_start").size() >= 6).all()
    autumn = revisions[revisions.date == "2025-09-01"]
    assert list(autumn.reason) == ["second release", "third release", "annual benchmark"]
    first = observations[(observations.series_id == "PAYEMS")].groupby("date").realtime_start.min()
    assert (first.dt.dayofweek == 4).mean() > 0.95


def test_the_conditions_index_re_estimates_its_recent_past_each_week(archive: Path):
    revisions = read(archive, "truth/revisions").query("series_id == 'NFCI'")
    assert revisions.realtime_start.nunique() == 10
    for release, rows in revisions.groupby("realtime_start"):
        assert (release - rows.date).dt.days.max() <= 7 * 27
        assert len(rows) >= 15
    assert (revisions.value - revisions.previous).abs().max() < 0.03


def test_credit_spreads_widen_with_the_vix_and_the_curve_is_a_difference(observations: pd.DataFrame):
    value = observations.pivot_table(index="date", columns="series_id", values="value")
    daily = value[["BAMLH0A0HYM2", "VIXCLS", "T10Y2Y", "DGS10", "DGS2"]].dropna()
    assert daily.BAMLH0A0HYM2["2026-03-30"] > daily.BAMLH0A0HYM2["2026-02-02"] + 0.5
    assert daily.BAMLH0A0HYM2.iloc[252:].corr(daily.VIXCLS.rolling(10).mean().iloc[252:]) > 0.6
    assert (daily.T10Y2Y - (daily.DGS10 - daily.DGS2)).abs().max() < 0.011
