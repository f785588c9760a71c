"""`rallyscope serve` as a user has it: the server, the worker and the deployments, all of them real.

One service for the module, with a password of the user's own, over the tiny market; the tests go through its life from up
to down.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from served import KEY, PASSWORD, Served, free_port, until, up
from tiny_market import published, rallyscope, table_hashes

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.faults import Fault
from flows.service.prefect_api import POOL, Api
from flows.settings import Settings
from warehouse.data_folder import DataFolder

pytestmark = pytest.mark.xdist_group("serve")

NEW_YORK = ZoneInfo("America/New_York")
SLOW = Fault(match="/fred/*", kind="timeout", times=0, seconds=20)


@pytest.fixture(scope="module")
def served(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service, up; the last test takes it down."""
    with up(tiny, tmp_path_factory.mktemp("served"), SLOW, PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS="5",
            PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS="3", PREFECT_SERVER_API_AUTH_STRING=PASSWORD) as this:
        yield this


# Up


def test_it_says_where_it_is_and_all_is_there(served: Served) -> None:
    assert f"Prefect UI   {served.ui}" in served.reported
    assert "rallyscope serve --stop" in served.reported
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
    requested = served.deployment("backfill")["parameter_openapi_schema"]
    assert requested["properties"]["start"]["format"] == "date"
    assert requested["required"] == ["start", "end"]
    assert requested["definitions"]["Chunk"]["enum"] == ["whole", "year", "month", "week", "day"]
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
    assert "is already running" in same_home.stderr
    same_port = rallyscope("serve", "--detach", "--port", served.port, cwd=tmp_path,
                           env=served.env | {"RALLYSCOPE_HOME": str(tmp_path)})
    assert (same_port.returncode, same_port.stderr) == (
        2, f"rallyscope: port {served.port}: it is not available (Address already in use). Name another: rallyscope serve "
           f"--port {served.port + 1}\n")
    assert not (tmp_path / "prefect").exists()


def test_the_doctor_finds_it_well(served: Served) -> None:
    looked = rallyscope("doctor", "--json", cwd=served.home, env=served.env)
    found = {finding["name"]: finding for finding in json.loads(looked.stdout)}
    assert [name for name, finding in found.items() if not finding["ok"]] == ["publication"], "nothing is published yet"
    assert found["server"]["line"] == f"{served.ui}, run by pid {served.note()['pid']}"
    assert found["access"]["line"] == "requires a login and refuses pages of other sites"
    assert found["worker"]["line"] == "rallyscope polls the work pool rallyscope"
    assert found["deployments"]["line"] == "daily, macro-revisions, fundamentals, backfill, rebuild"


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
    soon = datetime.now(UTC) + timedelta(seconds=4)
    schedule = {"schedule": {"interval": 30, "anchor_date": soon.isoformat()}, "active": True,
                "parameters": {"skip_holidays": True}}
    SLOW.times = 1
    made = served.api("POST", f"/deployments/{daily}/schedules", [schedule])
    fired = until(lambda: served.api("POST", "/flow_runs/filter", {
        "deployments": {"id": {"any_": [daily]}},
        "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}))[0]
    served.api("DELETE", f"/deployments/{daily}/schedules/{made[0]['id']}")
    until(lambda: SLOW.hits)
    worker = served.note()["worker"]
    engine = int(served.run(fired["id"])["infrastructure_pid"])
    os.kill(worker, signal.SIGKILL)
    return Interrupted(served.ended(fired["id"]), worker, engine)


def test_a_scheduled_run_fires_and_says_what_it_did(served: Served, scheduled: Interrupted) -> None:
    run = scheduled.run
    assert run["auto_scheduled"]
    assert run["state_type"] == "COMPLETED"
    assert run["name"] == "daily 2026-05-29"
    assert re.match(r"[\d,]+ rows added, 0 quarantined, .*; published ", run["state"]["message"])
    assert published(served.home, "select max(date) from marts.regime_daily") == [(date(2026, 5, 29),)]


def test_a_worker_killed_in_the_middle_of_a_run_costs_nothing(
        served: Served, scheduled: Interrupted, tiny: Path, tmp_path: Path) -> None:
    assert scheduled.run["run_count"] == 2
    assert served.note()["worker"] != scheduled.worker
    tasks = served.api("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [scheduled.run["id"]]}}})
    assert {task["state_type"] for task in tasks} == {"COMPLETED", "CRASHED"}
    with pytest.raises(ProcessLookupError):
        os.kill(scheduled.engine, 0)
    settings = Settings(home_folder=tmp_path, source=served.env["RALLYSCOPE_SOURCE"], catalog_folder=tiny / "catalog")
    with open_run(settings, "run", windows.session_window(settings, None)) as undisturbed:
        execute(undisturbed)
    hashes, truth = table_hashes(served.home), table_hashes(tmp_path)
    assert hashes.keys() == truth.keys()
    assert {name for name in truth if hashes[name] != truth[name]} <= {"audit.run"}


# Retention


def test_runs_and_events_older_than_ninety_days_are_deleted_and_younger_ones_stay(served: Served) -> None:
    """Planted where the server keeps them; the deleting itself is Prefect's, hourly, here every five seconds."""
    with closing(sqlite3.connect(served.home / "prefect" / "prefect.db", timeout=60, isolation_level=None)) as db:
        names = {f"{days} days": days for days in (89, 91)}
        for name, days in names.items():
            run = served.api("POST", "/flow_runs/", {"name": name, "flow_id": served.deployment("daily")["flow_id"],
                                                     "state": {"type": "COMPLETED"}})["id"]
            served.api("POST", "/logs/", [{"name": "test", "level": 20, "message": name, "flow_run_id": run,
                                           "timestamp": datetime.now(UTC).isoformat()}])
            ended = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d %H:%M:%S.%f}"
            db.execute("update flow_run set end_time = ? where name = ?", [ended, name])
            db.execute("""insert into events (id, event, resource_id, resource, related_resource_ids, related, payload,
                                              occurred, received, recorded)
                          values (?, 'test', ?, '{}', '[]', '[]', '{}', ?, ?, ?)""", [str(uuid4()), name, *[ended] * 3])

        def kept() -> list[set[str]]:
            return [{row[0] for row in db.execute(query)} & names.keys() for query in (
                "select name from flow_run", "select message from log", "select resource_id from events")]

        until(lambda: kept() == [{"89 days"}] * 3, 45)


# Down


def test_no_secret_is_in_a_process_list_or_a_log(served: Served) -> None:
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    logs = [file.read_text(errors="replace") for file in (served.home / "prefect").glob("*.log*")]
    assert len(logs) >= 4
    assert not (served.home / "prefect" / "auth").exists(), "the user's own wins"
    for secret in (PASSWORD, PASSWORD.partition(":")[2], KEY, "secret-path"):
        for text in (shown, served.reported, *logs):
            assert secret not in text


def test_down_leaves_no_process_no_lock_and_no_port(served: Served) -> None:
    note = served.note()
    down = rallyscope("serve", "--stop", cwd=served.home, env=served.env)
    assert (down.returncode, down.stderr) == (0, f"stopped {served.ui}\n")
    for pid in (note["pid"], note["server"], note["worker"]):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not (served.home / "prefect" / "serve.json").exists()
    with socket.socket() as probe, DataFolder(served.home).writer_lock(None):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", served.port))
    again = rallyscope("serve", "--stop", cwd=served.home, env=served.env)
    assert (again.returncode, again.stderr) == (0, f"no service is running for {served.home}/prefect\n")


def test_nothing_is_started_when_the_source_is_not_there(tmp_path: Path) -> None:
    env = {"RALLYSCOPE_SOURCE": f"http://127.0.0.1:{free_port()}", "RALLYSCOPE_HOME": str(tmp_path)}
    tried = rallyscope("serve", cwd=tmp_path, env=env)
    assert tried.returncode == 1
    assert "cannot be reached" in tried.stderr
    assert not (tmp_path / "prefect" / "serve.json").exists()
