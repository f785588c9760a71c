"""`rallyscope serve` as a user has it: the server, the worker, the deployments and the pages, all of them real.

One service for the module, with a password, over the tiny market; the tests go through its life from up to down.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tiny_market import published, rallyscope, table_hashes

from flows import steps
from flows.prefect_api import POOL, Api
from flows.replay.faults import Fault
from flows.replay.server import running
from flows.settings import Settings
from warehouse.home import Home

pytestmark = pytest.mark.xdist_group("serve")

NEW_YORK = ZoneInfo("America/New_York")
# Friday 29 May 2026, ten in the evening in New York: a day with a session, and it has closed.
NOW = datetime(2026, 5, 30, 2, tzinfo=UTC)
PASSWORD, KEY = "watcher:a-word-nobody-knows", "k" * 31 + "7"
PATIENCE = 150
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


@dataclass
class Served:
    """A service that is up, and what it said."""

    home: Path
    port: int
    env: dict[str, str]
    slow: Fault
    said: str = ""
    told: list[str] = field(default_factory=list)

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> Api:
        return Api(f"{self.ui}/api", PASSWORD)

    def note(self) -> dict[str, Any]:
        return json.loads((self.home / "prefect" / "serve.json").read_text())

    def deployment(self, name: str) -> dict[str, Any]:
        return next(d for d in self.api("POST", "/deployments/filter", {}) if d["name"] == name)

    def start(self, name: str, **parameters: Any) -> str:
        """Ask for a run of the deployment; its id."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return self.api("POST", path, {"parameters": parameters})["id"]

    def run(self, run_id: str) -> dict[str, Any]:
        return self.api("GET", f"/flow_runs/{run_id}")

    def ended(self, run_id: str) -> dict[str, Any]:
        """The run when it has ended."""
        return until(lambda: (run := self.run(run_id))["state_type"] in ("COMPLETED", "FAILED", "CRASHED") and run)


def until(ready: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `ready` gives once it is true."""
    patience = time.monotonic() + seconds
    while not (answer := ready()):
        assert time.monotonic() < patience, "waited in vain"
        time.sleep(0.3)
    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[str, list[str]]]:
    """An address that automations post to, and what it was told."""
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


@pytest.fixture(scope="module")
def served(tiny: Path, tmp_path_factory: pytest.TempPathFactory, told: tuple[str, list[str]]) -> Iterator[Served]:
    """The service, up. The last test takes it down; this makes sure of it."""
    home = tmp_path_factory.mktemp("served")
    slow = Fault(match="/fred/*", kind="timeout", times=0, seconds=20)
    with running(tiny / "archive", NOW, [slow]) as source:
        env = {"RALLYSCOPE_HOME": str(home), "RALLYSCOPE_SOURCE": source, "RALLYSCOPE_CATALOG": str(tiny / "catalogue"),
               "RALLYSCOPE_WEBHOOK": told[0], "PREFECT_SERVER_API_AUTH_STRING": PASSWORD, "FRED_API_KEY": KEY,
               "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3"}
        this = Served(home, free_port(), env, slow, told=told[1])
        up = rallyscope("serve", "--detach", "--port", this.port, cwd=home, env=env)
        assert up.returncode == 0, up.stderr
        this.said = up.stdout
        try:
            yield this
        finally:
            rallyscope("serve", "--stop", cwd=home, env=env)


# Up


def test_it_says_where_it_is_and_all_is_there(served: Served) -> None:
    assert f"Prefect UI   {served.ui}" in served.said
    assert "rallyscope serve --stop" in served.said
    deployments = {d["name"]: d for d in served.api("POST", "/deployments/filter", {})}
    assert set(deployments) == {"daily", "macro-revisions", "fundamentals", "backfill", "rebuild"}
    for deployment in deployments.values():
        assert deployment["description"]
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
        assert "rallyscope" in deployment["tags"]
    assert {a["name"] for a in served.api("POST", "/automations/filter", {})} == {
        "rallyscope run failed", "rallyscope run late", "rallyscope run does not end", "rallyscope signal"}
    workers = served.api("POST", f"/work_pools/{POOL}/workers/filter", {})
    assert [worker["status"] for worker in workers] == ["ONLINE"]


def test_the_forms_ask_for_dates_and_one_of_the_cuts(served: Served) -> None:
    asked = served.deployment("backfill")["parameter_openapi_schema"]
    assert asked["properties"]["start"]["format"] == "date"
    assert asked["required"] == ["start", "end"]
    assert asked["definitions"]["Chunk"]["enum"] == ["whole", "year", "month", "week", "day"]
    assert all(p["description"] for name in ("daily", "backfill", "rebuild", "fundamentals")
               for p in served.deployment(name)["parameter_openapi_schema"]["properties"].values())


def test_scheduled_runs_appear_on_weekdays_after_the_close(served: Served) -> None:
    """Pins the pin: with a later SQLAlchemy the server looks well and schedules nothing."""
    wanted = {"deployments": {"name": {"any_": ["daily"]}}, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    runs = until(lambda: served.api("POST", "/flow_runs/filter", wanted))
    due = [datetime.fromisoformat(run["expected_start_time"]).astimezone(NEW_YORK) for run in runs]
    assert {(moment.hour, moment.minute) for moment in due} == {(18, 30)}
    assert all(moment.weekday() < 5 for moment in due)
    assert {run["parameters"]["skip_holidays"] for run in runs} == {True}


def test_a_password_is_asked_for(served: Served) -> None:
    from urllib.error import HTTPError

    with pytest.raises(HTTPError, match="401"):
        Api(f"{served.ui}/api")("POST", "/deployments/filter", {})


def test_a_second_one_is_refused_in_a_sentence(served: Served, tmp_path: Path) -> None:
    same_home = rallyscope("serve", cwd=served.home, env=served.env)
    assert (same_home.returncode, same_home.stderr.count("\n")) == (2, 1)
    assert "is up already" in same_home.stderr
    same_port = rallyscope("serve", "--detach", "--port", served.port, cwd=tmp_path,
                           env=served.env | {"RALLYSCOPE_HOME": str(tmp_path)})
    assert same_port.returncode == 2
    assert same_port.stderr.endswith(f"Name another: rallyscope serve --port {served.port + 1}, "
                                     f"or make up PORT={served.port + 1}\n")
    assert "Traceback" not in same_port.stderr


# Runs


@dataclass
class Interrupted:
    """A run of `daily` that the schedule started, whose worker was killed in the middle; it has ended."""

    run: dict[str, Any]
    worker: int
    engine: int


@pytest.fixture(scope="module")
def scheduled(served: Served) -> Interrupted:
    daily = served.deployment("daily")["id"]
    soon = datetime.now(UTC) + timedelta(seconds=8)
    schedule = {"schedule": {"interval": 30, "anchor_date": soon.isoformat()}, "active": True,
                "parameters": {"skip_holidays": True}}
    served.slow.times = 1
    made = served.api("POST", f"/deployments/{daily}/schedules", [schedule])
    fired = until(lambda: served.api("POST", "/flow_runs/filter", {
        "deployments": {"id": {"any_": [daily]}},
        "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}))[0]
    served.api("DELETE", f"/deployments/{daily}/schedules/{made[0]['id']}")
    until(lambda: served.slow.hits)
    worker = served.note()["worker"]
    engine = int(served.run(fired["id"])["infrastructure_pid"])
    os.kill(worker, signal.SIGKILL)
    return Interrupted(served.ended(fired["id"]), worker, engine)


def test_a_scheduled_run_fires_and_says_what_it_did(served: Served, scheduled: Interrupted) -> None:
    run = scheduled.run
    assert run["auto_scheduled"]
    assert run["state_type"] == "COMPLETED"
    assert run["name"] == "daily 2026-05-29"
    assert re.match(r"\d+ rows added, 0 quarantined, .*; published ", run["state"]["message"])
    assert published(served.home, "select max(date) from marts.regime_daily") == [(date(2026, 5, 29),)]


def test_a_worker_killed_in_the_middle_of_a_run_costs_nothing(served: Served, scheduled: Interrupted, tiny: Path,
                                                              tmp_path: Path) -> None:
    assert scheduled.run["run_count"] == 2
    assert served.note()["worker"] != scheduled.worker
    tasks = served.api("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [scheduled.run["id"]]}}})
    assert {task["state_type"] for task in tasks} == {"COMPLETED", "CRASHED"}
    with pytest.raises(ProcessLookupError):
        os.kill(scheduled.engine, 0)
    settings = Settings(home_folder=tmp_path, source=served.env["RALLYSCOPE_SOURCE"], catalog_folder=tiny / "catalogue")
    with steps.run(settings, "run", steps.session_window(settings, None)) as undisturbed:
        steps.carry_out(undisturbed)
    hashes, truth = table_hashes(served.home), table_hashes(tmp_path)
    assert hashes.keys() == truth.keys()
    assert {name for name in truth if hashes[name] != truth[name]} <= {"audit.run"}


# The pages


@pytest.fixture(scope="module")
def page(served: Served):
    """A page of the UI whose user has given the password; afterwards, that it asked no other host."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium here (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    import base64

    hosts = set()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1100})
        page.set_default_timeout(30_000)
        page.add_init_script(f"localStorage.setItem('prefect-password', '{base64.b64encode(PASSWORD.encode()).decode()}')")
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        yield page
        browser.close()
    assert hosts == {f"127.0.0.1:{served.port}"}


def pick(page, name: str, day: str) -> None:
    """Choose a date in the form of a deployment."""
    label = page.locator(f".schema-form-property__label:text-is('{name}')")
    page.locator(".schema-form-property").filter(has=label).locator(".p-date-button__control").click()
    page.locator(".p-date-picker input[type=date]").fill(day)
    page.locator(".p-date-picker").get_by_role("button", name="Apply").click()


def submitted(page, served: Served, start: str, end: str) -> str:
    """Fill the form of `backfill` and submit it; the id of the run it made."""
    page.goto(f"{served.ui}/deployments/deployment/{served.deployment('backfill')['id']}/run")
    pick(page, "start", start)
    pick(page, "end", end)
    for _ in range(5):
        with page.expect_response("**/create_flow_run") as answer:
            page.get_by_role("button", name="Submit").click()
        if answer.value.status != 503:  # SQLite was busy, and the page says so
            break
    made = answer.value.json()["id"]
    page.goto(f"{served.ui}/runs/flow-run/{made}")
    return made


def test_the_page_of_a_daily_run_shows_its_summary_and_tables(page, served: Served, scheduled: Interrupted,
                                                              tmp_path: Path) -> None:
    page.goto(f"{served.ui}/runs/flow-run/{scheduled.run['id']}")
    page.get_by_text("daily 2026-05-29").first.wait_for()
    page.get_by_text("Artifacts", exact=True).click()
    for key in ("summary", "coverage", "quarantine", "validation", "progress"):
        page.get_by_text(key, exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "run.png")
    page.get_by_text("summary", exact=True).first.click()
    page.get_by_role("heading", name="Friday, 29 May 2026").wait_for()
    page.get_by_role("heading", name="Regime").wait_for()
    page.get_by_role("cell", name="vix_close", exact=True).wait_for()
    page.screenshot(path=tmp_path / "summary.png", full_page=True)


def test_a_past_week_is_filled_from_the_form(page, served: Served, scheduled: Interrupted, tmp_path: Path) -> None:
    run = served.ended(submitted(page, served, "2026-05-04", "2026-05-08"))
    assert run["name"] == "backfill 2026-05-04 to 2026-05-08"
    assert run["state_type"] == "COMPLETED"
    page.reload()
    page.get_by_text("Completed", exact=True).first.wait_for()
    page.get_by_text("build", exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "backfill.png")
    assert published(served.home, """select count(*) from marts.regime_daily
                                     where date between '2026-05-04' and '2026-05-08'""") == [(5,)]


def test_a_range_that_ends_before_it_begins_is_refused_in_a_sentence_and_told(page, served: Served, tmp_path: Path) -> None:
    run = served.ended(submitted(page, served, "2026-05-08", "2026-05-04"))
    sentence = "range 2026-05-08 to 2026-05-04: it ends before it begins. Give the earlier date first"
    assert (run["state_type"], run["state"]["message"]) == ("FAILED", sentence)
    page.get_by_text(sentence).first.wait_for()
    page.screenshot(path=tmp_path / "refused.png")
    assert not page.get_by_text("Traceback").count()
    said = until(lambda: [text for text in served.told if sentence in text])
    assert said[0].startswith("backfill 2026-05-08 to 2026-05-04 Failed: ")


# Down


def test_no_secret_is_in_a_process_list_or_a_log(served: Served, told: tuple[str, list[str]]) -> None:
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    logs = [file.read_text(errors="replace") for file in (served.home / "prefect").glob("*.log*")]
    assert len(logs) >= 4
    for secret in (PASSWORD, PASSWORD.partition(":")[2], KEY, "secret-path"):
        for text in (shown, served.said, *logs):
            assert secret not in text


def test_down_leaves_no_process_no_lock_and_no_port(served: Served) -> None:
    note = served.note()
    down = rallyscope("serve", "--stop", cwd=served.home, env=served.env)
    assert (down.returncode, down.stderr) == (0, f"stopped {served.ui}\n")
    for pid in (note["pid"], note["server"], note["worker"]):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not (served.home / "prefect" / "serve.json").exists()
    with socket.socket() as probe, Home(served.home).turn(None):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", served.port))
    again = rallyscope("serve", "--stop", cwd=served.home, env=served.env)
    assert (again.returncode, again.stderr) == (0, f"nothing is up in {served.home}/prefect\n")


def test_nothing_is_started_when_the_source_is_not_there(tmp_path: Path) -> None:
    env = {"RALLYSCOPE_SOURCE": f"http://127.0.0.1:{free_port()}", "RALLYSCOPE_HOME": str(tmp_path)}
    tried = rallyscope("serve", cwd=tmp_path, env=env)
    assert tried.returncode == 1
    assert "cannot be reached" in tried.stderr
    assert not (tmp_path / "prefect" / "serve.json").exists()
