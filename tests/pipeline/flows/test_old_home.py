"""A data folder of an earlier release, whose rows say no one source of a fetch: it migrates by itself and loses nothing.

`old_home.tar.xz` is the tiny market after two evenings (a backfill to 2026-04-13, a run of 2026-05-29), written by the code
of that release; Yahoo and FRED were its only sources.
"""

from __future__ import annotations

import math
import shutil
import signal
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from tiny_market import published

from flows.pipeline import ingest, windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.server import running
from flows.settings import Settings
from warehouse import data_folder
from warehouse.data_folder import DataFolder

ARCHIVE = Path(__file__).with_name("old_home.tar.xz")
EVENING = datetime(2026, 5, 30, 2, tzinfo=UTC)
# Its sentences are the code's own.
NOT_DATA = {"claim_ledger"}


@pytest.fixture
def old(tmp_path: Path) -> DataFolder:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return DataFolder(tmp_path / "home")


@pytest.fixture
def as_it_was(old: DataFolder, tmp_path: Path) -> Path:
    """A copy of the old working database, to compare with."""
    return Path(shutil.copy(old.working, tmp_path / "old.duckdb"))


def settings(home: DataFolder, tiny: Path, source: str) -> Settings:
    return Settings(home_folder=home.folder, source=source, catalog_folder=tiny / "catalog")


def lost_or_changed(now: duckdb.DuckDBPyConnection, then: Path) -> dict[str, int]:
    """Rows of the old raw and audit tables that the new ones do not have, by their new names; old columns alone count."""
    now.execute(f"attach '{then}' as old (read_only)")
    found = {}
    for schema, table, columns in now.execute("""
            select schema_name, table_name, list(column_name order by column_index) from duckdb_columns()
            where database_name = 'old' and schema_name in ('raw', 'audit') and table_name <> 'schema_in_place'
                and table_name not in ('coverage', 'macro_revision', 'quarantine', 'reconciliation')
            group by all""").fetchall():
        new_table = f"{schema}.{table.replace('catalogue', 'catalog')}"
        new_columns = ", ".join(column.replace("catalogue", "catalog") for column in columns)
        found[new_table] = now.execute(f"""
            select count(*) from (select {', '.join(columns)} from old.{schema}.{table}
                                  except all select {new_columns} from {new_table})""").fetchall()[0][0]
    now.execute("detach old")
    return found


def test_every_row_is_kept_and_each_fetch_says_of_whom_it_was(old: DataFolder, as_it_was: Path) -> None:
    with old.warehouse() as con:
        found = lost_or_changed(con, as_it_was)
        assert {"raw.price_bar", "raw.fetch_outcome", "raw.catalog_session", "audit.publication"} <= found.keys()
        assert {table: rows for table, rows in found.items() if rows} == {}
        assert dict(con.execute("select feed, list(distinct source) from raw.fetch_outcome group by feed").fetchall()) == {
            "bars": ["yahoo"], "shares": ["yahoo"], "statements": ["yahoo"], "observations": ["fred"],
            "weights": ["weights"]}


def test_it_migrates_once(old: DataFolder, as_it_was: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated = []
    migrate = data_folder.migrate
    monkeypatch.setattr(data_folder, "migrate", lambda con: (migrated.append(con), migrate(con)))
    for _ in range(3):
        with old.warehouse() as con:
            assert not any(lost_or_changed(con, as_it_was).values())
    assert len(migrated) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from warehouse import data_folder

migrate = data_folder.migrate

def killed(con):
    migrate(con)
    os.kill(os.getpid(), signal.SIGKILL)

data_folder.migrate = killed
with data_folder.DataFolder(Path(sys.argv[1])).warehouse():
    pass
"""


def test_a_kill_in_the_middle_of_it_leaves_the_old_tables_for_the_next_one(old: DataFolder, as_it_was: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(old.folder)], cwd=Path(__file__).parents[3], check=False)
    assert ended.returncode == -signal.SIGKILL
    with duckdb.connect(str(old.working), read_only=True) as con:
        tables = {name for name, in con.execute("select table_name from duckdb_tables()").fetchall()}
        assert "catalogue_session" in tables
        assert "catalog_session" not in tables
    with old.warehouse() as con:
        assert not any(lost_or_changed(con, as_it_was).values())


def test_its_marts_are_equal_and_only_the_new_source_is_asked(old: DataFolder, tiny: Path, tmp_path: Path) -> None:
    before = Path(shutil.copy(old.published, tmp_path / "before.duckdb"))
    with running(tiny / "archive", EVENING) as base:
        given = settings(old, tiny, base)
        with open_run(given, "build") as run:
            execute(run)
        assert different_marts(before, old.published) == {}
        with open_run(given, "run", windows.session_window(given, None)) as run:
            assert [(request.feed, request.source) for request in ingest.requests(run)] == [("bars", "cboe")]
            execute(run)
    assert published(old.folder, "select distinct vix_source from regime_daily") == [("cboe",)]
    assert different_marts(before, old.published) == {"regime_daily": ["vix_source"]}
    causes = published(old.folder, "select distinct cause, column_name, split_part(evidence, ',', 1) like '%cboe' "
                                   "from audit.revision where column_name = 'vix_source'")
    assert causes == [("late data", "vix_source", True)]


def same(one: object, two: object) -> bool:
    """Whether two cells are equal; the earlier release added numbers in another order, so their last digits may differ."""
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=1e-12, abs_tol=1e-12)
    return one == two


def different_marts(before: Path, after: Path) -> dict[str, list[str]]:
    """The columns of each mart that say otherwise than before, of those that both have; its rows are the same in number.

    A mart whose columns were renamed is read where it stands under its old names.
    """
    found: dict[str, list[str]] = {}
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.execute(f"attach '{before}' as before (read_only); attach '{after}' as after (read_only)")
        tables = {f"{schema}.{table}": columns for schema, table, columns in con.execute("""
            select schema_name, table_name, list(column_name) from duckdb_columns()
            where database_name = 'after' and schema_name in ('main', 'v1') group by all""").fetchall()}
        marts = con.execute("""
            select table_name, list(column_name) from duckdb_columns()
            where database_name = 'before' and schema_name = 'main' group by all order by all""").fetchall()
        assert len(marts) > 10
        for table, columns in marts:
            where = f"v1.{table}" if f"v1.{table}" in tables else f"main.{table}"
            common = [column for column in columns if column in tables[where]]
            assert common == columns
            if table not in NOT_DATA:
                rows = [con.execute(f"select {', '.join(common)} from {of} order by all").fetchall()
                        for of in (f"before.main.{table}", f"after.{where}")]
                assert len(rows[0]) == len(rows[1]), table
                different = sorted({column for one, two in zip(*rows, strict=True)
                                    for column, a, b in zip(common, one, two, strict=True) if not same(a, b)})
                found |= {table: different} if different else {}
    return found
