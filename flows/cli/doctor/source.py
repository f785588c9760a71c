"""The checks of `rallyscope doctor` for the source: whether it responds, its clock, and the FRED key."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.cli.doctor.check_result import Outcome, fix, ok
from flows.settings import LIVE
from flows.sources.redirects import urlopen_here
from warehouse.errors import CatalogError, RallyscopeError

if TYPE_CHECKING:
    from flows.settings import Clock, Settings

PATIENCE_SECONDS = 1.8
# A clock that is synchronized over the network is right to fractions of a second.
OFF_AT_MOST = timedelta(minutes=2)
KEY_SHAPE = re.compile("[0-9a-z]{32}")
GET_A_KEY = "https://fred.stlouisfed.org/docs/api/api_key.html"


class Source:
    """The source of the settings, requested once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.responses: dict[str, timedelta | str] = {}

    @cached_property
    def clock(self) -> Clock | None:
        """The pipeline's clock; None if the source does not report it."""
        try:
            return self.settings.clock()
        except RallyscopeError:
            return None

    def request(self) -> None:
        """Start the requests to the hosts of the catalog's sources; a replay server only reports its clock."""
        if self.settings.source != LIVE:
            return
        self.started_at = time.monotonic()
        self.threads = {host: threading.Thread(target=_measure_offset, args=(host, self.responses), daemon=True)
                       for host in self._hosts()}
        for thread in self.threads.values():
            thread.start()

    def _hosts(self) -> list[str]:
        try:
            return [host for source in self.settings.catalog.sources.values() for host in source.hosts]
        except CatalogError:
            return []  # the check of the catalog says why it cannot be read

    @cached_property
    def clock_offsets(self) -> dict[str, timedelta | str]:
        """By live host: how far this machine's clock is ahead of it, or why the host did not respond."""
        for thread in self.threads.values():  # looking up a name has no timeout of its own
            thread.join(max(0.0, self.started_at + PATIENCE_SECONDS - time.monotonic()))
        return {host: self.responses.get(host, f"no response in {PATIENCE_SECONDS} seconds") for host in self.threads}

    def is_reachable(self) -> Outcome:
        """Whether every host of the source responds."""
        if self.settings.base_url:
            clock = self.settings.clock() if self.clock is None else self.clock
            return ok(f"{self.settings.base_url} replays {'a simulated market' if clock.simulated else 'an archive'}")
        if not self.clock_offsets:
            return fix("live, but no host is known to ask. Name the `hosts` of each source in the catalog's sources.toml")
        silent = [f"{host} ({why})" for host, why in self.clock_offsets.items() if isinstance(why, str)]
        if silent:
            return fix(f"live, but cannot be reached: {', '.join(silent)}. Check the network, or name a replay server "
                       "with --source")
        return ok(f"live; {', '.join(self.clock_offsets)} respond")

    def clock_is_right(self) -> Outcome:
        """The time of day and the time zones that every session depends on."""
        try:
            ZoneInfo("America/New_York")
        except ZoneInfoNotFoundError:
            return fix("this machine has no time zone database. Install the system's tzdata package")
        if self.settings.base_url:
            if not self.clock:
                return fix("unknown, because the source does not respond. Start it, or name another one with --source")
            return ok(f"{self.clock.now:%Y-%m-%d %H:%M} UTC, the replay server's; this machine's is not used")
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        offs = {host: off for host, off in self.clock_offsets.items() if isinstance(off, timedelta)}
        for host, off in offs.items():
            if abs(off) > OFF_AT_MOST:
                minutes = round(abs(off) / timedelta(minutes=1))
                return fix(f"{now}, {minutes} minutes {'ahead of' if off > timedelta() else 'behind'} {host}. Set this "
                           "machine's clock (timedatectl set-ntp true)")
        return ok(f"{now}, as at the source" if offs else f"{now}; no source responded to compare it with")


def key(settings: Settings) -> Outcome:
    """Whether there is a FRED key and whether it has the right shape; it is never shown."""
    text = settings.fred_api_key.get_secret_value() if settings.fred_api_key else ""
    if text:
        if KEY_SHAPE.fullmatch(text):
            return ok("set")
        return fix(f"FRED_API_KEY is not a valid key ({len(text)} characters); a key has 32 lower-case letters and digits. "
                   f"Copy it again from {GET_A_KEY}")
    if settings.base_url:
        return ok("none; a replay server does not need one")
    return ok("none; daily series come from the public CSV, and revised series are known only from the day they are "
              f"fetched. A free key in FRED_API_KEY adds their vintages: {GET_A_KEY}")


def _measure_offset(host: str, offsets: dict[str, timedelta | str]) -> None:
    try:
        try:
            with urlopen_here(Request(host, method="HEAD"), timeout=PATIENCE_SECONDS) as answer:
                date_header = answer.headers["Date"]
        except HTTPError as error:  # an HTTP error is a response too
            date_header = error.headers["Date"]
        offsets[host] = datetime.now(UTC) - parsedate_to_datetime(date_header)
    except (OSError, HTTPException) as error:
        offsets[host] = str(getattr(error, "reason", error))
    except (TypeError, ValueError):
        offsets[host] = "a response without a date"
