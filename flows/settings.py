"""Read the settings from the environment or an option, and the clock; no other module reads the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.sources.errors import SourceUnreachable
from warehouse.catalog import Catalog, load
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest
from warehouse.installation import default_data_folder

LIVE = "live"
# FRED requires a key of 32 characters, and a replay server accepts any such key. This placeholder is not a secret.
PLACEHOLDER_KEY = "0" * 32
# The session calendar begins in 1990. Calendars, DuckDB and pandas can all represent the last year.
CLOCK_YEARS = range(1991, 2200)
# The limits of the only request that the settings send to a replay server: the one for its clock.
ANSWERS_WITHIN_SECONDS, ANSWERS_BYTES = 10.0, 1 << 16
# Prefect sends telemetry unless these variables disable it before the import. Import this module before Prefect.
NO_TELEMETRY = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
# Prefect starts a temporary server for a manual run. Without these variables it accepts requests from any web page.
CLOSED = {"PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1", "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true"}
# By default Prefect gives that server 20 seconds to start. A busy machine can exceed them, and the run would then end
# in a Prefect traceback.
PATIENT = {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}
for _name, _value in (NO_TELEMETRY | CLOSED | PATIENT).items():
    os.environ.setdefault(_name, _value)


@dataclass(frozen=True)
class Clock:
    """The pipeline's present time, UTC, and whether its market is simulated."""

    now: datetime
    simulated: bool


class Settings(BaseSettings):
    """The settings RALLYSCOPE_HOME, _SOURCE, _CATALOG and _PAGES, and FRED_API_KEY; arguments override the environment."""

    model_config = SettingsConfigDict(env_prefix="RALLYSCOPE_", env_ignore_empty=True, frozen=True, extra="forbid",
                                      populate_by_name=True)

    home_folder: Path = Field(default_factory=default_data_folder, validation_alias="RALLYSCOPE_HOME")
    source: str = LIVE
    catalog_folder: Path | None = Field(default=None, validation_alias="RALLYSCOPE_CATALOG")
    fred_api_key: SecretStr | None = Field(default=None, validation_alias="FRED_API_KEY")
    pages: bool = True
    """Whether a run renders the day's page and the data dictionary, which takes longer than a small run."""

    @field_validator("pages", mode="wrap")
    @classmethod
    def _true_or_false(cls, value: object, parse: Callable[[object], bool]) -> bool:
        try:
            return parse(value)
        except ValueError:
            raise BadRequest("RALLYSCOPE_PAGES", f"it is {value!r}, but must be true or false",
                             "Correct it, or unset it") from None

    @property
    def home(self) -> DataFolder:
        return DataFolder(Path(os.path.realpath(self.home_folder)))  # realpath does not fail on a cycle of links

    @property
    def base_url(self) -> str | None:
        """The base URL of the replay server; None means the real hosts."""
        if self.source == LIVE:
            return None
        if not self.source.startswith(("http://", "https://")):
            raise self._no_source("it is neither “live” nor a base URL")
        try:
            parts = urlsplit(self.source)
            reachable = parts.hostname and parts.port != 0  # accessing .port parses it
        except ValueError:
            reachable = False
        if not reachable:
            raise self._no_source("it has no valid host and port")
        if "@" in parts.netloc:
            raise self._no_source("a replay server does not accept credentials")
        return self.source.rstrip("/")

    def _no_source(self, why: str) -> BadRequest:
        # The part before an @ may be a password.
        return BadRequest(f"source {self.source.rpartition('@')[2]!r}", why,
                          "Use --source live, or --source http://127.0.0.1:PORT of a `rallyscope replay`")

    @property
    def fred_key(self) -> str | None:
        if self.fred_api_key and self.fred_api_key.get_secret_value():
            return self.fred_api_key.get_secret_value()
        return PLACEHOLDER_KEY if self.base_url else None

    @cached_property
    def catalog(self) -> Catalog:
        return load(self.catalog_folder)

    def clock(self) -> Clock:
        """Return the wall clock, or for a replay source the clock of its server, which does not advance."""
        if self.base_url is None:
            return self._of_the_market(Clock(datetime.now(UTC), False), "this machine", "timedatectl set-ntp true")
        response = _fetch_json(f"{self.base_url}/clock")
        try:
            clock = Clock(datetime.fromisoformat(response["now"]).astimezone(UTC), bool(response["simulated"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._no_source("the server there is not a replay server: it does not report a clock") from None
        return self._of_the_market(clock, self.base_url, "rallyscope replay --now")

    def _of_the_market(self, clock: Clock, of: str, how: str) -> Clock:
        """Return the clock; raise BadRequest if its year has no known session or is beyond the calendars (CLOCK_YEARS)."""
        if clock.now.year not in CLOCK_YEARS:
            raise BadRequest(f"the clock of {of}", f"it reads {clock.now:%Y-%m-%d}, which is not between "
                             f"{CLOCK_YEARS[0]} and {CLOCK_YEARS[-1]}", f"Set it: {how}")
        return clock


class PrefectSettings(BaseSettings):
    """The settings of `rallyscope serve`: two variables of Prefect, and the address that receives notifications."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True)

    auth: SecretStr | None = Field(default=None, validation_alias="PREFECT_SERVER_API_AUTH_STRING")
    database: SecretStr | None = Field(default=None, validation_alias="PREFECT_SERVER_DATABASE_CONNECTION_URL")
    webhook: SecretStr | None = Field(default=None, validation_alias="RALLYSCOPE_WEBHOOK")


def environment(defaults: Mapping[str, str], fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child process: the user's variables override `defaults`, and `fixed` overrides both."""
    return {**defaults, **os.environ, **fixed}


def _fetch_json(url: str) -> Any:
    """Return the JSON at a URL, None for 404; raise SourceUnreachable if it is invalid, incomplete, too long or slow."""
    import time
    from http.client import HTTPException, IncompleteRead
    from urllib.error import HTTPError, URLError

    from flows.sources.redirects import urlopen_here

    body, until = b"", time.monotonic() + ANSWERS_WITHIN_SECONDS
    try:
        with urlopen_here(url, timeout=ANSWERS_WITHIN_SECONDS) as answer:
            while part := answer.read1(ANSWERS_BYTES):
                body += part
                if len(body) > ANSWERS_BYTES or time.monotonic() > until:
                    raise ValueError(f"more than {ANSWERS_BYTES} bytes or {ANSWERS_WITHIN_SECONDS:g} seconds")
            if answer.length:
                raise IncompleteRead(body, answer.length)
        return json.loads(body)
    except (URLError, HTTPException, OSError, ValueError, RecursionError) as error:
        if isinstance(error, HTTPError) and error.code == HTTPStatus.NOT_FOUND:
            return None  # some other server
        cause = getattr(error, "reason", error)
        reason = getattr(cause, "strerror", None) or str(cause).strip() or type(error).__name__
    raise SourceUnreachable(url, "the clock", reason)
