"""The concentration side on the real archive: published figures, its real defects, and no look ahead."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from archive import DROPPED_SESSION, OPEN_SPRING, built


@pytest.fixture(scope="module")
def con(real_archive):
    return built(real_archive)


def day(con, when: str, *columns: str) -> tuple:
    return con.execute(f"select {', '.join(columns)} from marts.concentration_daily "
                       "where date = ? and weight_scheme = 'full_cap'", [when]).fetchone()


def unexplained(con, where: str) -> list[tuple]:
    """(issuer, date, change of market value that the return does not explain) where the share count moved it."""
    return con.execute(f"""
        select issuer, date, moved from (
            select v.*, s.position,
                market_cap / lag(market_cap) over (partition by issuer order by date) / (1 + price_return) - 1 as moved
            from core.issuer_value v join staging.session s using (date)
        ) v where abs(moved) > 0.02 and {where} order by issuer, date""").fetchall()


def test_the_ten_largest_before_the_autumn_and_at_the_spring_low(con):
    assert day(con, "2025-12-01", "issuers", "top10_weight", "effective_names") == (
        100, pytest.approx(0.7229, abs=5e-5), pytest.approx(13.98, abs=5e-3))
    assert day(con, "2026-03-27", "issuers", "top10_weight", "effective_names") == (
        100, pytest.approx(0.6952, abs=5e-5), pytest.approx(15.54, abs=5e-3))


def test_the_reconstruction_misses_the_published_index_by_a_dozen_basis_points(con):
    median, p95, days = con.execute("""
        select median(abs(residual_bp)), quantile_cont(abs(residual_bp), 0.95), count(residual_bp)
        from marts.concentration_daily where weight_scheme = 'full_cap'""").fetchone()
    assert (median, p95) == (pytest.approx(12, abs=1), pytest.approx(41, abs=1))
    assert days == 602


@pytest.mark.parametrize(("symbol", "ex_date", "fall", "lost"), [
    ("HON", "2025-10-30", -0.060, pytest.approx(-0.003, abs=5e-4)), ("CMCSA", "2026-01-05", -0.048, None)])
def test_what_was_spun_off_is_in_the_return_and_the_index_closes(con, symbol, ex_date, fall, lost):
    """A holder lost little, or where nobody says what was given is worth it is not known; no basis points are missing."""
    (price_return, of_close), = con.execute("""
        select price_return, close / lag(close) over (order by date) - 1 from core.security_price
        where symbol = ? qualify date = ?""", [symbol, ex_date]).fetchall()
    assert of_close == pytest.approx(fall, abs=1e-3)
    assert price_return == lost
    (residual,), = con.execute("select residual_bp from marts.concentration_daily "
                               "where weight_scheme = 'capped' and date = ?", [ex_date]).fetchall()
    assert abs(residual) < 1


def test_hhi_and_top_ten_are_the_archives_by_pandas(con, real_archive):
    """Independent of every model, on a day when all counts are current: last count x close, Alphabet once."""
    when = "2025-12-01"
    members = {s for s, in con.execute(
        "select symbol from staging.universe_member where ? >= valid_from and (valid_to is null or ? < valid_to)",
        [when, when]).fetchall()} - {"GOOG"}
    bars = pd.read_parquet(real_archive / "bars.parquet")
    shares = pd.read_parquet(real_archive / "shares.parquet")
    close = bars[pd.to_datetime(bars.date) == when].set_index("symbol").close
    count = shares[pd.to_datetime(shares.date) <= when].sort_values("date").groupby("symbol").shares_outstanding.last()
    # DXCM's count is a ninth of the truth that day: the one before it is in force.
    sane = shares[(shares.symbol == "DXCM") & (pd.to_datetime(shares.date) < "2025-10-31")]
    count["DXCM"] = sane.sort_values("date").shares_outstanding.iloc[-1]
    weights = (close * count)[sorted(members)]
    weights /= weights.sum()
    assert day(con, when, "hhi", "top10_weight") == (
        pytest.approx((weights**2).sum(), rel=1e-12), pytest.approx(weights.nlargest(10).sum(), rel=1e-12))


def test_the_missing_session_has_coverage_0_and_no_figures_and_the_next_one_carries_both_returns(con):
    assert day(con, "2026-02-24", "members", "coverage_share", "top10_weight", "index_return", "official_return") == (
        101, 0.0, None, None, None)
    official, residual = day(con, "2026-02-25", "official_return", "residual_bp")
    closes = dict(con.execute("select date::varchar, close from staging.price_bar where symbol = '^NDX'").fetchall())
    assert official == pytest.approx(closes["2026-02-25"] / closes["2026-02-23"] - 1, rel=1e-12)
    assert abs(residual) < 15


def test_a_count_five_times_too_high_moves_no_weight(con):
    weights = [w for w, in con.execute("""
        select weight from core.index_weight
        where weight_scheme = 'full_cap' and issuer = 'MU' and date between '2026-03-09' and '2026-03-17'
        order by date""").fetchall()]
    assert len(weights) == 7
    assert max(weights) < 0.02


def test_wrong_counts_are_held_and_a_merger_of_an_outsider_is_accepted_when_it_has_stood(con):
    held = {(symbol, str(first)): (str(last), outcome) for symbol, first, last, outcome in con.execute(
        "select symbol, first_date, last_date, outcome from core.share_count_held").fetchall()}
    assert held["MU", "2026-03-11"] == ("2026-03-13", "dropped")
    assert held["MRVL", "2024-09-04"] == ("2024-10-02", "dropped")
    assert held["TEAM", "2025-02-06"] == ("2025-05-05", "dropped")
    assert held["DXCM", "2025-10-31"] == ("2025-12-09", "dropped")
    assert held["FANG", "2024-11-12"] == ("2024-12-10", "accepted")
    assert held["V", "2025-11-10"] == ("2025-11-13", "dropped")
    assert not any(symbol in ("LRCX", "AVGO", "NFLX", "BKNG", "ORLY") for symbol, _ in held)
    assert unexplained(con, "issuer = 'FANG'") == [("FANG", date(2024, 12, 11), pytest.approx(0.637, abs=1e-3))]
    assert unexplained(con, "issuer = 'SNPS' and date > '2025-07-01'")[0] == (
        "SNPS", date(2025, 9, 11), pytest.approx(0.197, abs=1e-3))


def test_a_step_is_believed_when_it_has_settled(con):
    """CEG's count fell by an eighth on 2026-03-23 and XOM's rose by an eighth on 2024-08-07."""
    assert unexplained(con, "issuer in ('CEG', 'XOM') and date between '2024-08-01' and '2026-04-01'") == [
        ("CEG", date(2026, 1, 16), pytest.approx(0.160, abs=1e-3)),
        ("CEG", date(2026, 3, 27), pytest.approx(-0.1345, abs=1e-3)),
        ("XOM", date(2024, 8, 13), pytest.approx(0.1268, abs=1e-3))]


def test_no_split_moves_a_market_value_by_more_than_the_return_explains(con):
    """MSTR sold a tenth more shares on the day after its split; that is no split, and settled five sessions later."""
    moved = unexplained(con, """exists (
        from staging.split p join staging.session ex on ex.date = p.date
        where p.symbol = v.issuer and abs(ex.position - v.position) <= 6)""")
    assert moved == [("MSTR", date(2024, 8, 15), pytest.approx(0.0955, abs=1e-4))]


def test_a_change_of_listing_with_flipping_counts_moves_nothing(con):
    assert unexplained(con, "issuer = 'AZN' and date >= '2026-01-02'") == []
    largest, = con.execute("""
        select max(abs(price_return)) from core.security_price
        where symbol = 'AZN' and date >= '2026-01-02'""").fetchone()
    assert largest < 0.1


def test_a_member_without_data_lowers_the_coverage_by_the_mean_issuers_weight(con):
    assert day(con, "2026-01-06", "members", "issuers", "coverage_share") == (102, 101, pytest.approx(100 / 101))


def test_contributions_add_up_to_the_index_return(con):
    worst, = con.execute("""
        select max(abs(added - index_return)) from marts.concentration_daily join (
            select date, weight_scheme, sum(contribution) as added from marts.contribution_daily group by all
        ) using (date, weight_scheme)""").fetchone()
    assert worst < 1e-12


def test_technology_weighs_differently_by_taxonomy(con):
    weights = dict(con.execute("""
        select taxonomy, weight from marts.sector_weight_daily
        where weight_scheme = 'full_cap' and date = '2026-05-29'
        and sector in ('Information Technology', 'Technology')""").fetchall())
    assert 0.4 < weights["gics"] < weights["nasdaq"] < 0.8


@pytest.mark.parametrize("as_of", [OPEN_SPRING, DROPPED_SESSION], ids=str)
@pytest.mark.parametrize("mart", [
    "marts.concentration_daily", "marts.contribution_daily", "marts.sector_weight_daily", "core.share_count",
])
def test_no_row_looks_ahead(con, real_archive, mart, as_of):
    """Every row known by then stood there already, to the last bit, and no other."""
    cut = as_of.replace(tzinfo=None)
    today = con.execute(f"select * from {mart} where known_at <= ?", [cut]).fetchall()
    then = built(real_archive, as_of).execute(f"select * from {mart}").fetchall()
    assert len(then) > 300
    assert today == then
