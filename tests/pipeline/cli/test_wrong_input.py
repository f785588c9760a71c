"""What cannot be asked exits with 2, trouble of data or disk with 1; each prints one sentence and no traceback."""

from __future__ import annotations

import errno
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest
from in_process import rallyscope


@pytest.mark.parametrize(("command", "sentence"), [
    ("simulate --out market --seed -1", "Invalid value for '--seed'"),
    ("replay --archive market --port 0", "Invalid value for '--port'"),
    ("replay --archive a-file", "archive a-file: it is not a folder"),
    ("replay --archive nowhere", "archive nowhere: there is no such folder"),
    ("what-if NVDA=1_0", "it is not SYMBOL=RETURN"),
    ("failed-rows marts.regime_dayly", "no model has this name; did you mean 'marts.regime_daily'?"),
    ("status --home a-file", "a-file: it is not a folder. Name another one with --home"),
    (f"status --home {'a' * 300}", "file name too long. Use another path"),
    ("build --catalog nowhere", "does not exist; name a folder with --catalog"),
    ("run --date 1812-01-01 --source live", "the calendar begins on 1990-01-02"),
    ("run --date 2026-05-30 --source live", "closed on that day. The last closed session before it is 2026-05-29"),
    ("run --date tomorrow", "it is not a date"),
])
def test_what_cannot_be_asked_is_told_in_a_sentence(command: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    ran = rallyscope(*command.split(), cwd=tmp_path, env={"COLUMNS": "400"})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert sentence in " ".join(ran.stderr.split())


def test_a_switch_that_is_neither_true_nor_false_is_told(tmp_path: Path) -> None:
    ran = rallyscope("status", cwd=tmp_path, env={"RALLYSCOPE_PAGES": "maybe"})
    assert (ran.returncode, ran.stderr) == (
        2, "rallyscope: RALLYSCOPE_PAGES: it is 'maybe', but must be true or false. Correct it, or unset it\n")


@pytest.mark.parametrize("name", ["RALLYSCOPE_HOME", "RALLYSCOPE_CATALOG", "RALLYSCOPE_PAGES", "RALLYSCOPE_SOURCE"])
def test_an_empty_variable_is_an_unset_one(name: str, tmp_path: Path) -> None:
    ran = rallyscope("status", cwd=tmp_path, env={"HOME": str(tmp_path), name: ""})
    assert ran.returncode == 2
    assert "nothing is published at" in ran.stderr
    assert f"{tmp_path}/marts.duckdb" not in ran.stderr


def test_a_model_whose_rows_all_pass_is_no_error(tmp_path: Path) -> None:
    ran = rallyscope("failed-rows", "marts.regime_daily", "--home", tmp_path, cwd=tmp_path)
    assert (ran.returncode, "Traceback" in ran.stderr) == (0, False)
    assert "no build of this data folder found a row of marts.regime_daily that fails an assertion" in ran.stderr


def test_a_folder_in_place_of_the_published_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "marts.duckdb").mkdir()
    ran = rallyscope("status", "--home", tmp_path, cwd=tmp_path)
    assert ran.returncode == 1
    assert "it is a folder, no file of the pipeline's. Move it away and run the same command again" in ran.stderr


@pytest.mark.parametrize("command", ["show day", "export --out out", "brief", "status", "claims"])
def test_a_file_of_another_release_is_told(command: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with duckdb.connect(str(home / "marts.duckdb")) as con:
        con.execute("create schema audit; create schema core; create table audit.publication (build_id varchar)")
    ran = rallyscope(*command.split(), "--home", home, cwd=tmp_path)
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
    assert "cannot be read by this release" in ran.stderr
    assert ran.stderr.endswith("Publish again: rallyscope build\n")


def test_a_value_that_python_cannot_hold_is_told(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as con:
        con.execute("create table t (x integer)")
    ran = rallyscope("query", "select interval (1000000000) day", "--home", tmp_path, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (
        2, "rallyscope: query: a value is too large to be shown. Cast its column to text: x::varchar\n")


def test_a_server_that_is_no_replay_server_is_told(tmp_path: Path) -> None:
    """It answers, but knows no /clock; the sentence does not send the user to look for a server that is down."""
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        ran = rallyscope("run", "--source", f"http://127.0.0.1:{server.server_address[1]}", cwd=tmp_path)
        server.shutdown()
    assert ran.returncode == 2
    assert "the server there is not a replay server: it does not report a clock" in ran.stderr


def test_a_full_disk_is_no_fault_of_the_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "market"))

    monkeypatch.setattr(Path, "mkdir", full)
    ran = rallyscope("simulate", "--out", tmp_path / "market", cwd=tmp_path)
    assert ran.returncode == 1
    assert "No space left on device. Free disk space" in ran.stderr
