"""`rallyscope doctor` finds each thing that is wrong, says what to do, changes nothing and waits for nobody."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from evenings import tiny_home
from tiny_market import ROOT, clean_environment

from flows.cli.doctor import data
from flows.cli.doctor.check_result import CheckResult
from flows.cli.doctor.doctor import checks, doctor
from flows.replay.server import running
from flows.report.terminal import show
from flows.settings import Settings
from warehouse.data_folder import DataFolder

NOWHERE = "http://127.0.0.1:9"
HOLD_THE_TURN = """
import sys
from pathlib import Path
from warehouse.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).writer_lock():
    print("has it", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which one run was done."""
    return tiny_home(tmp_path_factory.mktemp("done"), command="run")


@pytest.fixture
def home(done: Path, tmp_path: Path) -> DataFolder:
    """The same, for a test to spoil."""
    return DataFolder(shutil.copytree(done, tmp_path / "data"))


@pytest.fixture
def settings(home: DataFolder, tiny: Path, tiny_server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings of that folder and the tiny market, or others."""
    monkeypatch.delenv("FRED_API_KEY", raising=False)

    def given(**changed) -> Settings:
        usual = {"home_folder": home.folder, "source": tiny_server, "catalog_folder": tiny / "catalog"}
        return Settings(**usual | changed)

    return given


@pytest.fixture
def found(settings: Callable[..., Settings]) -> Callable[..., CheckResult]:
    """What the check of that name finds."""

    def look(name: str, **changed) -> CheckResult:
        return next(finding for finding in checks(settings(**changed)) if finding.name == name)

    return look


def spoil(file: Path, sql: str) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute(sql)


# The whole


def test_all_is_well_after_a_run(settings, capsys) -> None:
    assert doctor(settings()) == 0
    reported = capsys.readouterr().out
    assert [line[5:18].strip() for line in reported.splitlines() if not line.startswith(" ")] == [
        "catalog", "data folder", "disk", "writer", "landing", "raw tables", "last run", "publication", "freshness",
        "source", "clock", "FRED key", "server"]
    assert "FIX" not in reported


def test_what_is_wrong_is_marked_in_a_hundred_columns_and_ends_in_one(settings, capsys) -> None:
    assert doctor(settings(source=NOWHERE, fred_api_key="short")) == 1
    lines = capsys.readouterr().out.splitlines()
    assert {line[5:18].strip() for line in lines if line.startswith("FIX")} == {"source", "clock", "FRED key"}
    assert all(len(line) <= 100 or " " not in line[18:].strip() for line in lines)


def test_a_script_reads_the_same_as_json(settings, capsys) -> None:
    assert doctor(settings(source=NOWHERE), as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert {finding["name"]: finding["ok"] for finding in found}["source"] is False
    assert all(finding.keys() == {"name", "ok", "line"} for finding in found)


def test_it_starts_fast_since_no_large_library_is_imported(settings) -> None:
    code = """
import sys
from flows.cli.doctor.doctor import doctor
from flows.report.terminal import show
from flows.settings import Settings
doctor(Settings())
print({"prefect", "great_expectations", "yfinance", "fredapi", "altair"} & sys.modules.keys())"""
    given = settings()
    env = clean_environment({"RALLYSCOPE_HOME": str(given.home_folder), "RALLYSCOPE_SOURCE": given.source})
    ran = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "set()"


def test_a_folder_without_anything_needs_a_first_publication_and_is_not_made(found, settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    wrong = [finding for finding in checks(settings(home_folder=empty)) if not finding.ok]
    assert [finding.name for finding in wrong] == ["publication"]
    assert "rallyscope demo" in wrong[0].line
    assert not empty.exists()


# The publication


def test_a_published_file_that_is_none(found, home: DataFolder) -> None:
    home.published.unlink()
    home.published.write_bytes(b"no database" * 1000)
    assert not found("publication").ok


def test_a_published_mart_that_was_changed(found, home: DataFolder) -> None:
    spoil(home.published, "update regime_daily set vix_close = 99 where date = '2026-05-29'")
    finding = found("publication")
    assert not finding.ok
    assert "changed after the publication. To rebuild: rallyscope build" in finding.line


def test_a_published_mart_that_is_missing(found, home: DataFolder) -> None:
    spoil(home.published, "drop table regime_daily")
    assert "is damaged" in found("publication").line


def test_a_table_that_somebody_wrote_into_the_published_file(found, home: DataFolder) -> None:
    spoil(home.published, "create table scratch as select 1 as a; create table main.other as select 1 as a")
    finding = found("publication")
    assert not finding.ok
    assert "has tables that another program wrote: other, scratch" in finding.line


@pytest.mark.parametrize("log", [b"", b"no log" * 1000])
def test_a_log_beside_the_published_file_is_told_once(settings, home: DataFolder, log: bytes, capsys) -> None:
    Path(f"{home.published}.wal").write_bytes(log)
    assert doctor(settings()) == 1
    reported = " ".join(capsys.readouterr().out.split())
    assert reported.count("FIX") == 1
    assert (f"{home.published}.wal was left by a program that opened marts.duckdb for writing, and others would read it as "
            "part of it: delete it or move it away, or let rallyscope run or rollback move it to set-aside") in reported
    show(home, "status", None)
    assert capsys.readouterr().err.startswith(f"{home.published}.wal was left by a program")


def test_a_notebook_that_has_the_published_file_open_is_named(settings, home: DataFolder, capsys) -> None:
    open_it = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", open_it, str(home.published)], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as notebook:
        notebook.stdout.readline()  # type: ignore[union-attr]
        assert doctor(settings()) == 1
        reported = " ".join(capsys.readouterr().out.split())
        assert reported.count("FIX") == 1
        assert f"PID {notebook.pid} has {home.published} open for writing, and no other program can open it" in reported
        notebook.communicate("\n")


def test_a_current_build_that_is_not_kept(found, home: DataFolder) -> None:
    for build in home.builds.glob("*.duckdb"):
        build.unlink()
    assert "is missing in the kept builds" in found("publication").line


def test_sessions_that_are_not_published_yet_are_counted(found, tiny: Path) -> None:
    with running(tiny / "archive", datetime(2026, 6, 3, 2, tzinfo=UTC)) as later:
        finding = found("freshness", source=later)
    assert finding == CheckResult("freshness", False,
                                  "2026-05-29 is published, 2 sessions behind 2026-06-02, the last closed one. To catch "
                                  "up: rallyscope run")


def test_a_build_as_of_the_past_is_behind_on_purpose(found, home: DataFolder) -> None:
    spoil(home.published, """delete from regime_daily where date > '2026-05-08';
                             update audit.publication set as_of = '2026-05-09'""")
    finding = found("freshness")
    assert not finding.ok
    assert finding.line.endswith("It was built as of a past time. To publish the present: rallyscope build")


def test_a_simulated_market_is_not_mixed_with_a_real_one(found, home: DataFolder) -> None:
    spoil(home.published, "update audit.publication set is_simulated = true")
    finding = found("freshness")
    assert not finding.ok
    assert "holds a simulated market, but the source is the real one" in finding.line


# The working database


@pytest.fixture
def writing(home: DataFolder) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the writer's turn."""
    process = subprocess.Popen([sys.executable, "-c", HOLD_THE_TURN, str(home.folder)], cwd=ROOT, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "has it\n"  # type: ignore[union-attr]
    yield process
    process.communicate()


def test_a_run_that_is_on_is_named_and_not_waited_for(settings, writing) -> None:
    findings = {finding.name: finding for finding in checks(settings())}
    assert all(finding.ok for finding in findings.values())
    assert findings["writer"].line == f"pid {writing.pid} has been writing for 0 minutes"
    assert {findings[name].line for name in ("landing", "raw tables", "last run")} == {
        f"skipped, because pid {writing.pid} is writing"}


def test_a_turn_held_for_hours(found, home: DataFolder, writing) -> None:
    hours_ago = time.time() - 4 * 3600
    os.utime(home.folder / "writer.lock", (hours_ago, hours_ago))
    finding = found("writer")
    assert not finding.ok
    assert f"pid {writing.pid} has been writing for 240 minutes" in finding.line
    assert f"kill {writing.pid}" in finding.line


def test_what_a_dead_process_left_locks_nothing(found, home: DataFolder, writing) -> None:
    writing.kill()
    writing.wait()
    finding = found("writer")
    assert finding.ok
    assert f"idle (pid {writing.pid} exited in the middle of a run; no lock is held)" in finding.line


def test_a_landed_folder_that_was_not_loaded(found, home: DataFolder) -> None:
    batch = next(data.landing.batches(home.landing))
    shutil.copytree(batch, batch.with_name("20260530T020000000000-bars-0123456789"))
    finding = found("landing")
    assert not finding.ok
    assert finding.line.startswith("1 landed but not loaded, the first is 20260530T020000000000-bars-0123456789")


def test_a_key_held_twice(found, home: DataFolder) -> None:
    spoil(home.working, "insert into raw.price_bar from raw.price_bar where symbol = 'AAA' and date = '2026-05-29'")
    finding = found("raw tables")
    assert not finding.ok
    assert "raw.price_bar (1 keys)" in finding.line


def test_a_working_database_that_is_none(found, home: DataFolder) -> None:
    home.working.write_bytes(b"no database" * 1000)
    finding = found("raw tables")
    assert not finding.ok
    assert "cannot be used" in finding.line


@pytest.mark.parametrize(("status", "sentence"), [
    ("running", "was interrupted. To continue it: rallyscope run"),
    ("incomplete", ", incomplete: run the same command again"), ("failed", ", failed: run the same command again")])
def test_a_last_run_that_did_not_complete(status: str, sentence: str, found, home: DataFolder) -> None:
    spoil(home.working, f"update audit.run set status = '{status}', message = 'run the same command again'")
    finding = found("last run")
    assert not finding.ok
    assert sentence in finding.line


def test_what_the_last_run_quarantined_is_said_and_nothing_to_fix(found, home: DataFolder) -> None:
    assert found("last run").line.endswith("rows quarantined: none")
    spoil(home.working, """insert into raw.rejected_row
        select 'bars', 'AAA', '2026-05-29', '{}', 'a reason', 'batch', now(), run_id from audit.run""")
    finding = found("last run")
    assert finding.ok
    assert finding.line.endswith("rows quarantined: bars 1")
