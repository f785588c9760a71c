"""The data folder: one writer at a time, readers who can only read, and sentences where it cannot be used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from warehouse.data_folder import DataFolder
from warehouse.errors import HomeUnusable, NothingPublished
from warehouse.zones import use_utc

ROOT = Path(__file__).parents[3]
HOLD_THE_TURN = """
import sys, time
from pathlib import Path
from warehouse.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).writer_lock(waiting=lambda lock_owner: print("waits for", lock_owner, flush=True)):
    print("has it", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def home(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def another_process(home: DataFolder):
    """Starts a process that takes the turn and holds it for some seconds; its first line says how it went."""
    started: list[subprocess.Popen[str]] = []

    def start(seconds: float) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", HOLD_THE_TURN, str(home.folder), str(seconds)], cwd=ROOT,
                                   stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip()  # type: ignore[union-attr]


# The writer's turn


def test_who_comes_second_is_told_the_holders_pid_and_gets_the_turn_after_it(home, another_process):
    lock_owner = another_process(1.0)
    assert first_line(lock_owner) == "has it"
    reported: list[str] = []
    with home.writer_lock(waiting=reported.append):
        assert reported == [f"pid {lock_owner.pid}"]
        assert lock_owner.wait(5) == 0, "the turn came only when the holder had left it"


def test_the_turn_is_free_after_kill_9(home, another_process):
    lock_owner = another_process(60)
    assert first_line(lock_owner) == "has it"
    lock_owner.send_signal(signal.SIGKILL)
    lock_owner.wait()
    with home.writer_lock(waiting=None):  # WriterLocked if it were not
        pass


def test_two_waiting_processes_both_get_their_turn(home, another_process):
    with home.writer_lock():
        waiting = [another_process(0), another_process(0)]
        assert [first_line(p) for p in waiting] == [f"waits for pid {os.getpid()}"] * 2
    assert [first_line(p) for p in waiting] == ["has it"] * 2


def test_a_turn_that_failed_is_free_again(home):
    with pytest.raises(KeyError), home.writer_lock():
        raise KeyError
    reported: list[str] = []
    with home.writer_lock(waiting=reported.append):
        assert reported == []


def test_nobody_is_named_when_nobody_holds_the_turn(home):
    with home.writer_lock():
        assert f"pid {os.getpid()}" in (home.folder / "writer.lock").read_text()
    assert (home.folder / "writer.lock").read_text() == ""


def test_a_turn_that_failed_names_nobody_and_a_killed_one_names_who(home, another_process):
    with pytest.raises(KeyError), home.writer_lock():
        raise KeyError
    assert (home.folder / "writer.lock").read_text() == ""
    lock_owner = another_process(60)
    assert first_line(lock_owner) == "has it"
    lock_owner.send_signal(signal.SIGKILL)
    lock_owner.wait()
    assert (home.folder / "writer.lock").read_text() == f"pid {lock_owner.pid}\n"


# A folder that cannot be


def test_a_file_in_the_folders_place_is_said_in_one_sentence(home):
    home.folder.write_text("a file")
    with pytest.raises(HomeUnusable) as raised, home.writer_lock():
        pass
    assert str(raised.value) == (f"{home.folder} cannot be used: File exists. Free disk space or fix its permissions, or "
                                 "name another folder with --home or RALLYSCOPE_HOME.")


def test_a_working_database_that_is_none_is_said_in_one_sentence(home):
    home.folder.mkdir()
    home.working.write_bytes(b"not a database" * 1000)
    with pytest.raises(HomeUnusable, match=r"warehouse\.duckdb cannot be used: .*not a valid DuckDB"), home.warehouse():
        pass


def test_a_published_file_that_is_none_is_said_in_one_sentence(home):
    home.folder.mkdir()
    home.published.write_bytes(b"not a database" * 1000)
    with pytest.raises(HomeUnusable, match=r"marts\.duckdb cannot be used: .*not a valid DuckDB"), home.marts():
        pass


def test_a_working_database_somebody_has_open_names_who(home):
    home.folder.mkdir()
    keep_open = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print(); input()"
    reader = subprocess.Popen([sys.executable, "-c", keep_open, str(home.working)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        first_line(reader)
        with pytest.raises(HomeUnusable, match=rf"PID {reader.pid}.* Close the file in that program"), home.warehouse():
            pass
    finally:
        reader.communicate("\n")


def test_a_log_that_is_not_the_working_databases_is_to_be_moved_away(home):
    home.folder.mkdir()
    with home.warehouse():
        pass
    Path(f"{home.working}.wal").mkdir()
    with pytest.raises(HomeUnusable, match=r"Another program wrote .*warehouse\.duckdb\.wal.*\. Move that file"), \
            home.warehouse():
        pass


def test_the_schema_is_made_once_and_stays(home):
    home.folder.mkdir()
    with home.warehouse() as con:
        con.execute("insert into audit.batch values ('b', 'bars', 'hash', now(), 'loaded', 1, 1, 0, 'run', false)")
    with home.warehouse() as con:
        assert con.execute("select count(*) from audit.batch").fetchone() == (1,)


# Readers


@pytest.fixture
def readable(home: DataFolder) -> DataFolder:
    home.folder.mkdir()
    with duckdb.connect(str(home.published)) as con:
        con.execute("create table regime_daily as select date '2026-03-02' as date, 21.5 as vix_close")
    return home


def test_before_the_first_publication_a_reader_is_told_what_to_do(home):
    with pytest.raises(NothingPublished, match="rallyscope demo"), home.marts():
        pass


def test_a_reader_finds_a_mart_by_both_its_names(readable):
    with readable.marts() as con:
        assert con.execute("select vix_close from marts.regime_daily").fetchall() == \
            con.execute("select vix_close from regime_daily").fetchall()


@pytest.mark.parametrize("statement", [
    "create table more as select 1",
    "insert into regime_daily values (null, null)",
    "drop table regime_daily",
    "select * from read_csv('/etc/hostname')",
    "select * from read_text('/etc/hostname')",
    "select * from '/etc/hostname.csv'",
    "select * from glob('/etc/*')",
    "copy regime_daily to '{folder}/taken.csv'",
    "export database '{folder}/taken'",
    "attach '{folder}/other.duckdb'",
    "install httpfs",
    "load '{folder}/some.duckdb_extension'",
    "set enable_external_access = true",
    "reset enable_external_access",
    "set lock_configuration = false",
    "set temp_directory = '{folder}'",
    "set threads = 64",
])
def test_a_reader_cannot_write_nor_read_files_nor_change_settings(readable, statement):
    before = sorted(readable.folder.iterdir())
    with readable.marts() as con, pytest.raises(duckdb.Error):
        con.execute(statement.format(folder=readable.folder))
    assert sorted(readable.folder.iterdir()) == before


def test_two_readers_in_one_process_are_both_shut_in(readable):
    with readable.marts() as one, readable.marts() as two:
        assert one.execute("from regime_daily").fetchall() == two.execute("from regime_daily").fetchall()
        for con in (one, two):
            with pytest.raises(duckdb.PermissionException):
                con.execute("from read_text('/etc/hostname')")


def test_readers_in_two_threads_open_it_at_the_same_moment(readable, monkeypatch):
    """Whoever comes second finds the settings locked, and is not refused for it."""
    def slowly(con: duckdb.DuckDBPyConnection) -> None:
        time.sleep(0.05)
        use_utc(con)

    def read(_: int) -> int:
        with readable.marts() as con:
            return len(con.execute("from regime_daily").fetchall())

    monkeypatch.setattr("warehouse.data_folder.use_utc", slowly)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(read, range(8)))) == 1
