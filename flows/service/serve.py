"""Run a Prefect server, a worker and the deployments, which start and stop together (`rallyscope serve`)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from flows.service import access
from flows.service.prefect_api import POOL, apply_automations, ensure_pool, run_again, unfinished, works
from flows.service.processes import (
    NOTE,
    PREFECT,
    SERVER,
    STOP_SECONDS,
    Say,
    command_of,
    ending_on_signals,
    is_alive,
    kill_group,
    note_of,
    refuse_taken,
    single_instance,
    started,
    until_ready,
    wait,
)
from flows.service.service import AUTOMATIONS, DEPLOYMENTS, Service
from flows.settings import PrefectSettings, Settings, environment
from warehouse.errors import BadRequest, HomeUnusable
from warehouse.installation import CODE_FOLDER

# The time that a process may need to disappear after its last action.
EXIT_SECONDS = 5
# A worker that exits within AT_ONCE for AT_MOST times in a row would exit again.
AT_ONCE, AT_MOST = timedelta(seconds=20), 3
WORK = [*PREFECT, "worker", "start", "--pool", POOL, "--type", "process", "--name", "rallyscope"]


def serve(settings: Settings, port: int, say: Say, no_auth: bool = False) -> None:
    """Start the service and run it until a signal ends this process; then end every process that it started.

    Raises BadRequest if the port or the folder is in use, and ServiceFailed if a part does not start or exits.
    """
    service = _service(settings, port, no_auth)
    settings.clock()  # report an unreachable source now, not in the first run tonight
    _close(service, say)
    with ending_on_signals(say), single_instance(service) as note:
        refuse_taken(port)
        if not service.no_auth and not service.own.auth:
            access.make(settings.home.folder)
        say(f"starting the Prefect server at {service.ui}")
        with started(service, "server", [*SERVER, "--port", str(port)], note) as server:
            until_ready(service, "server", server, service.api.is_up)
            ensure_pool(service.api)
            again(service, "The service stopped during this run, so it starts again.", say)
            say("applying the deployments")
            _deploy(service)
            say("starting the worker")
            short_lives = 0
            while True:
                began = datetime.now(UTC)
                try:
                    with started(service, "worker", WORK, note) as worker:
                        if not note.content["ready"]:
                            until_ready(service, "worker", worker, lambda since=began: works(service.api, since))
                            note.write(ready=True)
                            print(service.description(sys.stdout.isatty()), flush=True)
                        while worker.poll() is None:
                            if server.poll() is not None:
                                raise service.failed("server", "exited")
                            time.sleep(0.5)
                finally:
                    if server.poll() is None:
                        again(service, "The worker stopped during this run, so it starts again.", say)
                short_lives = short_lives + 1 if datetime.now(UTC) - began < AT_ONCE else 0
                if short_lives == AT_MOST:
                    raise service.failed("worker", "exits as soon as it starts")
                say("the worker exited; starting another one")


def detach(settings: Settings, port: int, say: Say, no_auth: bool = False) -> None:
    """Start the service in the background and return when it is up; if it fails, print the last message of `serve`."""
    service = _service(settings, port, no_auth)
    if note := note_of(service.folder):
        say(f"Prefect is already running at {note['ui']}; to apply other settings: rallyscope serve --stop, then start "
            "it again")
        return
    refuse_taken(port)
    say(f"starting Prefect at {service.ui}; this takes about half a minute")
    log = service.log("serve")
    _close(service, say)
    try:
        out = access.private(log, "w")
    except OSError as error:
        raise HomeUnusable(str(service.folder), error.strerror or str(error)) from None
    with out:
        child = subprocess.Popen([sys.executable, "-m", "flows.cli", "serve", "--port", str(port),
                                  *["--no-auth"][:service.no_auth]], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                 env=environment({}, service.own_settings()), start_new_session=True)
    while child.poll() is None:
        if (note := note_of(service.folder)) and note["ready"]:
            print(service.description(sys.stdout.isatty()))
            return
        time.sleep(0.2)
    lines = log.read_text().strip().splitlines() or ["rallyscope: the service exited without a message"]
    sys.stderr.write(f"{lines[-1]}\n")
    raise SystemExit(child.returncode or 1)


def stop(settings: Settings, say: Say) -> None:
    """Stop the service of this data folder and wait until its processes have exited."""
    folder = settings.home.folder / "prefect"
    if not (note := note_of(folder)):
        say(f"no service is running for {folder}")
        return
    with suppress(ProcessLookupError):
        os.kill(note["pid"], signal.SIGTERM)
    wait(lambda: not note_of(folder) or not is_alive(note["pid"]), 3 * STOP_SECONDS)
    if note_of(folder):  # the `serve` process was killed or hangs
        for part in ("worker", "server"):
            kill_group(note[part])
        with suppress(ProcessLookupError):
            os.kill(note["pid"], signal.SIGKILL)
        (folder / NOTE).unlink(missing_ok=True)
    wait(lambda: not any(is_alive(note[part] or 0) for part in ("pid", "server", "worker")), EXIT_SECONDS)
    say(f"stopped {note['ui']}")


def _service(settings: Settings, port: int, no_auth: bool) -> Service:
    own = PrefectSettings()
    if no_auth and own.auth:
        raise BadRequest("--no-auth", "PREFECT_SERVER_API_AUTH_STRING is set", "Leave out one of the two")
    return Service(settings, port, own, no_auth)


def _close(service: Service, say: Say) -> None:
    """Close the service's folder to other users, unless the service is running and has already closed it."""
    home = service.settings.home.folder
    if not note_of(service.folder) and access.close(home):
        say(f"closed {home} to other users of this machine; to share what is published: chmod go+rx {home}")


def _deploy(service: Service) -> None:
    with access.private(service.log("deploy"), "w") as log:
        command = [*PREFECT, "--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=service.environment(),
                              cwd=CODE_FOLDER, umask=0o077, check=False)
    if done.returncode:
        raise service.failed("deploy", "of the deployments failed")
    apply_automations(service.api, AUTOMATIONS, service.webhook)


def again(service: Service, why: str, say: Say) -> None:
    """End the runs whose worker is gone and schedule them again; a run is safe to repeat."""
    for run in unfinished(service.api):
        pid = int(run["infrastructure_pid"] or 0)
        if pid and b"prefect.engine" in command_of(pid):
            kill_group(pid)
            wait(lambda gone=pid: not is_alive(gone), EXIT_SECONDS)
        run_again(service.api, run, why)
        say(f"{run['name']} was scheduled again: {why}")
