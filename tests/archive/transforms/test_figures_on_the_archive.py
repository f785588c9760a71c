"""Marts of the real archive against pandas, scipy and statsmodels, and against figures that were checked elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from archive import built
from references import carino_linked, hac_regression, weekly_rotation
from scipy import stats


def test_contributions_of_the_real_archive_are_those_of_its_days(real_archive):
    """Linked by pandas from marts.contribution_daily; the dropped session of 2026-02-24 is inside each window."""
    con = built(real_archive)
    daily = con.execute("""
        select date, issuer, contribution from marts.contribution_daily where weight_scheme = 'full_cap'""").df()
    daily = daily.pivot(index="date", columns="issuer", values="contribution")
    days = [d for d, in con.execute("select date from staging.session order by date").fetchall()]
    for today in ("2026-02-25", "2026-02-27", "2026-03-25", "2026-05-22"):
        for n in (5, 21, 63):
            place = days.index(pd.Timestamp(today).date())
            window = daily.reindex(pd.to_datetime(days[place - n + 1:place + 1]))
            window = window.dropna(how="all").dropna(how="all", axis=1)
            wanted, total = carino_linked(window.to_numpy())
            got = con.execute("""
                select issuer, contribution, index_return from marts.contribution_window
                where date = ? and window_sessions = ? and weight_scheme = 'full_cap' order by issuer""", [today, n]).df()
            assert list(got.issuer) == list(window.columns)
            assert got.contribution.to_numpy() == pytest.approx(wanted, abs=1e-14)
            assert got.contribution.sum() == pytest.approx(total, abs=1e-12)


def test_who_carried_the_rally_of_spring_2026(real_archive):
    con = built(real_archive)
    largest = con.execute("""
        select issuer from marts.contribution_window
        where date = '2026-05-29' and window_sessions = 63 and weight_scheme = 'full_cap'
        order by contribution desc limit 4""").fetchall()
    share, = con.execute("""
        select top10_return_share_63d from marts.concentration_daily
        where date = '2026-05-29' and weight_scheme = 'full_cap'""").fetchone()
    assert [issuer for issuer, in largest] == ["GOOGL", "NVDA", "AMZN", "AAPL"]
    assert share == pytest.approx(0.6030, abs=5e-5)


def test_spreads_of_the_real_archive_are_pandas(real_archive):
    bars = pd.read_parquet(real_archive / "bars.parquet")
    nasdaq, sp500 = (bars[bars.symbol == s].assign(date=lambda b: pd.to_datetime(b.date)).set_index("date").close
                     for s in ("^IXIC", "^GSPC"))
    rows = built(real_archive).execute("select * from marts.divergence_daily order by date").df().set_index("date")
    nasdaq, sp500 = nasdaq.reindex(rows.index), sp500.reindex(rows.index)
    for n in (1, 5, 21, 63, 252):
        wanted = nasdaq.pct_change(n, fill_method=None) - sp500.pct_change(n, fill_method=None)
        assert rows[f"spread_{n}d_return"].to_numpy() == pytest.approx(wanted.to_numpy(), abs=1e-12, nan_ok=True)
    divergent = (nasdaq > nasdaq.cummax().shift()) & (sp500.pct_change(fill_method=None) < 0)
    assert (rows.is_divergent_day.fillna(False).astype(bool) == divergent).all()


def test_no_record_of_spring_2026_came_while_the_sp500_fell(real_archive):
    found = built(real_archive).execute("""
        select count(*) filter (date >= '2024-01-02'), max(date)::varchar from marts.divergence_daily
        where is_divergent_day""").fetchone()
    assert found == (7, "2025-10-29")


def test_betas_of_the_real_archive_are_statsmodels(real_archive):
    con = built(real_archive)
    pairs = con.execute("select * from core.rate_pair order by asset, position").df()
    for asset in ("^IXIC", "^GSPC", "xlf", "xlre", "ai_leaders", "crypto_equity"):
        rows = con.execute("""
            select b.*, position from marts.rate_beta_daily b join staging.session using (date)
            where asset = ? and rate_beta_126d is not null order by date""", [asset]).df()
        for _, row in rows.iloc[[0, len(rows) // 2, -1]].iterrows():
            held = pairs[(pairs.asset == asset) & pairs.position.between(row.position - 125, row.position)
                         & (pairs.from_position <= row.position)]
            control = None if asset == "^GSPC" else held.control_return
            wanted = hac_regression(held.rate_change_bp, control, held.asset_return)
            figures = tuple(row[["rate_beta_126d", "rate_beta_126d_standard_error", "r_squared"]])
            assert figures == pytest.approx(wanted, rel=1e-8)
            assert row.pairs == len(held)


def test_who_feared_rates_in_may_2026(real_archive):
    found = dict(built(real_archive).execute("""
        select asset, rate_beta_126d from marts.rate_beta_daily where date = '2026-05-29'""").fetchall())
    assert len(found) == 16
    assert found["^GSPC"] == pytest.approx(-0.00077, abs=5e-6)
    assert found["xlu"] == pytest.approx(-0.00094, abs=5e-6)
    assert found["xle"] == pytest.approx(0.00096, abs=5e-6)
    assert found["ai_leaders"] == pytest.approx(0.00019, abs=5e-6)


def test_the_real_archives_weeks_are_pandas(real_archive):
    con = built(real_archive)
    levels = con.execute("""
        select date, relative_log_level from core.basket_level where basket = 'xle' and date < '2026-05-30'
        order by date""").df()
    days = [day.date() for day in levels.date]
    wanted = weekly_rotation(levels.relative_log_level.to_numpy(), days)
    rows = con.execute("select * from core.relative_rotation where basket = 'xle' order by date").df()
    assert rows.rs_ratio.to_numpy() == pytest.approx(wanted.rs_ratio.to_numpy(), abs=1e-7, nan_ok=True)
    assert rows.rs_momentum.to_numpy() == pytest.approx(wanted.rs_momentum.to_numpy(), abs=1e-7, nan_ok=True)
    found = con.execute("""
        select basket, quadrant from marts.rotation_daily
        where date = '2026-05-29' and basket in ('semiconductors', 'crypto_equity', 'ai_leaders', 'defensive')
        order by basket""").fetchall()
    assert found == [("ai_leaders", "lagging"), ("crypto_equity", "leading"), ("defensive", "improving"),
                     ("semiconductors", "weakening")]


def test_the_spring_of_2026_on_the_real_archive(real_archive):
    found = built(real_archive).execute("""
        select declared_on::varchar, ai_leaders_lead_date::varchar, semiconductors_lead_date::varchar,
            crypto_equity_lead_date::varchar, defensive_lead_date, verdict, known_at::varchar
        from marts.rotation_sequence where episode = '2026-03-27'""").fetchone()
    assert found == ("2026-04-01", "2026-03-30", "2026-04-08", "2026-04-20", None, "match", "2026-04-22 20:15:00")


def test_the_order_of_2026_is_one_of_several(real_archive):
    """Of the eight episodes the archive can judge, two match, one ties, four stay incomplete and one is open."""
    found = built(real_archive).execute("""
        select verdict, count(*) from marts.rotation_sequence
        where verdict is not null group by verdict order by verdict""").fetchall()
    assert found == [("incomplete", 4), ("match", 2), ("open", 1), ("tie", 1)]


def test_sectors_of_the_real_archive_are_pandas_and_scipys(real_archive):
    """Independent of the rank and correlation SQL: from the marts' own strengths and returns."""
    con = built(real_archive)
    frame = con.execute("""
        select date, basket, rs_21d, basket_return from marts.rotation_daily
        join staging.basket using (basket) where role = 'sector_fund' order by date""").df()
    strength, change = (frame.pivot(index="date", columns="basket", values=v) for v in ("rs_21d", "basket_return"))
    rows = con.execute("select * from marts.rotation_speed_daily order by date").df().set_index("date")
    for today in (*strength.index[100::397], strength.index[-1]):
        now, before = strength.loc[today].dropna(), strength.shift(5).loc[today].dropna()
        both = now.index.intersection(before.index)
        assert rows.ranked_funds[today] == len(both)
        now, before = now[both], before[both]
        assert rows.rotation_speed[today] == pytest.approx(1 - stats.spearmanr(now, before).statistic, abs=1e-12)
        assert rows.kendall_tau[today] == pytest.approx(stats.kendalltau(now, before).statistic, abs=1e-12)
        window = change.loc[:today].iloc[-63:].dropna(axis=1, thresh=50)
        matrix = window.corr().to_numpy()
        assert rows.average_correlation_63d[today] == pytest.approx(
            matrix[np.triu_indices_from(matrix, 1)].mean(), abs=1e-9)


def test_peaks_of_the_last_years(real_archive):
    found = built(real_archive).execute("""
        select episode::varchar, declared_on::varchar, peak_vix_close from core.vix_episode
        where episode >= '2024-01-01' order by episode""").fetchall()
    assert found == [
        ("2024-08-05", "2024-08-06", 38.57), ("2024-12-18", "2024-12-20", 27.62), ("2025-03-10", "2025-03-14", 27.86),
        ("2025-04-08", "2025-04-09", 52.33), ("2025-10-16", "2025-10-20", 25.31), ("2025-11-20", "2025-11-24", 26.42),
        ("2026-03-06", "2026-03-16", 29.49), ("2026-03-27", "2026-04-01", 31.05)]
