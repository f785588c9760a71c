"""What `rallyscope doctor` says of a Prefect service, over the answers that a server may give."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.cli.doctor.service import RESTART, service
from warehouse import file_lock
from warehouse.data_folder import DataFolder

NAMES = ("daily", "macro-revisions", "fundamentals", "backfill", "rebuild")
WORKERS = "/api/work_pools/rallyscope/workers/filter"
WELL: dict[str, Any] = {
    "/api/health": True,
    "/api/csrf-token": {"token": "a-token"},
    "/api/work_pools/rallyscope": {"is_paused": False},
    WORKERS: [{"name": "old", "status": "OFFLINE"}, {"name": "new", "status": "ONLINE"}],
    "/api/deployments/filter": [{"name": name, "paused": False} for name in NAMES],
}


@pytest.fixture
def answers() -> dict[str, Any]:
    """What the server answers, by path; a number is a status."""
    return dict(WELL)


@pytest.fixture
def home(answers: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataFolder]:
    """A data folder whose service is such a server."""
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = answers[self.path.partition("?")[0]]
            asks_for = None if self.path == "/api/health" else answers.get("asks for")
            if asks_for and self.headers["Authorization"] != asks_for:
                answer = 401
            self.send_response(answer if type(answer) is int else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_POST = do_GET

        def log_message(self, *_) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with noted(tmp_path, f"http://127.0.0.1:{server.server_port}") as home:
            yield home
        server.shutdown()


@contextmanager
def noted(folder: Path, ui: str, ready: bool = True) -> Iterator[DataFolder]:
    """A data folder with the note of a service that lives: its lock is held."""
    (folder / "prefect").mkdir(mode=0o700)
    with (folder / "prefect" / "serve.json").open("w") as file:
        file.write(json.dumps({"pid": os.getpid(), "ui": ui, "ready": ready, "server": None, "worker": None}))
        file.flush()
        assert file_lock.take(file)
        yield DataFolder(folder)


def found(home: DataFolder) -> dict[str, tuple[bool, str]]:
    return {finding.name: (finding.ok, finding.line) for finding in service(home)}


def test_a_service_that_is_well(home: DataFolder) -> None:
    server, access, worker, deployments = found(home).values()
    assert access[0]
    assert access[1].startswith("open to every program and user of this machine, because of --no-auth")
    assert (server[0], server[1].partition(", ")[2]) == (True, f"run by pid {os.getpid()}")
    assert worker == (True, "new polls the work pool rallyscope")
    assert deployments == (True, ", ".join(NAMES))


def test_no_service_is_no_error(tmp_path: Path) -> None:
    line = "not running; to start it with its worker and schedules: rallyscope serve --detach"
    assert found(DataFolder(tmp_path)) == {"server": (True, line)}


def test_the_note_of_a_service_that_was_killed_is_no_service(tmp_path: Path) -> None:
    with noted(tmp_path, "http://127.0.0.1:9"):
        pass
    assert found(DataFolder(tmp_path))["server"][1].startswith("not running")


def test_a_service_that_is_starting(tmp_path: Path) -> None:
    with noted(tmp_path, "http://127.0.0.1:9", ready=False) as home:
        assert found(home) == {"server": (True, "http://127.0.0.1:9 is starting; check again in half a minute")}


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    with noted(tmp_path, "http://127.0.0.1:9") as home:
        (ok, line), = found(home).values()
    assert not ok
    assert line == f"http://127.0.0.1:9 does not respond, although pid {os.getpid()} is running. To restart it: {RESTART}"


def test_a_server_without_a_worker(home: DataFolder, answers: dict[str, Any]) -> None:
    answers[WORKERS] = WELL[WORKERS][:1]
    ok, line = found(home)["worker"]
    assert not ok
    assert line.endswith(f"so no run starts. To restart the service: {RESTART}")


def test_a_paused_work_pool(home: DataFolder, answers: dict[str, Any]) -> None:
    answers["/api/work_pools/rallyscope"] = {"is_paused": True}
    ok, line = found(home)["worker"]
    assert not ok
    assert "resume it in the UI" in line


def test_a_deployment_that_was_not_applied_and_one_that_is_paused(home: DataFolder, answers: dict[str, Any]) -> None:
    answers["/api/deployments/filter"] = [{"name": name, "paused": name == "daily"} for name in NAMES]
    assert found(home)["deployments"] == (True, f"{', '.join(NAMES)}; paused: daily")
    del answers["/api/deployments/filter"][1]
    assert found(home)["deployments"] == (False, f"macro-revisions not deployed. To deploy: {RESTART}")


@pytest.fixture
def closed(answers: dict[str, Any]) -> None:
    """The server asks for user:password."""
    answers["asks for"] = "Basic dXNlcjpwYXNzd29yZA=="


@pytest.mark.usefixtures("closed")
def test_the_string_kept_in_the_home_opens_the_server(home: DataFolder) -> None:
    (home.folder / "prefect" / "auth").write_text("user:password\n")
    assert [ok for ok, _ in found(home).values()] == [True] * 4
    assert found(home)["access"] == (True, "requires a login and refuses pages of other sites")


@pytest.mark.usefixtures("closed")
def test_the_users_own_string_comes_first(home: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.folder / "prefect" / "auth").write_text("another:string\n")
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "user:password")
    assert [ok for ok, _ in found(home).values()] == [True] * 4


@pytest.mark.usefixtures("closed")
def test_a_server_that_asks_for_another_password(home: DataFolder) -> None:
    ok, line = found(home)["worker"]
    assert not ok
    assert "PREFECT_SERVER_API_AUTH_STRING" in line


def test_a_string_that_cannot_be_read(home: DataFolder) -> None:
    (home.folder / "prefect" / "auth").mkdir()
    ok, line = found(home)["access"]
    assert not ok
    assert "Is a directory" in line


@pytest.mark.parametrize("name", ["prefect", "prefect/serve.json"])
def test_a_link_that_leads_to_itself_is_no_service(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.symlink_to(path)
    assert found(DataFolder(tmp_path))["server"][1].startswith("not running")


def test_files_that_others_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "prefect"
    folder.mkdir()
    folder.chmod(0o755)
    assert found(DataFolder(tmp_path))["service files"] == (
        False, f"other users of this machine can read {folder}, which holds the webhook's address: chmod -R go= {folder}")
    folder.chmod(0o700)
    assert "service files" not in found(DataFolder(tmp_path))


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_in_trouble(status: int, home: DataFolder, answers: dict[str, Any]) -> None:
    answers["/api/deployments/filter"] = status
    ok, line = found(home)["deployments"]
    assert not ok
    assert line.startswith(f"the server responded with {status} ")
