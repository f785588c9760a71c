"""The Prefect service of a data folder: where it is, what its processes get to know, what a person is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.prefect_api import Api
from flows.settings import NO_TELEMETRY, PrefectSettings, Settings, environment
from warehouse.errors import ServiceFailed

HOST = "127.0.0.1"
# Runs and events older than this are deleted from the server.
DAYS_KEPT = 90


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
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",  # errors come with it
            **NO_TELEMETRY, "PREFECT_CLI_PROMPT": "false", "PREFECT_CLI_COLORS": "false", "PYTHONUNBUFFERED": "1",
            "RALLYSCOPE_HOME": str(self.settings.home.folder), "RALLYSCOPE_SOURCE": self.settings.source,
        }
        if self.settings.catalog_folder:
            fixed["RALLYSCOPE_CATALOG"] = str(self.settings.catalog_folder.resolve())
        if self.own.auth:
            fixed["PREFECT_API_AUTH_STRING"] = self.own.auth.get_secret_value()
        return environment({
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": f"{DAYS_KEPT * 86_400}",
            "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{DAYS_KEPT}D",  # this one takes no seconds
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
source       {self.settings.base_url or 'live: Yahoo Finance and FRED'}
home         {self.settings.home.folder}
kept in      {self.folder}: server.log, worker.log; the runs in {database}
stop it      make down, or rallyscope serve --stop"""
