"""The simulated market's true index weights, recovered from its bars, counts, members and published lists alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from archive import built, simulated

# Until then a member has two lines with counts of their own, of which the simulated index holds one.
FROM = "2020-12-21"
# One member has no bar on 2026-02-18; that day and the next its weight and return cannot both be had.
AROUND_THE_HOLE = "('2026-02-18', '2026-02-19')"


@pytest.fixture(scope="module")
def archive() -> Path:
    return simulated()


@pytest.fixture(scope="module")
def con(archive: Path):
    return built(archive)


def test_the_capped_reconstruction_is_the_simulated_index(con):
    worst, sessions = con.execute(f"""
        select max(abs(residual_bp)), count(residual_bp) from marts.concentration_daily
        where weight_scheme = 'capped' and date >= '{FROM}' and date not in {AROUND_THE_HOLE}""").fetchone()
    assert worst < 1e-5
    assert sessions > 1350
    worst, = con.execute(f"""
        select max(abs(residual_bp)) from marts.concentration_daily
        where weight_scheme = 'capped' and date in {AROUND_THE_HOLE}""").fetchone()
    assert worst < 1


def test_every_open_weight_and_contribution_is_the_true_one(con, archive):
    weight, contribution, rows = con.execute(f"""
        select max(abs(t.open_weight - c.open_weight)), max(abs(t.contribution - c.contribution)), count(*)
        from '{archive}/truth/index_weight.parquet' t
        full join (select * from marts.contribution_daily where weight_scheme = 'capped') c using (date, issuer)
        where t.scheme = 'capped' and t.open_weight is not null
        and date >= '{FROM}' and date not in {AROUND_THE_HOLE}""").fetchone()
    assert weight < 1e-12
    assert contribution < 1e-12
    assert rows > 130_000


def test_the_rebalances_are_the_true_ones(con, archive):
    found = con.execute("select effective_date, kind from core.index_rebalance where kind <> 'start' order by 1").fetchall()
    true = con.execute(f"select date, effective from '{archive}/truth/index_return.parquet'"
                       " where effective is not null order by 1").fetchall()
    assert found == true
    assert len(true) == 24


def test_limits_hold_the_large_ones_down_whenever_all_is_set_anew(con):
    limited, = con.execute("""
        select min(held) from (
            select review, count(*) filter (factor < 1) as held
            from core.capping_factor l join core.index_rebalance r using (index_code, review)
            where base = review and is_reset group by review)""").fetchone()
    assert limited >= 4


def test_nothing_is_taken_for_unlisted(con):
    """Rounded to a hundred-thousandth, the lists of a market whose companies are counted whole say just that."""
    assert con.execute("""
        select count(*), min(investable_weight_factor) from core.investable_weight_factor""").fetchone() == (400, 1.0)


def test_the_anchored_reconstruction_misses_by_rounding_and_by_the_second_line(con):
    """The lists split one company into two lines, whose prices the simulated index does not both follow."""
    median, worst, sessions = con.execute("""
        select median(abs(residual_bp)), max(abs(residual_bp)), count(residual_bp)
        from marts.concentration_daily where weight_scheme = 'anchored'""").fetchone()
    assert median < 0.3
    assert worst < 1
    assert sessions > 100
