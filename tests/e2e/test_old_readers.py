"""A DuckDB of two years ago reads what is published: each mart, value for value, by the names that docs/querying.md gives.

The old version is installed once from the package index into a cache folder, never into this environment. The oldest that
can read it is tried; `make old-readers` tries more, RALLYSCOPE_OLD_DUCKDB names others.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from spec import LATE, Spec
from tiny_market import ROOT

from transforms.engine.build import AsOf, build
from transforms.engine.project import models
from warehouse.data_folder import DataFolder
from warehouse.publication.builds import rollback
from warehouse.publication.publish import Stamp, current_build, publish, table_hash

VERSIONS = os.environ.get("RALLYSCOPE_OLD_DUCKDB", "1.2.0").split()
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rallyscope"
NOW = datetime(2026, 6, 1, 22, tzinfo=UTC)
PAGE = (ROOT / "docs" / "querying.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"\n### .*?\n.*?```sql\n(.*?)```", PAGE, re.DOTALL)

# It says its version, writes every table of the file to Parquet, and runs statements that are separated by NUL.
READER = """
import sys
import duckdb
file, attached, folder = sys.argv[1:]
con = duckdb.connect() if attached else duckdb.connect(file, read_only=True)
if attached:
    con.execute(f"attach '{file}' as {attached} (read_only); use {attached}")
catalog, = con.execute("select current_database()").fetchone()
print(duckdb.__version__, catalog)
for schema, table, comment in con.execute(
        "select schema_name, table_name, comment from duckdb_tables() where database_name = ?", [catalog]).fetchall():
    con.execute(f"copy {catalog}.{schema}.{table} to '{folder}/{schema}.{table}.parquet' (format parquet)")
    columns = "select count(comment) from duckdb_columns() where table_name = ? and database_name = ?"
    print(schema, table, bool(comment), *con.execute(columns, [table, catalog]).fetchone())
for statement in filter(None, sys.stdin.read().split(chr(0))):
    con.execute(f"select count(*) from ({statement}) q").fetchall()
"""

Reader = Callable[..., list[str]]


@pytest.fixture(scope="module", params=VERSIONS)
def old(request: pytest.FixtureRequest) -> Path:
    """The Python of an environment that has nothing but an old DuckDB."""
    folder = CACHE / f"duckdb-{request.param}-python{sys.version_info[0]}.{sys.version_info[1]}"
    if not folder.exists():
        draft = folder.with_name(f".{folder.name}.{os.getpid()}")
        try:
            venv.create(draft, symlinks=True)
            subprocess.run([sys.executable, "-m", "pip", "--python", str(draft / "bin" / "python"), "install", "--quiet",
                            "--no-deps", "--only-binary", ":all:", f"duckdb=={request.param}"],
                           check=True, capture_output=True, text=True, timeout=180)
            draft.replace(folder)
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(draft, ignore_errors=True)
            reported = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1:]
            pytest.skip(f"DuckDB {request.param} cannot be installed here: {' '.join(reported)}")
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def published(spec: Spec, home: DataFolder, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """Two publications with every mart of the story filled, the second one with another VIX; the first is current again."""
    made = DataFolder(tmp_path_factory.mktemp("published"))
    with made.warehouse() as con:
        build(con, models(), AsOf(LATE, LATE), made.failed_rows)
        con.execute(f"attach '{home.published}' as story (read_only)")
        for schema, table in con.execute("select schema_name, table_name from duckdb_tables() "
                                         "where database_name = 'story' and schema_name <> 'audit'").fetchall():
            place = f"{'marts' if schema == 'main' else schema}.{table}"
            con.execute(f"delete from {place}; insert into {place} by name from story.{schema}.{table}")
        con.execute("detach story")
        for vix_close in ("vix_close", "vix_close + 1"):
            con.execute(f"update marts.regime_daily set vix_close = {vix_close}, known_at = date + interval 27 hour")
            publish(con, made, Stamp(NOW, NOW, NOW, "code", "catalog", False, "run"), list(spec.models))
    rollback(made)
    return made


@pytest.fixture
def read(old: Path, tmp_path: Path) -> Reader:
    def read(file: Path, attached: str = "", statements: tuple[str, ...] = ()) -> list[str]:
        (tmp_path / "read").mkdir()
        ran = subprocess.run([old, "-I", "-c", READER, str(file), attached, str(tmp_path / "read")], text=True,
                             input="\0".join(statements), capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()

    return read


def statements(home: DataFolder) -> tuple[str, ...]:
    """The page's questions, what claims and signals store as their evidence, and a view of the schema v1."""
    with home.marts() as con:
        stored = con.execute("select metric_sql from claim_ledger where metric_sql is not null "
                             "union all select distinct evidence from signal_daily").fetchall()
    return (*QUESTIONS, *(sql for sql, in stored), "select date, recontraction_fired from v1.regime_daily")


def is_whole(home: DataFolder, folder: Path) -> bool:
    """Whether each published table was read with just its values."""
    with home.marts() as con, duckdb.connect() as other:
        tables = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        return bool(tables) and all(
            table_hash(con, table) == table_hash(other, f"'{folder}/{table}.parquet'") for table, in tables)


def test_every_moment_of_every_table_has_its_zone(published: DataFolder) -> None:
    """Moments inside structs too: what is left of a type without its zoned moments names none."""
    with published.marts() as con:
        types = con.execute("select distinct data_type from duckdb_columns() where not internal "
                            "and contains(data_type, 'TIMESTAMP')").fetchall()
    assert types
    assert [kind for kind, in types if "TIMESTAMP" in kind.replace("TIMESTAMP WITH TIME ZONE", "")] == []


def test_every_table_is_read_value_for_value(published: DataFolder, read: Reader, tmp_path: Path) -> None:
    version, *tables = read(published.published, statements=statements(published))
    assert version.split() == [version.split()[0], "marts"]
    assert version.split()[0] in VERSIONS
    assert is_whole(published, tmp_path / "read")
    marts = [table.split() for table in tables if table.startswith("main ")]
    assert len(marts) == len([name for name in (m.name for m in models()) if name.startswith("marts.")])
    assert all(commented == "True" and int(columns) > 0 for _, _, commented, columns in marts)


@pytest.mark.parametrize(("file_name", "attached"), [("marts.duckdb", "other"), ("copied.duckdb", "marts"),
                                                     ("copied.duckdb", "")])
def test_it_is_read_under_other_names(file_name: str, attached: str, published: DataFolder, read: Reader,
                                      tmp_path: Path) -> None:
    file = Path(shutil.copy(published.published, tmp_path / file_name))
    named = statements(published) if attached == "marts" else ()
    version, *_ = read(file, attached, named)
    assert version.split()[1] == (attached or "copied")
    assert is_whole(published, tmp_path / "read")


def test_a_kept_build_is_read(published: DataFolder, read: Reader, tmp_path: Path) -> None:
    newer, = (file for file in published.builds.glob("*.duckdb") if file.stem != current_build(published))
    read(newer, "newer")
    with duckdb.connect() as con:
        con.execute(f"attach '{newer}' as newer (read_only)")
        assert table_hash(con, "newer.main.regime_daily") == table_hash(con, f"'{tmp_path}/read/main.regime_daily.parquet'")
