"""Start and end the processes of the Prefect service, each in a separate process group, and record them in a note."""

from __future__ import annotations

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
from pathlib import Path

from flows.service import access
from flows.service.service import HOST, Service
from warehouse import file_lock
from warehouse.errors import BadRequest, HomeUnusable
from warehouse.installation import CODE_FOLDER

PREFECT = [sys.executable, "-m", "prefect"]
# The command of `prefect server start`, except for the filter in front of the server.
SERVER = [sys.executable, "-m", "uvicorn", "--factory", "flows.service.door:server", "--app-dir", str(CODE_FOLDER),
          "--host", HOST, "--no-proxy-headers", "--log-level", "warning"]
# The time of a cold start on a busy machine; a normal start takes seconds.
START_SECONDS, STOP_SECONDS = 180, 20
NOTE = "serve.json"
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Say = Callable[[str], None]


@contextmanager
def started(service: Service, part: str, command: list[str], note: Note) -> Iterator[subprocess.Popen]:
    """Run a part of the service in a separate process group; when the block ends, terminate it, then kill it."""
    env = service.environment()
    mask = -1  # runs keep the user's umask, since the user may share the files they write
    if part == "server":
        env.pop("FRED_API_KEY", None)  # runs need it, the server does not
        mask = 0o077
    with access.private(service.log(part), "a") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                   cwd=service.folder, start_new_session=True, umask=mask, pass_fds=[note.file])
    note.write(**{part: process.pid})
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        kill_group(process.pid)
        process.wait()


def until_ready(service: Service, part: str, process: subprocess.Popen, done: Callable[[], bool]) -> None:
    """Wait until a part is ready; raise ServiceFailed if it exits before or takes too long."""
    patience = time.monotonic() + START_SECONDS
    while not done():
        if process.poll() is not None:
            raise service.failed(part, "did not start")
        if time.monotonic() > patience:
            raise service.failed(part, f"was not ready after {START_SECONDS} seconds")
        time.sleep(0.2)


def command_of(pid: int) -> bytes:
    """Return the command line of a process; empty if no process has that pid."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    with suppress(FileNotFoundError):
        return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout
    return b""


def refuse_taken(port: int) -> None:
    """Raise BadRequest if the port is not available."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadRequest(f"port {port}", f"it is not available ({error.strerror})",
                             f"Name another: rallyscope serve --port {port + 1}") from None


def kill_group(leader: int | None) -> None:
    """Kill a process and its group at once; it is no error if the process no longer exists."""
    with suppress(ProcessLookupError, PermissionError):
        if leader:
            os.killpg(leader, signal.SIGKILL)


def wait(done: Callable[[], bool], seconds: float) -> None:
    """Wait until `done` returns true, but at most so many seconds."""
    patience = time.monotonic() + seconds
    while not done() and time.monotonic() < patience:
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    """Return whether a process with that pid exists."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def ending_on_signals(say: Say) -> Iterator[None]:
    """Raise SystemExit on the first signal to end, so that open contexts close in order."""
    def end(*_) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)  # ignore further signals, since the shutdown takes bounded time
        say("stopping")
        raise SystemExit(0)

    for number in ENDING:
        signal.signal(number, end)
    yield


# The note names the processes of the service. They hold its lock, so the lock shows whether any of them is alive.


@dataclass
class Note:
    """The service's record of itself: pid, ui, ready, server, worker."""
    file: int
    content: dict

    def write(self, **changed) -> None:
        """Change entries, in memory and on disk."""
        self.content |= changed
        text = json.dumps(self.content).encode()
        os.pwrite(self.file, text, 0)
        os.ftruncate(self.file, len(text))


@contextmanager
def single_instance(service: Service) -> Iterator[Note]:
    """Hold the note of this service while it is up; raise BadRequest if one is already running for its data folder."""
    path = service.folder / NOTE
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        taken = file_lock.take(file)
    except OSError as error:
        raise HomeUnusable(str(service.folder), error.strerror or str(error)) from None
    if not taken:
        os.close(file)
        raise BadRequest("serve", f"Prefect is already running for {service.settings.home.folder}",
                         "To stop it: rallyscope serve --stop")
    try:
        note = Note(file, {"pid": os.getpid(), "ui": service.ui, "ready": False, "server": None, "worker": None})
        note.write()
        yield note
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def note_of(folder: Path) -> dict | None:
    """Return the note of a service if any of its processes is alive; otherwise None."""
    try:
        with (folder / NOTE).open() as file:
            if file_lock.is_taken(file):
                return json.loads(file.read())
    except (OSError, json.JSONDecodeError):  # it does not exist, or we may not read it
        pass
    return None
