"""What is planted in the simulated market is what the marts find: contributions, the order of leadership, dispersion."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from archive import built, simulated

# From here on the catalog's instruments hold every member the simulator weighs.
FIRST = pd.Timestamp("2023-04-10")


@pytest.fixture(scope="module")
def folder() -> Path:
    return simulated()


@pytest.fixture(scope="module")
def con(folder: Path) -> duckdb.DuckDBPyConnection:
    return built(folder)


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    """The simulator's own weights, returns and contributions by plain market capitalization."""
    frame = pd.read_parquet(folder / "truth" / "index_weight.parquet")
    frame = frame[(frame.scheme == "full_cap") & frame.contribution.notna()]
    return frame.assign(date=pd.to_datetime(frame.date))


def test_contributions_over_windows_are_those_of_the_true_days(con, truth):
    daily = truth.pivot(index="date", columns="issuer", values="contribution").sort_index()
    returns = daily.sum(axis=1)
    days = [pd.Timestamp(d) for d, in con.execute("select date from staging.session order by date").fetchall()]
    random = np.random.default_rng(7)
    anywhere = random.choice(daily.index[daily.index > "2023-08-01"], 6)
    # 2025-09-16 is the session no stock has a bar on: of these windows it is the middle and the start.
    for today in (*map(pd.Timestamp, ("2025-09-17", "2025-09-23")), *anywhere):
        for n in (5, 21, 63):
            place = days.index(today)
            window = daily.reindex(days[place - n + 1:place + 1]).dropna(how="all").dropna(how="all", axis=1)
            change = returns[window.index]
            total = float(np.prod(1 + change) - 1)
            linked = window.mul(np.log1p(change) / change, axis=0).sum() * total / np.log1p(total)
            got = con.execute("""
                select issuer, contribution from marts.contribution_window
                where date = ? and window_sessions = ? and weight_scheme = 'full_cap'""", [today, n]).df()
            got = got.set_index("issuer")
            assert set(got.index) == set(linked.index)
            assert got.contribution[linked.index].to_numpy() == pytest.approx(linked.to_numpy(), abs=1e-12)
            assert got.contribution.sum() == pytest.approx(total, abs=1e-12)


def test_the_share_of_the_largest_is_that_of_the_true_ones(con, truth):
    daily = truth.pivot(index="date", columns="issuer", values="contribution").sort_index()
    weight = truth.pivot(index="date", columns="issuer", values="open_weight").sort_index()
    returns = daily.sum(axis=1)
    shares = con.execute("""
        select date, top10_return_share_63d from marts.concentration_daily
        where weight_scheme = 'full_cap' and top10_return_share_63d is not null""").df().set_index("date")
    days = [pd.Timestamp(d) for d, in con.execute("select date from staging.session order by date").fetchall()]
    for today in shares.index[shares.index > "2023-08-01"][::97]:
        place = days.index(today)
        window = daily.reindex(days[place - 62:place + 1]).dropna(how="all")
        change = returns[window.index]
        linked = window.mul(np.log1p(change) / change, axis=0).sum() / np.log1p(change).sum()
        largest = weight.loc[window.index[0]].nlargest(10).index
        assert shares.top10_return_share_63d[today] == pytest.approx(linked[largest].sum(), abs=1e-10)


def test_dispersion_is_that_of_the_true_returns(con, truth):
    rows = con.execute("select date, dispersion from marts.rotation_speed_daily").df().set_index("date").dispersion
    grouped = truth[truth.date >= FIRST].groupby("date")
    mean = grouped.contribution.sum()
    square = grouped.apply(lambda day: float((day.open_weight * day.price_return**2).sum()))
    assert rows[mean.index].to_numpy() == pytest.approx(np.sqrt(square - mean**2).to_numpy(), abs=1e-10)


def test_the_planned_order_of_leadership_is_found(con, folder):
    planned = pd.read_parquet(folder / "truth" / "leadership.parquet").set_index("tier").lead_date
    row, = con.execute("""
        select declared_on, ai_leaders_lead_date as ai_leaders, semiconductors_lead_date as semiconductors,
            crypto_equity_lead_date as crypto_equity, defensive_lead_date as defensive, order_observed, verdict,
            kendall_tau, sessions_observed, known_at
        from marts.rotation_sequence where episode = '2026-03-27'""").df().to_dict("records")
    for tier in ("ai_leaders", "semiconductors", "crypto_equity"):
        assert row[tier].date() == pd.Timestamp(planned[tier]).date()
    assert pd.isna(row["defensive"])
    assert (row["order_observed"], row["verdict"], row["kendall_tau"]) == (
        "ai_leaders < semiconductors < crypto_equity", "match", 1)
    # Settled two sessions after the last of the three began to lead, long before the archive ends.
    assert (row["sessions_observed"], row["known_at"].date()) == (21, date(2026, 4, 28))


def test_the_planned_deviation_of_each_tier_is_found(con, folder):
    planned = pd.read_parquet(folder / "truth" / "tier_excess.parquet")
    planned["date"] = pd.to_datetime(planned.date)
    found = dict(con.execute("select tier, deviation from core.tier_lead where episode = '2026-03-27'").fetchall())
    for tier, excess in planned[planned.date <= "2026-03-27"].groupby("tier"):
        planned_deviation = excess.sort_values("date").excess_log_return.iloc[-63:].std()
        assert found[tier] == pytest.approx(planned_deviation, rel=1e-3)     # closes are rounded to cents
