"""Call the Prefect server over HTTP for `rallyscope serve`: the work pool, unfinished runs, automations."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request
from uuid import uuid4

from flows.sources.redirects import urlopen_here

POOL = "rallyscope"
WEBHOOK = "rallyscope-webhook"
CHANGING = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Api:
    """The server's REST API at `url` (…/api); `auth` is user:password, and its repr never shows it."""

    url: str
    auth: str | None = None
    seconds: float = 30
    """How long an answer may take."""
    tries: int = 20
    """How often a busy server is asked."""

    _client: str = field(default_factory=lambda: str(uuid4()), repr=False)
    _token: list[str] = field(default_factory=list, repr=False)
    """The server's token against forged requests, once it was asked for."""

    def __repr__(self) -> str:
        return f"Api({self.url})"

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the response as JSON, None if empty; raise OSError (such as HTTPError) on failure."""
        fresh = not self._token
        for tries_left in reversed(range(self.tries)):
            try:
                return self._send(method, path, body, self._csrf() if method in CHANGING else {})
            except HTTPError as error:
                if error.code == 403 and not fresh and tries_left:  # the token is older than an hour
                    self._token.clear()
                    fresh = True
                    continue
                if error.code != 503 or not tries_left:  # 503: another request is writing to SQLite
                    raise
            time.sleep(0.5)
        raise AssertionError("unreachable")

    def _csrf(self) -> dict[str, str]:
        if not self._token:
            try:
                self._token.append(self._send("GET", f"/csrf-token?client={self._client}")["token"])
            except HTTPError as error:
                if error.code != 422:  # 422: the server requires no token
                    raise
                return {}
        return {"Prefect-Csrf-Token": self._token[0], "Prefect-Csrf-Client": self._client}

    def _send(self, method: str, path: str, body: Any = None, more: Mapping[str, str] = MappingProxyType({})) -> Any:
        headers = {"Content-Type": "application/json", **more}
        if self.auth:
            headers["Authorization"] = "Basic " + base64.b64encode(self.auth.encode()).decode()
        request = Request(self.url + path, None if body is None else json.dumps(body).encode(), headers, method=method)
        with urlopen_here(request, timeout=self.seconds) as answer:
            return json.loads(answer.read() or b"null")

    def is_up(self) -> bool:
        """Return whether the server reports that it is healthy."""
        try:
            return self("GET", "/health") is True
        except (URLError, OSError, ValueError):
            return False


def ensure_pool(api: Api) -> None:
    """Create the work pool of the deployments if it does not exist; the worker configures it."""
    try:
        api("GET", f"/work_pools/{POOL}")
    except HTTPError as error:
        if error.code != 404:
            raise
        api("POST", "/work_pools/", {"name": POOL, "type": "process",
                                     "description": "Runs of this machine, as processes of the worker."})


def works(api: Api, since: datetime) -> bool:
    """Return whether a worker of the pool has sent a heartbeat since then."""
    workers = api("POST", f"/work_pools/{POOL}/workers/filter", {})
    return any(datetime.fromisoformat(worker["last_heartbeat_time"]) >= since for worker in workers)


def unfinished(api: Api) -> list[dict[str, Any]]:
    """Return the runs of the pool that a worker had started."""
    return api("POST", "/flow_runs/filter", {
        "work_pools": {"name": {"any_": [POOL]}},
        "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}})


def run_again(api: Api, run: dict[str, Any], why: str) -> None:
    """Schedule the run again under the same id, and mark its unfinished tasks as crashed."""
    for task in api("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}},
                                                  "task_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}):
        api("POST", f"/task_runs/{task['id']}/set_state",
            {"state": {"type": "CRASHED", "name": "Crashed", "message": why}, "force": True})
    api("POST", f"/flow_runs/{run['id']}/set_state",
        {"state": {"type": "SCHEDULED", "name": "AwaitingRetry", "message": why}, "force": True})


def apply_automations(api: Api, file: Path, webhook: str | None) -> int:
    """Create each automation of the file, or update the one with its name; return their number.

    An entry has Prefect's format plus `text`, which is posted to `webhook`, if there is one, as {"text": ...}.
    """
    import yaml

    entries = yaml.safe_load(file.read_text())
    block = _webhook_block(api, webhook) if webhook else None
    there = {known["name"]: known["id"] for known in api("POST", "/automations/filter", {"limit": 200})}
    for entry in entries:
        text = entry.pop("text")
        entry["actions"] = [{"type": "call-webhook", "block_document_id": block,
                             "payload": json.dumps({"text": text})}] if block else []
        if entry["name"] in there:
            api("PUT", f"/automations/{there[entry['name']]}", entry)
        else:
            api("POST", "/automations/", entry)
    return len(entries)


def _webhook_block(api: Api, url: str) -> str:
    kind = api("GET", "/block_types/slug/webhook")["id"]
    schema = api("POST", "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind]}}})[0]["id"]
    data = {"method": "POST", "url": url}
    try:
        known = api("GET", f"/block_types/slug/webhook/block_documents/name/{WEBHOOK}")["id"]
    except HTTPError as error:
        if error.code != 404:
            raise
        return api("POST", "/block_documents/", {"name": WEBHOOK, "data": data, "block_schema_id": schema,
                                                 "block_type_id": kind})["id"]
    api("PATCH", f"/block_documents/{known}", {"data": data, "merge_existing_data": False})
    return known
