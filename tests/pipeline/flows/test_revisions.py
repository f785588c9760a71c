"""Every change of history is explained: a market that says something else later, and what the ledger makes of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from evenings import tiny_home
from tiny_market import published, table_hashes

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import Run, open_run
from flows.replay.server import running
from flows.settings import Settings
from transforms.engine import project
from warehouse.errors import RunIncomplete

THEN, NOW = "2026-05-20", "2026-05-21"


def alter(archive: Path, table: str, select: str) -> None:
    """Rewrite a table of an archive; `select` reads it as `t`."""
    file = archive / f"{table}.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table t as from '{file}'")
        con.execute(f"copy ({select}) to '{file}' (format parquet)")


def run(home: Path, archive: Path, catalog: Path, clock: str) -> Run:
    with running(archive, windows.parse_instant(clock)) as base:
        settings = Settings(home_folder=home, source=base, catalog_folder=catalog)
        window = windows.range_window(settings, date(2026, 3, 2), date.fromisoformat(clock))
        with open_run(settings, "backfill", window) as this:
            execute(this)
    return this


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that ran on the evening of THEN."""
    return tiny_home(tmp_path_factory.mktemp("before"), THEN)


def found(before: Path, tiny: Path, tmp_path: Path, table: str | None, select: str = "",
          members: str | None = None, stocks: tuple[str, str] | None = None) -> list[tuple]:
    """The ledger after the next evening's run on an altered market."""
    home, archive, catalog = (shutil.copytree(a, tmp_path / b) for a, b in (
        (before, "home"), (tiny / "archive", "archive"), (tiny / "catalog", "catalog")))
    if table:
        alter(archive, table, select)
    if members:
        file = catalog / "universes" / "NDX.toml"
        file.write_text(file.read_text().replace("changes = []", members))
    if stocks:
        file = catalog / "stocks.toml"
        file.write_text(file.read_text().replace(*stocks))
    run(home, archive, catalog, NOW)
    return published(home, """select mart, date::varchar, column_name, cause, key, is_signal from audit.revision""")


def test_a_day_more_revises_nothing(before: Path, tiny: Path, tmp_path: Path) -> None:
    assert found(before, tiny, tmp_path, None) == []


def test_a_late_bar(before: Path, tiny: Path, tmp_path: Path) -> None:
    """The hole of CCC on 2026-05-18 is filled the evening after next."""
    home = tmp_path / "first"
    archive = shutil.copytree(tiny / "archive", tmp_path / "holed")
    alter(archive, "bars", "select * from t where not (symbol = 'CCC' and date = '2026-05-18')")
    run(home, archive, tiny / "catalog", THEN)
    rows = found(home, tiny, tmp_path, None)
    assert {cause for *_, cause, _, _ in rows} == {"late data"}
    assert min(day for _, day, *_ in rows) == "2026-05-18"


def test_a_correction_by_the_source(before: Path, tiny: Path, tmp_path: Path) -> None:
    rows = found(before, tiny, tmp_path, "bars",
                 "select * replace (if(symbol = 'BBB' and date = '2026-05-18', close * 1.01, close) as close) from t")
    assert {cause for *_, cause, _, _ in rows} == {"correction"}
    assert ("marts.contribution_daily", "2026-05-18", "price_return") in {row[:3] for row in rows}
    assert min(day for _, day, *_ in rows) == "2026-05-18"


def test_a_split_told_late(before: Path, tiny: Path, tmp_path: Path) -> None:
    """Prices fell to a half on 2026-05-18, and the feed says why an evening later: late bars, or the split."""
    home = tmp_path / "first"
    archive = shutil.copytree(tiny / "archive", tmp_path / "split")
    halved = "select * replace ({}) from t".format(", ".join(
        f"if(symbol = 'BBB' and date >= '2026-05-18', {price} / 2, {price}) as {price}"
        for price in ("open", "high", "low", "close")))
    alter(archive, "bars", halved)
    with pytest.raises(RunIncomplete, match="BBB is held: the close went from 50 to 30 on 2026-05-18 as in a split of 2"):
        run(home, archive, tiny / "catalog", THEN)
    assert published(home, """select distinct date::varchar from marts.contribution_daily
                              where issuer = 'BBB' and date >= '2026-05-18'""") == []
    altered = shutil.copytree(tiny / "archive", tmp_path / "told")
    alter(altered, "bars", halved)
    alter(altered, "actions", "from t union all select 'BBB', date '2026-05-18', null, 2.0")
    run(home, altered, tiny / "catalog", NOW)
    causes = dict(published(home, "select cause, count(*) from audit.revision group by 1"))
    assert set(causes) == {"late data", "split"}


def test_a_macro_vintage_told_late(before: Path, tiny: Path, tmp_path: Path) -> None:
    """A release of 2026-05-18 that a first answer did not have changes the rows since then, and no earlier one."""
    rows = found(before, tiny, tmp_path, "observations",
                 "from t union all select 'NFCI', date '2026-04-03', -0.6, date '2026-05-18', null")
    assert {cause for *_, cause, _, _ in rows} == {"macro vintage"}
    assert {(mart, column) for mart, _, column, *_ in rows} == {("marts.regime_daily", "nfci")}
    assert {day for _, day, *_ in rows} == {"2026-05-18", "2026-05-19", "2026-05-20"}


def test_a_vintage_of_today_explains_no_row_of_the_past(before: Path, tiny: Path, tmp_path: Path) -> None:
    """Two vintages come with the second evening: of 2026-05-18, told late, and of that very day."""
    found(before, tiny, tmp_path, "observations", """
        from t union all select 'NFCI', date '2026-04-03', -0.6, date '2026-05-18', date '2026-05-20'
        union all select 'NFCI', date '2026-04-03', -0.7, date '2026-05-21', null""")
    evidence = published(tmp_path / "home", "select distinct split_part(evidence, ', fetched', 1) from audit.revision")
    # 2026-05-18 is known from 23:59 New York on.
    assert evidence == [("raw.macro_observation NFCI 2026-04-03 fred, known 2026-05-19 03:59:00",)]


def test_a_membership_that_was_wrong(before: Path, tiny: Path, tmp_path: Path) -> None:
    rows = found(before, tiny, tmp_path, None, members='changes = [{ date = 2026-05-18, add = [], remove = ["CCC"] }]')
    assert {cause for *_, cause, _, _ in rows} == {"membership"}
    assert min(day for _, day, *_ in rows) == "2026-05-18"
    gone = {(mart, day, json.loads(key)["issuer"]) for mart, day, column, _, key, _ in rows if column == "(row)"}
    assert {("marts.contribution_daily", day, "CCC") for day in ("2026-05-19", "2026-05-20")} <= gone
    assert {issuer for *_, issuer in gone} == {"CCC"}


CORRECTED = "select * replace (if(symbol = 'BBB' and date = '2026-05-19', close * 1.01, close) as close) from t"


def test_a_company_whose_price_and_sector_change_the_same_night(before: Path, tiny: Path, tmp_path: Path) -> None:
    """Its sector is no correction of its price, on no day; its return is one."""
    rows = found(before, tiny, tmp_path, "bars", CORRECTED,
                 stocks=('"Double B Inc."', '"Double B Inc.", gics_sector = "Utilities"'))
    causes = {(column, cause) for mart, _, column, cause, *_ in rows if mart == "marts.contribution_daily"}
    assert ("sector", "catalog") in causes
    assert ("price_return", "correction") in causes
    assert {cause for column, cause in causes if column == "sector"} == {"catalog"}
    assert {cause for column, cause in causes if column == "price_return"} == {"correction"}


def test_a_vintage_and_a_price_that_change_the_same_night(before: Path, tiny: Path, tmp_path: Path) -> None:
    """The price's day is the nearer one, and it is no reason for a macro series."""
    market = shutil.copytree(tiny, tmp_path / "corrected")
    alter(market / "archive", "bars", CORRECTED)
    rows = found(before, market, tmp_path, "observations",
                 "from t union all select 'NFCI', date '2026-04-03', -0.6, date '2026-05-18', null")
    assert {cause for _, _, column, cause, *_ in rows if column == "nfci"} == {"macro vintage"}
    assert {cause for mart, _, _, cause, *_ in rows if mart == "marts.contribution_daily"} == {"correction"}


@pytest.fixture
def another_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The regime's NFCI is one higher."""
    models = [replace(m, sql=f"select * replace (nfci + 1 as nfci) from ({m.sql})")
              if m.name == "marts.regime_daily" else m for m in project.models()]
    monkeypatch.setattr(project, "models", lambda: models)


@pytest.mark.usefixtures("another_code")
def test_another_code(before: Path, tiny: Path, tmp_path: Path) -> None:
    rows = found(before, tiny, tmp_path, None)
    assert {(mart, column, cause) for mart, _, column, cause, *_ in rows} == {("marts.regime_daily", "nfci", "code")}


@pytest.mark.usefixtures("another_code")
def test_another_code_and_a_price_that_change_the_same_night(before: Path, tiny: Path, tmp_path: Path) -> None:
    rows = found(before, tiny, tmp_path, "bars", CORRECTED)
    assert {cause for _, _, column, cause, *_ in rows if column == "nfci"} == {"code"}
    assert {cause for mart, _, _, cause, *_ in rows if mart == "marts.contribution_daily"} == {"correction"}


@pytest.mark.usefixtures("another_code")
def test_another_code_and_another_name_in_the_catalog(before: Path, tiny: Path, tmp_path: Path) -> None:
    """An ordinary release. No figure is computed from a name."""
    rows = found(before, tiny, tmp_path, None, stocks=("Double B Inc.", "Bee Bee Inc."))
    assert {cause for *_, cause, _, _ in rows} == {"code"}


def test_another_formula_of_a_column_that_a_price_reaches_too(before: Path, tiny: Path, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    """It changed before the price did, so it is the code's on every day; the other columns are the price's."""
    models = [replace(m, sql=f"select * replace (hhi + 1 as hhi) from ({m.sql})")
              if m.name == "marts.concentration_daily" else m for m in project.models()]
    monkeypatch.setattr(project, "models", lambda: models)
    rows = found(before, tiny, tmp_path, "bars", CORRECTED)
    assert {cause for _, _, column, cause, *_ in rows if column == "hhi"} == {"code"}
    assert {cause for _, _, column, cause, *_ in rows if column != "hhi"} == {"correction"}


def test_a_removal_that_is_announced_changes_no_past(before: Path, tiny: Path, tmp_path: Path) -> None:
    rows = found(before, tiny, tmp_path, "bars", CORRECTED,
                 members='changes = [{ date = 2026-06-22, add = [], remove = ["CCC"] }]')
    assert {cause for *_, cause, _, _ in rows} == {"correction"}


def test_a_dividend_is_no_reason_for_a_return_without_dividends(before: Path, tiny: Path, tmp_path: Path) -> None:
    """It is told late for the very day of the correction, of another company."""
    market = shutil.copytree(tiny, tmp_path / "corrected")
    alter(market / "archive", "bars", CORRECTED)
    rows = found(before, market, tmp_path, "actions", "from t union all select 'AAA', date '2026-05-19', 0.5, null")
    assert {cause for *_, cause, _, _ in rows} == {"correction"}


def test_a_label_that_flips_is_a_signal(before: Path, tiny: Path, tmp_path: Path) -> None:
    rows = found(before, tiny, tmp_path, "bars",
                 "select * replace (if(symbol = '^VIX' and date = '2026-05-19', 24, close) as close, "
                 "if(symbol = '^VIX' and date = '2026-05-19', 24, high) as high) from t")
    assert {column for *_, column, _, _, signal in rows if signal} >= {"band"}
    assert {cause for *_, cause, _, _ in rows} == {"correction"}


def test_what_was_published_then_comes_back_hash_for_hash(before: Path, tiny: Path, tmp_path: Path) -> None:
    """After a correction: as of then and recorded by then is then's publication."""
    found(before, tiny, tmp_path, "bars",
          "select * replace (if(symbol = 'BBB' and date = '2026-05-18', close * 1.01, close) as close) from t")
    home = tmp_path / "home"
    with running(tmp_path / "archive", windows.parse_instant(NOW)) as base:
        settings = Settings(home_folder=home, source=base, catalog_folder=tiny / "catalog")
        assert table_hashes(home) != table_hashes(before)
        with open_run(settings, "build") as this:
            execute(this, times=(windows.parse_instant(THEN), windows.parse_instant(THEN)))
    assert table_hashes(home) == table_hashes(before)


def test_a_past_moment_is_no_revision(before: Path, tiny: Path, tmp_path: Path) -> None:
    home = shutil.copytree(before, tmp_path / "home")
    with running(tiny / "archive", windows.parse_instant(THEN)) as base:
        settings = Settings(home_folder=home, source=base, catalog_folder=tiny / "catalog")
        for moment in ("2026-04-30", THEN):
            with open_run(settings, "build") as this:
                execute(this, times=(windows.parse_instant(moment), None))
    assert published(home, "select count(*) from audit.revision") == [(0,)]
