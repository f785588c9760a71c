"""The checks of `rallyscope doctor` for the Prefect service of a data folder, over plain HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

from flows.cli.doctor.check_result import CheckResult, Outcome, fix, ok, run_check
from flows.service import access
from flows.service.prefect_api import POOL, Api
from flows.service.processes import note_of
from flows.service.service import DEPLOYMENTS
from flows.settings import PrefectSettings
from warehouse.data_folder import DataFolder
from warehouse.errors import HomeUnusable

RESTART = "rallyscope serve --stop, then rallyscope serve --detach"


def service(home: DataFolder) -> Iterator[CheckResult]:
    """The server, and if it is up the worker and the deployments. It is no error if the service is not running."""
    note = note_of(home.folder / "prefect")
    if access.open_to_others(home.folder):
        yield run_check("service files", lambda: _open_files(home.folder / "prefect"))
    if not note:
        yield run_check("server", lambda: ok("not running; to start it with its worker and schedules: rallyscope serve "
                                                "--detach"))
        return
    if not note["ready"]:
        yield run_check("server", lambda: ok(f"{note['ui']} is starting; check again in half a minute"))
        return
    try:
        auth = access.known(PrefectSettings(), home.folder)
    except HomeUnusable as error:
        yield CheckResult("access", False, str(error))
        return
    api = Api(f"{note['ui']}/api", auth, seconds=1, tries=1)
    server = run_check("server", lambda: _server(api, note))
    yield server
    if server.ok:
        yield run_check("access", lambda: _response_of(lambda: _access(note)))
        yield run_check("worker", lambda: _response_of(lambda: _worker(api)))
        yield run_check("deployments", lambda: _response_of(lambda: _deployments(api)))


def _server(api: Api, note: dict) -> Outcome:
    if api.is_up():
        return ok(f"{note['ui']}, run by pid {note['pid']}")
    return fix(f"{note['ui']} does not respond, although pid {note['pid']} is running. To restart it: {RESTART}")


def _open_files(folder: Path) -> Outcome:
    return fix(f"other users of this machine can read {folder}, which holds the webhook's address: chmod -R go= {folder}")


def _access(note: dict) -> Outcome:
    try:
        Api(f"{note['ui']}/api", seconds=1, tries=1)("GET", f"/work_pools/{POOL}")
    except HTTPError as error:
        if error.code == 401:
            return ok("requires a login and refuses pages of other sites")
        raise
    return ok("open to every program and user of this machine, because of --no-auth; refuses pages of other sites")


def _response_of(request: Callable[[], Outcome]) -> Outcome:
    try:
        return request()
    except HTTPError as error:
        if error.code == 401:
            return fix("the server requires another user and password: set PREFECT_SERVER_API_AUTH_STRING as it was for "
                       f"rallyscope serve, or {RESTART}")
        return fix(f"the server responded with {error.code} {error.reason}. To restart it: {RESTART}")
    except OSError as error:
        return fix(f"the server did not respond ({error}). To restart it: {RESTART}")


def _worker(api: Api) -> Outcome:
    if api("GET", f"/work_pools/{POOL}")["is_paused"]:
        return fix(f"the work pool {POOL} is paused, so no run starts: resume it in the UI, under Work Pools")
    workers = api("POST", f"/work_pools/{POOL}/workers/filter", {})
    online = [worker["name"] for worker in workers if worker["status"] == "ONLINE"]
    if not online:
        return fix(f"no worker polls the work pool {POOL}, so no run starts. To restart the service: {RESTART}")
    return ok(f"{', '.join(online)} polls the work pool {POOL}")


def _deployments(api: Api) -> Outcome:
    import yaml

    declared = [deployment["name"] for deployment in yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]]
    there = {deployment["name"]: deployment for deployment in api("POST", "/deployments/filter", {})}
    if missing := [name for name in declared if name not in there]:
        return fix(f"{', '.join(missing)} not deployed. To deploy: {RESTART}")
    paused = [name for name in declared if there[name]["paused"]]
    return ok(", ".join(declared) + (f"; paused: {', '.join(paused)}" if paused else ""))
