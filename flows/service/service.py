"""Describe the Prefect service of a data folder: its address, the environment of its processes, its summary for a user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.service import access
from flows.service.door import origins
from flows.service.prefect_api import Api
from flows.settings import NO_TELEMETRY, PrefectSettings, Settings, environment
from warehouse.errors import ServiceFailed

# The files that `rallyscope serve` applies.
DEPLOYMENTS, AUTOMATIONS = (Path(__file__).with_name(name) for name in ("prefect.yaml", "automations.yaml"))
HOST = "127.0.0.1"
AUTH_VARIABLES = ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING")
# The consequences of --no-auth.
OPEN = ("every user and program of this machine can read the webhook's address here and run commands as you; only pages of "
        "other sites are still refused")
# The server deletes runs and events older than this.
DAYS_KEPT = 90


@dataclass(frozen=True)
class Service:
    """One service: its data folder, its port, and the settings of its processes."""

    settings: Settings
    port: int
    own: PrefectSettings
    no_auth: bool = False

    @property
    def folder(self) -> Path:
        return self.settings.home.folder / "prefect"

    @property
    def ui(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def auth(self) -> str | None:
        """The string that the server requires: the user's, or the one kept in the folder; None with --no-auth."""
        return None if self.no_auth else access.known(self.own, self.settings.home.folder)

    @property
    def api(self) -> Api:
        return Api(f"{self.ui}/api", self.auth)

    def own_settings(self) -> dict[str, str]:
        """Return the settings given as options or in the environment, as variables for a child process."""
        given = {"RALLYSCOPE_HOME": str(self.settings.home.folder), "RALLYSCOPE_SOURCE": self.settings.source}
        if self.settings.catalog_folder:
            given["RALLYSCOPE_CATALOG"] = str(self.settings.catalog_folder.resolve())
        return given

    def environment(self) -> dict[str, str]:
        """Return the environment of every process of the service; it holds the secrets, since no process list shows it."""
        fixed = {
            **self.own_settings(),
            "PREFECT_HOME": str(self.folder), "PREFECT_PROFILE": "ephemeral", "PREFECT_API_URL": f"{self.ui}/api",
            "PREFECT_SERVER_API_HOST": HOST, "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_UI_API_URL": f"{self.ui}/api",  # or the pages at another port send requests to 4200
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",  # that content causes errors
            **NO_TELEMETRY, "PREFECT_CLI_PROMPT": "false", "PREFECT_CLI_COLORS": "false", "PYTHONUNBUFFERED": "1",
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(origins(self.port)),
            "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true", "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
        }
        if self.auth:
            fixed |= dict.fromkeys(AUTH_VARIABLES, self.auth)
        all_of_it = environment({
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": f"{DAYS_KEPT * 86_400}",
            "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{DAYS_KEPT}D",  # this setting does not accept seconds
            "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "300",
            "PREFECT_WORKER_QUERY_SECONDS": "2",  # a user who clicked “run” is watching
            # Without stored leases, a killed server leaves its concurrency slots taken.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        }, fixed)
        return {name: value for name, value in all_of_it.items() if self.auth or name not in AUTH_VARIABLES}

    @property
    def webhook(self) -> str | None:
        return self.own.webhook.get_secret_value() if self.own.webhook else None

    def log(self, part: str) -> Path:
        return self.folder / f"{part}.log"

    def failed(self, part: str, problem: str) -> ServiceFailed:
        """Return the error, with the last line of the part's log."""
        lines = [line.strip() for line in self.log(part).read_text(errors="replace").splitlines() if line.strip()]
        return ServiceFailed(part, f"{problem}: {lines[-1]}" if lines else problem, str(self.log(part)))

    def description(self, show_secret: bool = False) -> str:
        """Return the summary of a running service for a user; it includes the authentication string only if requested."""
        database = "the database of PREFECT_SERVER_DATABASE_CONNECTION_URL" if self.own.database else "prefect.db there"
        return f"""Prefect UI   {self.ui}
log in with  {self._login(show_secret)}
API          {self.ui}/api   (for the prefect command: export {self._exports()})
source       {self.settings.base_url or 'live: Yahoo Finance and FRED'}
home         {self.settings.home.folder}
kept in      {self.folder}: server.log, worker.log; the runs in {database}
stop it      rallyscope serve --stop"""

    def _login(self, show_secret: bool) -> str:
        if self.no_auth:
            return f"nothing: {OPEN}"
        if self.own.auth:
            return "the value of PREFECT_SERVER_API_AUTH_STRING"
        file = self.folder / access.AUTH
        return f"{self.auth}   (kept in {file})" if show_secret else f"the line in {file}"

    def _exports(self) -> str:
        if self.no_auth:
            return f"PREFECT_API_URL={self.ui}/api"
        kept = "$PREFECT_SERVER_API_AUTH_STRING" if self.own.auth else f"$(cat {self.folder / access.AUTH})"
        return f'PREFECT_API_URL={self.ui}/api PREFECT_API_AUTH_STRING="{kept}"'
