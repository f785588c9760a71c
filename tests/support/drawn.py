"""Numbered sessions for specifications that speak of days by their place: session 1 is Monday 2026-01-05."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import tables

MONDAY = date(2026, 1, 5)


def day(position: int) -> date:
    """The weekday that is session number `position`, weekends left out."""
    weeks, weekday = divmod(position - 1, 5)
    return MONDAY + timedelta(weeks=weeks, days=weekday)


def sessions(count: int) -> str:
    """staging.session with the first `count` of them, each closing at 21:00 UTC."""
    return tables.sessions([day(position) for position in range(1, count + 1)])


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows under their columns as a drawn table; columns alone when there are no rows."""
    drawn = [dict(zip(columns, row, strict=True)) for row in rows]
    return tables.draw(drawn) if drawn else " | ".join(columns)
