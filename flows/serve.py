"""`rallyscope serve`: a Prefect server, a worker and the deployments, up together and down together."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.prefect_api import POOL, Api, apply_automations, ensure_pool, run_again, unfinished, works
from flows.settings import PrefectSettings, Settings, environment
from warehouse.errors import BadRequest, HomeUnusable, ServiceFailed

CHECKOUT = Path(__file__).parent.parent
PREFECT = [sys.executable, "-m", "prefect"]
HOST = "127.0.0.1"
# A cold start on a busy machine; a good one takes seconds.
START_SECONDS, STOP_SECONDS = 180, 20
# From a process's last act until it is gone.
EXIT_SECONDS = 5
# A worker that lives no longer than this, so often in a row, will not live longer the next time.
AT_ONCE, AT_MOST = timedelta(seconds=20), 3
WORK = ["worker", "start", "--pool", POOL, "--type", "process", "--name", "rallyscope"]
NOTE = "serve.json"
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Service:
    """One service: its data folder, its port, and what its processes get to know."""

    settings: Settings
    port: int
    own: PrefectSettings

    @property
    def folder(self) -> Path:
        return self.settings.home.folder / "prefect"

    @property
    def ui(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def api(self) -> Api:
        return Api(f"{self.ui}/api", self.own.auth.get_secret_value() if self.own.auth else None)

    def environment(self) -> dict[str, str]:
        """For every process of the service. Secrets travel here, where no process list shows them."""
        fixed = {
            "PREFECT_HOME": str(self.folder), "PREFECT_PROFILE": "ephemeral", "PREFECT_API_URL": f"{self.ui}/api",
            "PREFECT_SERVER_API_HOST": HOST, "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_UI_API_URL": f"{self.ui}/api",  # or the pages of another port than 4200 ask 4200
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
            "PREFECT_CLI_PROMPT": "false", "PREFECT_CLI_COLORS": "false", "PYTHONUNBUFFERED": "1",
            "RALLYSCOPE_HOME": str(self.settings.home.folder), "RALLYSCOPE_SOURCE": self.settings.source,
        }
        if self.settings.catalog_folder:
            fixed["RALLYSCOPE_CATALOG"] = str(self.settings.catalog_folder.resolve())
        if self.own.auth:
            fixed["PREFECT_API_AUTH_STRING"] = self.own.auth.get_secret_value()
        return environment({
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",  # both older than 90 days
            "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "300",
            "PREFECT_WORKER_QUERY_SECONDS": "2",  # who clicked “run” is watching
            # A killed server leaves its slots taken unless somebody remembers whose they were.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        }, fixed)

    @property
    def webhook(self) -> str | None:
        return self.own.webhook.get_secret_value() if self.own.webhook else None

    def log(self, part: str) -> Path:
        return self.folder / f"{part}.log"

    def failed(self, part: str, problem: str) -> ServiceFailed:
        """The error, with the last thing that the part said of it."""
        said = [line.strip() for line in self.log(part).read_text(errors="replace").splitlines() if line.strip()]
        return ServiceFailed(part, f"{problem}: {said[-1]}" if said else problem, str(self.log(part)))

    def told(self) -> str:
        """What a person needs to know of a service that is up."""
        database = "the database of PREFECT_SERVER_DATABASE_CONNECTION_URL" if self.own.database else "prefect.db there"
        door = "   (user and password are those of PREFECT_SERVER_API_AUTH_STRING)" if self.own.auth else ""
        return f"""Prefect UI   {self.ui}{door}
API          {self.ui}/api   (export PREFECT_API_URL={self.ui}/api for the prefect command)
kept in      {self.folder}: server.log, worker.log; the runs in {database}
stop it      make down, or rallyscope serve --stop"""


def serve(settings: Settings, port: int, say: Say) -> None:
    """Bring the service up and keep it until this process is asked to end; then everything it started ends too.

    BadRequest when the port or the folder is taken; ServiceFailed when a part does not start or dies.
    """
    service = Service(settings, port, PrefectSettings())
    if not (CHECKOUT / "prefect.yaml").exists():
        raise BadRequest("serve", f"there is no prefect.yaml in {CHECKOUT}", "Run it from a checkout, set up by make run")
    settings.clock()  # a source that is not there is said now, not by the first run tonight
    with _ending_on_signals(say), _alone(service) as note:
        _refuse_taken(port)
        say(f"starting the Prefect server at {service.ui}")
        with _process(service, "server", ["server", "start", "--host", HOST, "--port", str(port)], note) as server:
            _until(service, "server", server, service.api.is_up)
            ensure_pool(service.api)
            again(service, "The service ended while this run was on; it begins anew.", say)
            say("applying the deployments")
            _deploy(service)
            say("starting the worker")
            short_lives = 0
            while True:
                began = datetime.now(UTC)
                try:
                    with _process(service, "worker", WORK, note) as worker:
                        if not note.content["ready"]:
                            _until(service, "worker", worker, lambda since=began: works(service.api, since))
                            note.write(ready=True)
                            print(service.told(), flush=True)
                        while worker.poll() is None:
                            if server.poll() is not None:
                                raise service.failed("server", "ended by itself")
                            time.sleep(0.5)
                finally:
                    if server.poll() is None:
                        again(service, "The worker ended while this run was on; it begins anew.", say)
                short_lives = short_lives + 1 if datetime.now(UTC) - began < AT_ONCE else 0
                if short_lives == AT_MOST:
                    raise service.failed("worker", "ends as soon as it starts")
                say("the worker ended by itself; starting another")


def detach(settings: Settings, port: int, say: Say) -> None:
    """Start the service in the background and return when it is up; what went wrong is said as `serve` says it."""
    service = Service(settings, port, PrefectSettings())
    if held := _held(service.folder):
        say(f"Prefect is up already at {held['ui']}; to apply other settings: make down, then make up")
        return
    say(f"starting Prefect at {service.ui}; this takes about half a minute")
    service.folder.mkdir(parents=True, exist_ok=True)
    log = service.log("serve")
    with log.open("w") as out:
        child = subprocess.Popen([sys.executable, "-m", "flows.cli", "serve", "--port", str(port)], stdout=out, stderr=out,
                                 stdin=subprocess.DEVNULL, env=service.environment(), start_new_session=True)
    while child.poll() is None:
        if (held := _held(service.folder)) and held["ready"]:
            print(service.told())
            return
        time.sleep(0.2)
    lines = log.read_text().strip().splitlines() or ["rallyscope: the service ended without a word"]
    sys.stderr.write(f"{lines[-1]}\n")
    raise SystemExit(child.returncode or 1)


def stop(settings: Settings, say: Say) -> None:
    """End the service of this data folder and wait until all of it is gone."""
    folder = settings.home.folder / "prefect"
    if not (held := _held(folder)):
        say(f"nothing is up in {folder}")
        return
    with suppress(ProcessLookupError):
        os.kill(held["pid"], signal.SIGTERM)
    _wait(lambda: not _held(folder) or not _is_alive(held["pid"]), 3 * STOP_SECONDS)
    if _held(folder):  # its keeper was killed, or hangs
        for part in ("worker", "server"):
            _kill_group(held[part])
        with suppress(ProcessLookupError):
            os.kill(held["pid"], signal.SIGKILL)
        (folder / NOTE).unlink(missing_ok=True)
    _wait(lambda: not any(_is_alive(held[part] or 0) for part in ("pid", "server", "worker")), EXIT_SECONDS)
    say(f"stopped {held['ui']}")


# The parts.


@contextmanager
def _process(service: Service, part: str, arguments: list[str], note: _Note) -> Iterator[subprocess.Popen]:
    """`prefect` with the arguments, in a group of its own; at the end it is asked to end, then made to."""
    env = service.environment()
    if part == "server":
        env.pop("FRED_API_KEY", None)  # runs need it, the server does not
    with service.log(part).open("a") as log:
        process = subprocess.Popen([*PREFECT, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                   cwd=service.folder, start_new_session=True, pass_fds=[note.file])
    note.write(**{part: process.pid})
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        _kill_group(process.pid)
        process.wait()


def _until(service: Service, part: str, process: subprocess.Popen, done: Callable[[], bool]) -> None:
    patience = time.monotonic() + START_SECONDS
    while not done():
        if process.poll() is not None:
            raise service.failed(part, "did not start")
        if time.monotonic() > patience:
            raise service.failed(part, f"was not ready after {START_SECONDS} seconds")
        time.sleep(0.2)


def _deploy(service: Service) -> None:
    with service.log("deploy").open("w") as log:
        done = subprocess.run([*PREFECT, "--no-prompt", "deploy", "--all"], stdin=subprocess.DEVNULL, stdout=log,
                              stderr=log, env=service.environment(), cwd=CHECKOUT, check=False)
    if done.returncode:
        raise service.failed("deploy", "of the deployments failed")
    apply_automations(service.api, CHECKOUT / "automations.yaml", service.webhook)


def again(service: Service, why: str, say: Say) -> None:
    """Runs that no worker looks after any more are ended and scheduled anew; a run is safe to repeat."""
    for run in unfinished(service.api):
        pid = int(run["infrastructure_pid"] or 0)
        if pid and b"prefect.engine" in _command(pid):
            _kill_group(pid)
            _wait(lambda gone=pid: not _is_alive(gone), EXIT_SECONDS)
        run_again(service.api, run, why)
        say(f"{run['name']} is run again: {why}")


def _command(pid: int) -> bytes:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    with suppress(FileNotFoundError):
        return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout
    return b""


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadRequest(f"port {port}", f"it cannot be had ({error.strerror})",
                             f"Name another: rallyscope serve --port {port + 1}, or make up PORT={port + 1}") from None


def _kill_group(leader: int | None) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if leader:
            os.killpg(leader, signal.SIGKILL)


def _wait(done: Callable[[], bool], seconds: float) -> None:
    patience = time.monotonic() + seconds
    while not done() and time.monotonic() < patience:
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _ending_on_signals(say: Say) -> Iterator[None]:
    def end(*_) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)  # once is enough; the end itself takes bounded time
        say("stopping")
        raise SystemExit(0)

    for number in ENDING:
        signal.signal(number, end)
    yield


# The note says which processes are the service. They hold its lock, so it says by itself whether any of them lives.


@dataclass
class _Note:
    file: int
    content: dict

    def write(self, **changed) -> None:
        self.content |= changed
        text = json.dumps(self.content).encode()
        os.pwrite(self.file, text, 0)
        os.ftruncate(self.file, len(text))


@contextmanager
def _alone(service: Service) -> Iterator[_Note]:
    path = service.folder / NOTE
    try:
        service.folder.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise HomeUnusable(str(service.folder), error.strerror or str(error)) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise BadRequest("serve", f"Prefect is up already for {service.settings.home.folder}",
                         "Stop it with make down, or rallyscope serve --stop") from None
    try:
        note = _Note(file, {"pid": os.getpid(), "ui": service.ui, "ready": False, "server": None, "worker": None})
        note.write()
        yield note
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _held(folder: Path) -> dict | None:
    """The note of a service of which anything is alive."""
    try:
        with (folder / NOTE).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return json.loads(file.read())
    except (FileNotFoundError, json.JSONDecodeError):
        pass
    return None
