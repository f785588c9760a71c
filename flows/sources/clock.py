"""Refuse a source whose clock went back: a response older than the newest fetch would publish an earlier present."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import duckdb

from flows.sources.errors import ClockWentBack

# Clocks differ, and a response may come from a cache.
TOLERANCE = timedelta(hours=1)


def newest_fetch(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return the time of the newest fetch that is loaded; None before the first one."""
    newest, = con.execute("select max(fetched_at) from audit.batch").fetchone() or (None,)
    return newest and newest.replace(tzinfo=UTC)


def refuse_earlier(source: str, says: datetime, newest: datetime | None) -> None:
    """Raise ClockWentBack if the source's time is before the newest fetch by more than TOLERANCE."""
    if newest and says < newest - TOLERANCE:
        raise ClockWentBack(source, f"{says:%Y-%m-%dT%H:%M:%SZ}", f"{newest:%Y-%m-%dT%H:%M:%SZ}")


def parse_instant(date: str | None, age: str | None) -> datetime | None:
    """Return the time of a response: its Date header plus its seconds in a cache; None if the header is missing or bad."""
    try:
        source_time = parsedate_to_datetime(date or "").astimezone(UTC)
        return source_time + timedelta(seconds=int(age) if age and age.isdigit() else 0)
    except (ValueError, OverflowError):
        return None
