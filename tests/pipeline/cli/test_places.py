"""Folders, locks, dates and clocks that are none: a sentence that says what to do, and nothing made or lost by it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tiny_market import rallyscope

from flows.cli.doctor import data
from flows.cli.doctor.check_result import CheckResult, Outcome, run_check
from flows.cli.exit_codes import exit_code
from flows.prefect_run import days_of_shell
from flows.replay.known_through import bars_known_through
from flows.replay.server import create_app
from flows.report.export import export
from flows.report.terminal import show_failed_rows
from flows.settings import Clock, Settings
from warehouse.data_folder import DataFolder
from warehouse.drafts import abandoned, sweep
from warehouse.errors import BadRequest, HomeUnusable, WriterLocked


def loop(place: Path) -> None:
    place.symlink_to(place.name)


def pipe(place: Path) -> None:
    os.mkfifo(place)


STRANGE: dict[str, Callable[[Path], object]] = {
    "a file": lambda place: place.write_text("mine"), "a ring of links": loop, "a pipe": pipe,
    "a link that leads nowhere": lambda place: place.symlink_to("nowhere/nobody")}


@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_a_data_folder_that_is_none_is_said_by_doctor_and_run(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "home")
    done = rallyscope("doctor", "--home", tmp_path / "home", "--source", "http://127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    home = Settings(home_folder=tmp_path / "home").home
    if make is not STRANGE["a link that leads nowhere"]:  # whose folder can be made
        with pytest.raises(HomeUnusable, match="cannot be used: "), home.writer_lock():
            pass


@pytest.mark.parametrize("make", [*STRANGE.values(), Path.mkdir], ids=[*STRANGE, "a folder"])
def test_a_lock_that_is_none_stops_the_writer_and_is_found(tmp_path: Path, make: Callable[[Path], object]) -> None:
    home = DataFolder(tmp_path)
    make(home.lock)
    if make is STRANGE["a file"]:  # an earlier one of ours, whatever is in it
        assert run_check("writer", lambda: data.writer(home)).ok
        return
    with pytest.raises(HomeUnusable, match=r"writer\.lock cannot be used: it is no file of the pipeline's.* Move it"), \
            home.writer_lock():
        pass
    finding = run_check("writer", lambda: data.writer(home))
    assert not finding.ok
    assert "Move it away" in finding.line


def test_a_working_database_that_is_a_link_to_nowhere_is_not_begun_anew(tmp_path: Path) -> None:
    home = DataFolder(tmp_path / "home")
    home.folder.mkdir()
    home.working.symlink_to(tmp_path / "unmounted" / "warehouse.duckdb")
    (tmp_path / "unmounted").mkdir()
    with pytest.raises(HomeUnusable, match=r"warehouse\.duckdb cannot be used: it is a link to a file that does not "
                                           r"exist\. If the file is on a disk that is not mounted, mount it"), \
            home.writer_lock(), home.warehouse():
        pass
    assert not list((tmp_path / "unmounted").iterdir())


def test_what_a_lock_leads_to_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    home = DataFolder(tmp_path / "home")
    home.folder.mkdir()
    home.lock.symlink_to("../precious")
    with pytest.raises(HomeUnusable), home.writer_lock():
        pass
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("make", list(STRANGE.values())[:3], ids=list(STRANGE)[:3])
def test_an_export_into_what_is_no_folder_is_refused(home: DataFolder, tmp_path: Path, make: Callable[[Path],
                                                                                                      object]) -> None:
    make(tmp_path / "out")
    with pytest.raises(BadRequest, match=r"export .*out: it .*--out"):
        export(home, tmp_path / "out", print)


@pytest.mark.parametrize(("command", "code"), [("prune", 0), ("prune --dry-run", 0), ("rollback", 2)])
def test_a_folder_that_is_not_there_is_not_made_by_being_asked_about(tmp_path: Path, command: str, code: int) -> None:
    done = rallyscope(*command.split(), "--home", tmp_path / "home", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("note", [b"{", b"\xff\xfe", b"[]", b'{"assertion": "x"}'])
def test_a_damaged_note_of_a_failed_assertion_is_said(tmp_path: Path, note: bytes) -> None:
    home = DataFolder(tmp_path)
    home.failed_rows.mkdir()
    (home.failed_rows / "marts.x.json").write_bytes(note)
    with pytest.raises(BadRequest, match="the rows that the build saved cannot be read"):
        show_failed_rows(home, "marts.x")


def test_a_turn_is_held_though_the_disk_takes_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with DataFolder(tmp_path).writer_lock(), pytest.raises(WriterLocked,
                                                           match="another process"), DataFolder(tmp_path).writer_lock(None):
        pass


def test_what_a_disk_does_to_a_look_is_a_finding() -> None:
    def look() -> Outcome:
        raise OSError(28, "No space left on device", "/data/x")

    line = ("/data/x: No space left on device. Free disk space or memory, or fix the permissions, then run the same "
            "command again.")
    assert run_check("x", look) == CheckResult("x", False, line)


# What a killed process left


def test_drafts_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    home, dead = DataFolder(tmp_path), 2**22 + 1
    (home.landing / ".draft-bars-1").mkdir(parents=True)
    for folder in (home.builds, tmp_path / "site"):
        folder.mkdir()
    left = [home.builds / f".x.{dead}.draft", home.builds / f".x.{dead}.draft.wal", tmp_path / f".marts.{dead}.draft",
            tmp_path / "site" / f".2026-05-29.html.{dead}.draft"]
    kept = [tmp_path / "site" / f".2026-05-29.html.{os.getpid()}.draft", tmp_path / "site" / "index.html",
            tmp_path / "mine.draft"]
    for file in (*left, *kept):
        file.write_text("half")
    assert set(abandoned(home)) == {home.landing / ".draft-bars-1", *left}
    sweep(home)
    assert [file.exists() for file in (*left, *kept)] == [False] * len(left) + [True] * len(kept)


# Clocks


@pytest.mark.parametrize("year", [1, 1950, 1990, 2200, 2500, 9999])
def test_a_clock_at_which_there_is_no_market_is_refused(year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told = datetime(year, 12, 31 if year > 1 else 1, 20, tzinfo=UTC)
    monkeypatch.setattr("flows.settings._fetch_json", lambda url: {"now": told.isoformat(), "simulated": True})
    with pytest.raises(BadRequest, match=r"it reads .*, which is not between 1991 and 2199\. Set it: rallyscope replay"):
        Settings(source="http://127.0.0.1:1").clock()
    with pytest.raises(BadRequest, match="Set it: timedatectl"):
        Settings()._of_the_market(Clock(told, False), "this machine", "timedatectl set-ntp true")


@pytest.mark.parametrize("year", [1900, 1950, 2026, 2199])
@pytest.mark.parametrize("hour", [3, 18, 19, 23])
def test_a_replay_of_any_year_has_a_last_day(year: int, hour: int) -> None:
    assert bars_known_through(datetime(year, 6, 1, hour, tzinfo=UTC)).year == year


def test_a_replay_before_its_archive_serves_that_nothing_is_known(tiny: Path) -> None:
    from fastapi.testclient import TestClient

    client = TestClient(create_app(tiny / "archive", datetime(1950, 1, 1, tzinfo=UTC)))
    paths = ("/clock", "/v8/finance/chart/AAA?period1=0&period2=9999999999&interval=1d", "/weights/NDX.csv",
             "/fred/series/observations?series_id=DGS10&api_key=" + "0" * 32)
    assert all(client.get(path).status_code < 500 for path in paths)


# Arguments of the flows' modules


@pytest.mark.parametrize(("names", "given", "sentence"), [
    ("", ["2027-01-01"], "python -m m: it takes no arguments, but got 2027-01-01. Instead"),
    ("START END", [], "python -m m: it takes START END, but got none. Instead"),
    ("START END", ["2026-03-02"], "python -m m: it takes START END, but got 2026-03-02. Instead"),
    ("START END", ["soon", "later"], "date 'soon': it is not a date. Write year, month and day, e.g. 2026-03-27")])
def test_a_module_says_what_it_takes(names: str, given: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["m", *given])
    with pytest.raises(SystemExit) as ended:
        days_of_shell("m", names, "Instead")
    assert (ended.value.code, capsys.readouterr().err) == (2, f"rallyscope: {sentence}\n")


# The kind of it: what a disk, a device or the memory does is a sentence, wherever it happens


@pytest.mark.parametrize(("error", "reported"), [
    (OSError(28, "No space left on device", "/data/x"), "/data/x: No space left on device. Free disk space or memory, or"),
    (PermissionError(13, "Permission denied", "/data/y"), "/data/y: Permission denied. Free disk space or memory, or"),
    (MemoryError(), "the machine does not have enough memory. Free disk space or memory, or"),
    (TimeoutError("timed out"), "timed out. Free disk space")])
def test_what_the_machine_cannot_do_is_a_sentence(error: Exception, reported: str) -> None:
    def command() -> None:
        raise error

    lines: list[str] = []
    assert exit_code(command, lines.append) == 1
    assert [line.startswith(f"rallyscope: {reported}") for line in lines] == [True]
