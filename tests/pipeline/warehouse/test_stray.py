"""A program that opened a published file for writing stops no reader and no run, and reaches no other publication."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows.report.diff import diff
from flows.report.export import export
from flows.report.query import query
from warehouse.data_folder import DataFolder
from warehouse.publication.builds import kept, rollback
from warehouse.publication.publish import Publication, Stamp, current_build, publish
from warehouse.stray import logs, writer

NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)
NOTEBOOK = """
import os, sys
import duckdb
con = duckdb.connect(sys.argv[1])
con.execute("create table scratch as select 7 as a; update main.regime_daily set vix_close = 777")
print("open", flush=True)
if sys.argv[2] == "killed":
    os._exit(1)
for line in sys.stdin:
    con.execute("insert into scratch values (8)")
    print("wrote", flush=True)
con.close()
"""


def publish_now(home: DataFolder, vix_close: float, minutes: int) -> Publication:
    at = NOW + timedelta(minutes=minutes)
    with home.warehouse() as con:
        con.execute(f"""
            create or replace table marts.regime_daily as
            select date '2026-03-02' as date, {vix_close}::double as vix_close, timestamp '2026-03-03' as known_at""")
        return publish(con, home, Stamp(at, NOW, at, "code", "catalog", True, f"run-{minutes}"), ["marts.regime_daily"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two builds: the VIX at 20, then at 21."""
    home = DataFolder(tmp_path_factory.mktemp("made"))
    publish_now(home, 20, 0)
    publish_now(home, 21, 1)
    return home.folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> DataFolder:
    return DataFolder(shutil.copytree(made, tmp_path / "home"))


def killed(file: Path) -> None:
    """A notebook writes to a file and dies."""
    subprocess.run([sys.executable, "-c", NOTEBOOK, str(file), "killed"], check=False, capture_output=True)
    assert logs(file)


@contextmanager
def notebook(file: Path) -> Iterator[subprocess.Popen[str]]:
    """One that wrote to a file and stays open; a line sent to it makes it write again."""
    with subprocess.Popen([sys.executable, "-c", NOTEBOOK, str(file), "open"], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == "open\n"  # type: ignore[union-attr]
        yield process
        process.stdin.close()  # type: ignore[union-attr]


def garbage(file: Path) -> None:
    Path(f"{file}.wal").write_bytes(os.urandom(5000))


def folder(file: Path) -> None:
    Path(f"{file}.wal").mkdir()


def of_the_older_publication(file: Path) -> None:
    """The log of a notebook that had the build before open."""
    older = kept(DataFolder(file.parent))[1]
    copy = file.with_name("elsewhere.duckdb")
    shutil.copy(older, copy)
    killed(copy)
    Path(f"{copy}.wal").replace(f"{file}.wal")
    copy.unlink()


Spoil = Callable[[Path], None]
SPOILED = pytest.mark.parametrize("spoil", [killed, garbage, folder, of_the_older_publication])


def seen(home: DataFolder) -> list[tuple]:
    """What a reader that knows nothing of us sees: the tables, and the VIX."""
    with duckdb.connect(str(home.published), read_only=True) as con:
        return con.execute("select vix_close, (select count(*) from duckdb_tables() where schema_name = 'main') "
                           "from marts.regime_daily").fetchall()


# The next publication


@SPOILED
def test_the_next_publication_is_readable_at_once_and_says_what_it_found(spoil: Spoil, home: DataFolder) -> None:
    spoil(home.published)
    note = publish_now(home, 22, 2).note
    assert seen(home) == [(22, 1)]
    assert not logs(home.published)
    place, = home.set_aside.iterdir()
    assert {file.name for file in place.iterdir()} == {"marts.duckdb", "marts.duckdb.wal"}
    assert note == ("another program had opened marts.duckdb for writing and left marts.duckdb.wal: both were moved to "
                    f"{place}, and marts.duckdb holds only what was published")


def test_what_the_notebook_wrote_is_found_with_the_file_it_belongs_to(home: DataFolder) -> None:
    killed(home.published)
    publish_now(home, 22, 2)
    place, = home.set_aside.iterdir()
    with duckdb.connect(str(place / "marts.duckdb"), read_only=True) as con:
        assert con.execute("select a from scratch").fetchall() == [(7,)]


def test_a_second_evening_keeps_what_the_first_set_aside(home: DataFolder) -> None:
    for minutes in (2, 3):
        killed(home.published)
        os.utime(f"{home.published}.wal", (1e9, 1e9))
        publish_now(home, 22, minutes)
    assert sorted(place.name for place in home.set_aside.iterdir()) == ["20010909T014640Z", "20010909T014640Z-2"]


def test_a_notebook_that_stays_open_writes_to_its_own_file(home: DataFolder) -> None:
    with notebook(home.published) as process:
        note = publish_now(home, 22, 2).note
        assert f"PID {process.pid} still has the earlier marts.duckdb open for writing" in note
        process.stdin.write("again\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
        assert process.stdout.readline() == "wrote\n"  # type: ignore[union-attr]
        assert seen(home) == [(22, 1)]
    assert seen(home) == [(22, 1)]
    assert not logs(home.published)


def test_without_such_a_program_nothing_is_said_or_set_aside(home: DataFolder) -> None:
    assert publish_now(home, 22, 2).note == ""
    assert not home.set_aside.exists()


def test_a_notebook_that_closed_cleanly_reaches_neither_the_kept_build_nor_the_next_publication(home: DataFolder) -> None:
    with notebook(home.published):
        pass
    assert seen(home) == [(777, 2)]
    with duckdb.connect(str(kept(home)[0]), read_only=True) as con:
        assert con.execute("select vix_close from regime_daily").fetchall() == [(21,)]
    assert publish_now(home, 21, 2).build_id == kept(home)[0].stem
    assert seen(home) == [(21, 1)]


def test_a_build_published_again_leaves_no_log_beside_its_kept_file(home: DataFolder) -> None:
    killed(kept(home)[0])
    again = publish_now(home, 21, 2)
    assert not logs(again.file)
    place, = home.set_aside.iterdir()
    assert {file.name for file in place.iterdir()} == {again.file.name, f"{again.file.name}.wal"}


# Our own readers, before the next publication


@SPOILED
def test_our_readers_see_what_was_published(spoil: Spoil, home: DataFolder, tmp_path: Path, capsys) -> None:
    spoil(home.published)
    tables = "select count(*) from duckdb_tables() where schema_name = 'main'"
    query(home, f"select vix_close, ({tables}) from marts.regime_daily", "csv")
    assert capsys.readouterr().out.splitlines()[1] == "21.0,1"
    assert current_build(home) == kept(home)[0].stem
    assert export(home, tmp_path / "parquet", lambda line: None)["tables"]["marts.regime_daily"]["rows"] == 1
    assert [file.name for file in tmp_path.glob("rallyscope-*")] == []


def test_our_readers_need_not_wait_for_an_open_notebook(home: DataFolder, capsys) -> None:
    with notebook(home.published) as process:
        assert writer(home.published) == f"PID {process.pid}"
        query(home, "select vix_close from marts.regime_daily", "csv")
        assert capsys.readouterr().out == "vix_close\n21.0\n"
    assert writer(home.published) is None


@SPOILED
def test_a_kept_build_with_a_log_is_compared(spoil: Spoil, home: DataFolder, capsys) -> None:
    old = kept(home)[1]
    if spoil is not of_the_older_publication:
        spoil(old)
    diff(home, old.stem, "current")
    assert "marts.regime_daily" in capsys.readouterr().out


# Going back


@SPOILED
def test_a_rollback_is_readable_at_once_and_says_what_it_found(spoil: Spoil, home: DataFolder) -> None:
    spoil(home.published)
    notes: list[str] = []
    rollback(home, say=notes.append)
    assert seen(home) == [(20, 1)]
    assert "both were moved to" in notes[0]


def test_a_rollback_to_a_build_with_a_log_publishes_the_build(home: DataFolder) -> None:
    old = kept(home)[1]
    killed(old)
    rollback(home)
    assert seen(home) == [(20, 1)]
    assert not logs(home.published)


def test_a_scratch_table_in_a_kept_build_is_not_published(home: DataFolder) -> None:
    with duckdb.connect(str(kept(home)[1])) as con:
        con.execute("create table scratch as select 1 as a")
    rollback(home)
    assert seen(home) == [(20, 1)]


def test_a_kept_build_that_was_altered_is_refused_and_stops_no_run(home: DataFolder) -> None:
    from warehouse.errors import BadRequest

    with notebook(kept(home)[1]):
        pass
    with pytest.raises(BadRequest, match=r"its file is not that build, whole: marts\.regime_daily was altered"):
        rollback(home)
    assert seen(home) == [(21, 1)]
    publish_now(home, 22, 2)
    assert seen(home) == [(22, 1)]


def test_a_rolled_back_file_is_what_today_publishes(home: DataFolder) -> None:
    """Its storage and its zones too, though an earlier version kept it otherwise; the kept file stays as it was."""
    old = kept(home)[1]
    con = duckdb.connect(str(old))
    con.execute("alter table regime_daily alter known_at type timestamp using timezone('UTC', known_at)")
    con.close()
    copy = old.with_name("copy")
    with duckdb.connect() as con:
        con.execute(f"attach '{old}' as old (read_only); attach '{copy}' as copy; copy from database old to copy")
    copy.replace(old)
    rollback(home)
    with duckdb.connect(str(home.published), read_only=True) as con:
        assert con.execute("select tags['storage_version'] from duckdb_databases() where database_name = 'marts'"
                           ).fetchall() == [("v1.2.0+",)]
        assert con.execute("select typeof(known_at) from regime_daily").fetchall() == [("TIMESTAMP WITH TIME ZONE",)]
    assert current_build(home) == old.stem
