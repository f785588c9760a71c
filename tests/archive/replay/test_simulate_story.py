"""The planted story, asserted from the written bars and series with rules of the tests' own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive import simulated

from warehouse.catalog import load

PEAK = pd.Timestamp("2026-03-27")
TIERS = ("defensive", "ai_leaders", "semiconductors", "crypto_equity")


@pytest.fixture(scope="module", params=[7, 11], ids=["seed 7", "seed 11"])
def archive(request: pytest.FixtureRequest) -> Path:
    return simulated(request.param)


def read(archive: Path, table: str) -> pd.DataFrame:
    frame = pd.read_parquet(archive / f"{table}.parquet")
    for column in frame.columns.intersection(["date", "realtime_start", "realtime_end", "lead_date"]):
        frame[column] = pd.to_datetime(frame[column])
    return frame


@pytest.fixture(scope="module")
def close(archive: Path) -> pd.DataFrame:
    """Closes by session and symbol, adjusted for splits."""
    close = read(archive, "bars").pivot(index="date", columns="symbol", values="close")
    close = close[close["^IXIC"].notna()]
    actions = read(archive, "actions")
    splits = actions[actions.split_ratio.notna()].pivot(index="date", columns="symbol", values="split_ratio")
    return close * splits.reindex(index=close.index, columns=close.columns).fillna(1.0).cumprod()


def records(level: pd.Series) -> pd.Series:
    return level > level.cummax().shift(1)


def test_the_vix_peaks_near_31_and_stands_at_18_3_eleven_sessions_later(close: pd.DataFrame):
    vix = close["^VIX"]
    assert vix["2026-03-15":"2026-03-31"].idxmax() == PEAK
    assert vix[PEAK] == 31.05
    assert vix["2026-04-14"] == pytest.approx(18.3, abs=0.2)
    assert vix["2026-04-14"] - vix[PEAK] == pytest.approx(-12.7, abs=0.2)
    assert vix["2026-04-14"] / vix[PEAK] - 1 == pytest.approx(-0.41, abs=0.015)
    assert (vix["2026-04-01":"2026-04-08"] > 25).all()
    assert (vix["2026-04-14":] < 20).all()


def test_the_composite_corrects_in_march_and_closes_at_records_from_mid_april_on(archive: Path, close: pd.DataFrame):
    level = close["^IXIC"]
    drawdown = level / level.cummax() - 1
    assert drawdown["2026-03-20":"2026-03-31"].min() <= -0.10
    record = records(level)
    assert not record["2026-03-01":"2026-04-14"].any()
    assert record["2026-04-15"]
    assert record["2026-04-15":].sum() >= 5
    high = read(archive, "bars").query("symbol == '^IXIC'").set_index("date").high
    assert records(high)["2026-04-15":"2026-04-30"].any()


def test_technology_is_the_resilient_part_of_the_consolidation(close: pd.DataFrame):
    early_april = close["2026-03-31":"2026-04-08"]
    change = early_april.iloc[-1] / early_april.iloc[0] - 1
    assert change["XLK"] > change["SPY"]


def test_the_composite_is_at_a_record_on_days_when_the_sp500_falls(archive: Path, close: pd.DataFrame):
    reported = json.loads((archive / "truth" / "story.json").read_text())["divergent_days"]
    divergent = records(close["^IXIC"]) & (close["^GSPC"].pct_change() < 0)
    assert reported
    assert divergent[pd.to_datetime(reported)].all()


def test_the_vix_has_a_crisis_a_calm_year_and_returns_above_22(close: pd.DataFrame):
    vix = close["^VIX"].ffill()
    assert vix["2025-04"].max() > 45
    assert vix.between(9, 60).all()
    assert vix["2023-05":"2024-07"].median() < 17
    below, fired = False, []
    for day, value in vix.items():
        if value > 22 and below:
            fired.append(day)
        if not 20 <= value <= 22:
            below = value < 20
    assert len(fired) >= 3


def test_the_term_structure_inverts_in_stress_and_not_in_calm(close: pd.DataFrame):
    ratio = close["^VIX"] / close["^VIX3M"]
    assert ratio[PEAK] > 1
    assert ratio["2025-04-08"] > 1
    assert (ratio[close["^VIX"] < 18] < 1).mean() > 0.99


def test_the_vix_follows_what_the_market_does(close: pd.DataFrame):
    daily = np.log(close["^IXIC"]).diff()
    realized = daily.rolling(21).std() * np.sqrt(252) * 100
    vix = close["^VIX"].ffill()
    assert np.corrcoef(realized.dropna(), vix[realized.notna()])[0, 1] > 0.5
    assert np.corrcoef(daily[1:], np.log(vix).diff()[1:])[0, 1] < -0.5


def leads(close: pd.DataFrame, peak: pd.Timestamp) -> dict[str, int | None]:
    """Sessions after the peak until a tier's cumulative log excess beats one deviation x sqrt(sessions) and holds."""
    benchmark = np.log(close["^IXIC"]).diff()
    found: dict[str, int | None] = {}
    for tier in load().tiers:
        members = [m.symbol for m in tier.members]
        returns = close[members].pct_change(fill_method=None).mean(axis=1)
        excess = np.log1p(returns) - benchmark
        place = excess.index.get_loc(peak)
        deviation = excess.iloc[place - 62:place + 1].std()
        path = excess.iloc[place + 1:].cumsum().to_numpy()
        over = path > deviation * np.sqrt(np.arange(1, len(path) + 1))
        holds = [k + 1 for k in range(len(path) - 2) if over[k] and (path[k:k + 3] > 0).all()]
        found[tier.id] = holds[0] if holds else None
    return found


def test_ai_leaders_lead_then_semiconductors_then_crypto_and_defensives_lag(archive: Path, close: pd.DataFrame):
    found = leads(close, PEAK)
    assert found == {"defensive": None, "ai_leaders": 3, "semiconductors": 12, "crypto_equity": 19}
    truth = read(archive, "truth/leadership").set_index("tier")
    place = close.index.get_loc(PEAK)
    for tier in TIERS[1:]:
        assert truth.lead_date[tier] == close.index[place + found[tier]]


def test_the_spring_has_one_vix_episode_and_it_is_that_peak(close: pd.DataFrame):
    vix = close["^VIX"].ffill()
    window = vix.rolling(63).max()
    declared = []
    for place in np.flatnonzero((vix > 25) & (vix == window)):
        after = vix.iloc[place + 1:]
        higher, relief = after[after > vix.iloc[place]], after[after <= 0.8 * vix.iloc[place]]
        if len(relief) and (higher.empty or relief.index[0] < higher.index[0]):
            declared.append((vix.index[place], relief.index[0]))
    spring = [(peak, day) for peak, day in declared if peak >= pd.Timestamp("2026-01-01")]
    assert spring == [(PEAK, pd.Timestamp("2026-04-09"))]
    assert len(declared) >= 6


def test_bitcoin_rallies_in_mid_april_and_crypto_stocks_move_with_it(archive: Path, close: pd.DataFrame):
    coin = read(archive, "bars").query("symbol == 'BTC-USD'").set_index("date").close
    assert coin["2026-04-20"] / coin["2026-04-10"] - 1 > 0.08
    members = [m.symbol for m in load().baskets["crypto_equity"].members]
    basket = close[members].pct_change(fill_method=None).mean(axis=1).iloc[-252:]
    before_the_close = coin.shift(1).reindex(close.index).pct_change(fill_method=None).iloc[-252:]
    assert basket.corr(before_the_close) > 0.25
    assert basket.std() > 1.5 * close["XLK"].pct_change(fill_method=None).iloc[-252:].std()


def test_semiconductors_beat_the_market_over_the_last_quarter(close: pd.DataFrame):
    change = close.iloc[-1] / close.iloc[-64] - 1
    assert change["SMH"] > change["SPY"]
