"""Numbered sessions for specifications that refer to days by number: session 1 is Monday 2026-01-05."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import tables

MONDAY = date(2026, 1, 5)


def day(position: int) -> date:
    """Return the date of session number `position`; every weekday is a session."""
    weeks, weekday = divmod(position - 1, 5)
    return MONDAY + timedelta(weeks=weeks, days=weekday)


def sessions(count: int) -> str:
    """Draw staging.session with the first `count` sessions, each closing at 21:00 UTC."""
    return tables.sessions([day(position) for position in range(1, count + 1)])


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Draw rows as a table, or only the columns if there are no rows."""
    drawn = [dict(zip(columns, row, strict=True)) for row in rows]
    return tables.draw(drawn) if drawn else " | ".join(columns)
