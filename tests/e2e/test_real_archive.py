"""The real market, through the real clients, the landing, the suites and the models: published figures, by SQL.

Each figure was checked outside this project; the archive's defects must show and must do no harm.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_market import clean_environment, published, rallyscope, table_hashes


@pytest.fixture(scope="module")
def base(real_archive: Path) -> Iterator[str]:
    from flows.replay.server import running

    with running(real_archive) as address:
        yield address


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, base: str) -> Path:
    folder = tmp_path_factory.mktemp("real")
    ran = rallyscope("backfill", "2024-01-02", "2026-05-29", "--home", folder, "--source", base, cwd=folder, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.mark.parametrize(("date", "column", "value"), [
    ("2026-03-27", "vix_close", 31.05), ("2026-03-27", "band_raw", "above_30"), ("2026-03-27", "drawdown_return", -0.1256),
    ("2026-03-30", "drawdown_return", -0.1321),
    ("2026-04-01", "band_raw", "20_to_25"), ("2026-04-01", "band", "25_to_30"),
    ("2026-04-14", "vix_from_peak_21d_points", -12.69), ("2026-04-14", "vix_from_peak_21d_return", -0.4087),
    ("2026-04-13", "band", "20_to_25"), ("2026-04-14", "band", "below_20"),
    ("2025-04-08", "vix_close", 52.33), ("2025-04-03", "band_raw", "above_30"), ("2025-04-03", "band", "25_to_30"),
])
def test_regime(date: str, column: str, value: float | str, home: Path) -> None:
    (got,), = published(home, f"select {column} from marts.regime_daily where date = '{date}'")
    assert got == (pytest.approx(value, abs=5e-5) if isinstance(value, float) else value)


def test_a_week_of_nfci_with_seven_values_keeps_the_one_of_its_own_day(home: Path) -> None:
    """FRED said -0.465 on 2026-04-15 and six other things since; until the next release a session knows only the first."""
    assert published(home, """
        select nfci, list(distinct v.value order by v.value), count(distinct r.date)
        from marts.regime_daily r
        join core.macro_as_known m on m.date = r.date and m.series_id = 'NFCI'
        join audit.macro_revision v on v.series_id = 'NFCI' and v.date = m.observation_date and v.known_at > m.known_at
        where r.date between '2026-04-15' and '2026-04-21' group by nfci
        """) == [(-0.465, [-0.48, -0.479, -0.47, -0.465, -0.464, -0.46], 5)]


def test_records(home: Path) -> None:
    assert published(home, """select count(*) filter (date >= '2024-01-02'), min(date) filter (date > '2026-03-01')::varchar
                              from marts.regime_daily where is_ath_close""") == [(92, "2026-04-15")]


def test_recontraction(home: Path) -> None:
    fired = published(home, """select date::varchar from marts.regime_daily
                               where is_recontraction and date >= '2025-09-01' order by date""")
    assert [day for day, in fired] == ["2025-10-16", "2025-11-17", "2026-03-03"]


@pytest.mark.parametrize(("date", "top10", "effective"), [("2025-12-01", 0.7229, 13.98), ("2026-03-27", 0.6952, 15.54)])
def test_concentration(date: str, top10: float, effective: float, home: Path) -> None:
    assert published(home, f"""select round(top10_weight, 4), round(effective_names, 2), issuers
                               from marts.concentration_daily where date = '{date}' and weight_scheme = 'full_cap'""") == \
        [(top10, effective, 100)]


def test_rotation(home: Path) -> None:
    rows = published(home, """select basket, round(rs_21d, 4) from marts.rotation_daily
                              where date = '2026-05-15' and rs_rank is not null""")
    assert dict(rows) == {"defensive": -0.0929, "ai_leaders": -0.0162, "semiconductors": 0.1903, "crypto_equity": 0.0187}


@pytest.mark.parametrize(("symbol", "first", "last"), [
    ("MU", "2026-03-11", "2026-03-13"), ("MRVL", "2024-09-04", "2024-10-02"), ("TEAM", "2025-02-06", "2025-05-05"),
    ("DXCM", "2025-10-31", "2025-12-09")])
def test_a_wrong_share_count_is_held_with_its_reason(symbol: str, first: str, last: str, home: Path) -> None:
    held, reason = published(home, f"""select date::varchar, reason from audit.quarantine
                                       where feed = 'shares' and key = '{symbol}' order by date""")[0]
    assert held == first
    assert "times the last accepted count" in reason
    ages = published(home, f"""select min(count_age_sessions), max(count_age_sessions), bool_and(status = 'held')
                               from core.share_count where symbol = '{symbol}' and date between '{first}' and '{last}'
                               and date <> '2026-02-24'""")
    assert ages[0][0] >= 1
    assert ages[0][2]


def test_mu_stays_under_two_percent(home: Path) -> None:
    assert published(home, """select max(open_weight) < 0.02, count(*) from marts.contribution_daily
                              where weight_scheme = 'full_cap' and issuer = 'MU'
                              and date between '2026-03-11' and '2026-03-13'""") == [(True, 3)]


@pytest.mark.parametrize(("symbol", "split"), [
    ("NVDA", "2024-06-10"), ("AVGO", "2024-07-15"), ("CTAS", "2024-09-12"), ("LRCX", "2024-10-03"),
    ("PANW", "2024-12-16"), ("ORLY", "2025-06-10"), ("NFLX", "2025-11-17"), ("BKNG", "2026-04-06")])
def test_no_split_makes_a_weight_jump(symbol: str, split: str, home: Path) -> None:
    """Weights move from day to day by the name's return against the index's, whenever the feed learns of a split."""
    (worst, days), = published(home, f"""
        with w as (select *, lag(open_weight) over (order by date) as w0, lag(price_return) over (order by date) as r0,
                       lag(date) over (order by date) as d0
                   from marts.contribution_daily where weight_scheme = 'full_cap' and issuer = '{symbol}')
        select max(abs(open_weight / w0 - (1 + r0) / (1 + c.index_return))), count(*)
        from w join marts.concentration_daily c on c.date = w.d0 and c.weight_scheme = 'full_cap'
        where w.date between date '{split}' - 12 and date '{split}' + 12""")
    assert days > 10
    assert worst < 0.02


def test_the_missing_session_shows_and_breaks_nothing(home: Path) -> None:
    assert published(home, """select coverage_share, top10_weight from marts.concentration_daily
                              where date = '2026-02-24' and weight_scheme = 'full_cap'""") == [(0.0, None)]
    (expected, received, missing), = published(home, """select expected, received, missing from audit.coverage
                                                        where date = '2026-02-24' and feed = 'bars'""")
    assert received + missing == expected
    assert missing > 100
    (holes,), = published(home, """select count(*) from marts.rotation_daily
                                   where date between '2026-02-25' and '2026-03-31' and rs_21d is null""")
    assert holes == 0
    (residual,), = published(home, """select abs(residual_bp) < 60 from marts.concentration_daily
                                      where date = '2026-02-25' and weight_scheme = 'full_cap'""")
    assert residual


def test_each_session_holds_the_nfci_known_on_its_own_day(home: Path) -> None:
    """The week of 2026-04-03 was said to be -0.433 on 04-08, and -0.458 a week later."""
    rows = published(home, """select date::varchar, nfci from marts.regime_daily
                              where nfci_date = '2026-04-03' order by date""")
    assert {nfci for _, nfci in rows} == {-0.433}
    assert rows[0][0] == "2026-04-08"


def test_as_of_a_past_day_is_what_that_day_saw(home: Path, base: str, tmp_path: Path) -> None:
    """Rows of the past are the same built as of then and now, wherever nothing was revised."""
    import shutil

    past = tmp_path / "past"
    shutil.copytree(home, past)
    ran = rallyscope("build", "--as-of", "2026-03-27", "--home", past, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    import duckdb

    with duckdb.connect() as con:
        con.execute(f"attach '{home}/marts.duckdb' as now (read_only); attach '{past}/marts.duckdb' as past (read_only)")
        for table, in con.execute("select table_name from duckdb_tables() where database_name = 'past' "
                                  "and schema_name = 'main'").fetchall():
            differing, = con.execute(f"""
                select count(*) from (from now.{table} where known_at <= '2026-03-28 03:59:59+00'
                                      except from past.{table})""").fetchone()  # type: ignore[misc]
            assert differing == 0, table


def test_a_second_backfill_changes_nothing(home: Path, base: str) -> None:
    before = table_hashes(home)
    ran = rallyscope("backfill", "2024-01-02", "2026-05-29", "--home", home, "--source", base, cwd=home)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^0 rows added", ran.stderr, re.MULTILINE)
    assert table_hashes(home) == before


def test_query_is_never_refused_while_a_backfill_runs(home: Path, base: str) -> None:
    backfill = subprocess.Popen([sys.executable, "-m", "flows.cli", "backfill", "2025-01-02", "2025-01-31", "--home",
                                 str(home), "--source", base], env=clean_environment(), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
    answers = set()
    while backfill.poll() is None:
        ran = rallyscope("query", "select count(*), max(date) from marts.regime_daily", "--format", "csv", "--home", home,
                         cwd=home)
        answers.add((ran.returncode, ran.stdout))
    assert backfill.returncode == 0
    assert {code for code, _ in answers} == {0}
    assert len(answers) == 1
