"""`rallyscope doctor`: is everything here that a run needs, and if not, what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from warehouse.errors import RallyscopeError

if TYPE_CHECKING:
    from flows.settings import Settings

ROOM_WANTED = 1 << 30


def doctor(settings: Callable[[], Settings]) -> int:
    """Print a line a check, and return 0 when nothing is wrong, else 1."""
    wrong = 0
    for name, (well, line) in _checks(settings()):
        print(f"{'ok  ' if well else 'FIX '} {name}: {line}")
        wrong += not well
    return 1 if wrong else 0


def _checks(settings: Settings) -> Iterator[tuple[str, tuple[bool, str]]]:
    yield "catalogue", _tried(lambda: f"{len(settings.catalog.instruments)} instruments, {len(settings.catalog.series)} "
                                      f"series, hash {settings.catalog.hash[:10]}")
    yield "data folder", _tried(lambda: _folder(settings))
    yield "source", _tried(lambda: _source(settings))
    yield "FRED key", _key(settings)
    yield "publication", _tried(lambda: _publication(settings))


def _tried(check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, check()
    except RallyscopeError as error:
        return False, str(error)


def _folder(settings: Settings) -> str:
    with settings.home.turn(waiting=lambda holder: print(f"     a run is on ({holder}); waiting for it")):
        free = shutil.disk_usage(settings.home.folder).free
    if free < ROOM_WANTED:
        return f"{settings.home.folder} has only {free >> 20} MB free; make room before a long backfill"
    return f"{settings.home.folder}, {free >> 30} GB free, nobody is writing"


def _source(settings: Settings) -> str:
    clock = settings.clock()
    if settings.base_url is None:
        return f"live; clock {clock.now:%Y-%m-%d %H:%M} UTC"
    kind = "a simulated market" if clock.simulated else "an archive"
    return f"{settings.base_url} replays {kind}; its clock stands at {clock.now:%Y-%m-%d %H:%M} UTC"


def _key(settings: Settings) -> tuple[bool, str]:
    if settings.fred_api_key:
        return True, "set"
    if settings.base_url:
        return True, "none, and a replay server needs none"
    return True, ("none: daily series come from the public CSV; revised series are then known only from the day they "
                  "are fetched. A free key in FRED_API_KEY brings their vintages")


def _publication(settings: Settings) -> str:
    with settings.home.marts() as con:
        build, as_of = con.execute("select build_id, as_of from audit.publication where is_current").fetchone()  # type: ignore[misc]
    age = (datetime.now(UTC).replace(tzinfo=None) - as_of).days
    return f"{build}, as of {as_of:%Y-%m-%d}, {age} days old by the wall clock"
