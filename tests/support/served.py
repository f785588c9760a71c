"""A running service, started by `rallyscope serve --detach`, and the requests that tests send to it."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tiny_market import rallyscope

from flows.replay.faults import Fault
from flows.replay.server import running
from flows.service.prefect_api import Api

# Friday 29 May 2026, ten in the evening in New York: the session of that day has closed.
NOW = datetime(2026, 5, 30, 2, tzinfo=UTC)
PASSWORD, KEY = "watcher:a-word-nobody-knows", "k" * 31 + "7"
PATIENCE = 150
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP *.example 127.0.0.1"]


@dataclass
class Served:
    """A running service, and its output."""

    home: Path
    port: int
    env: dict[str, str]
    reported: str
    posted: list[str] = field(default_factory=list)

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def auth(self) -> str:
        """The auth string that the service requires: from its environment, or the generated one."""
        return self.env.get("PREFECT_SERVER_API_AUTH_STRING") or (self.home / "prefect" / "auth").read_text().strip()

    @property
    def api(self) -> Api:
        return Api(f"{self.ui}/api", self.auth)

    def note(self) -> dict[str, Any]:
        return json.loads((self.home / "prefect" / "serve.json").read_text())

    def deployment(self, name: str) -> dict[str, Any]:
        return next(d for d in self.api("POST", "/deployments/filter", {}) if d["name"] == name)

    def start(self, name: str, **parameters: Any) -> str:
        """Request a run of the deployment; return the run's id."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return self.api("POST", path, {"parameters": parameters})["id"]

    def run(self, run_id: str) -> dict[str, Any]:
        return self.api("GET", f"/flow_runs/{run_id}")

    def ended(self, run_id: str) -> dict[str, Any]:
        """Wait until the run has ended, and return it."""
        return until(lambda: (run := self.run(run_id))["state_type"] in ("COMPLETED", "FAILED", "CRASHED") and run)


def until(ready: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Call `ready` until its result is true, and return the result."""
    patience = time.monotonic() + seconds
    while not (answer := ready()):
        assert time.monotonic() < patience, "waited in vain"
        time.sleep(0.3)
    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def ear() -> Iterator[tuple[str, list[str]]]:
    """Yield a URL for automations to post to, and the list of texts posted to it."""
    heard: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/secret-path", heard
        server.shutdown()


@contextmanager
def browser() -> Iterator[Any]:
    """Yield headless Chromium, in which every host name that ends in .example resolves to this machine."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium here (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def up(tiny: Path, home: Path, *faults: Fault, now: datetime = NOW, **more: str) -> Iterator[Served]:
    """Run a service over the tiny market without any Prefect settings; stop it and its source afterwards."""
    with running(tiny / "archive", now, faults) as source, ear() as (address, heard):
        env = {"RALLYSCOPE_HOME": str(home), "RALLYSCOPE_SOURCE": source, "RALLYSCOPE_CATALOG": str(tiny / "catalog"),
               "RALLYSCOPE_WEBHOOK": address, "FRED_API_KEY": KEY, **more}
        port = free_port()
        started = rallyscope("serve", "--detach", "--port", port, cwd=home, env=env)
        assert started.returncode == 0, started.stderr
        try:
            yield Served(home, port, env, started.stdout, heard)
        finally:
            rallyscope("serve", "--stop", cwd=home, env=env)
