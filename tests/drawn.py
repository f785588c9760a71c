"""Tables for specifications that are too regular to draw by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

MONDAY = date(2026, 1, 5)


def day(position: int) -> date:
    """The weekday that is session number `position` of sessions(); 1 is Monday 2026-01-05."""
    weeks, weekday = divmod(position - 1, 5)
    return MONDAY + timedelta(weeks=weeks, days=weekday)


def sessions(count: int) -> str:
    """staging.session with `count` weekdays from 2026-01-05 on, each closing at 21:00 UTC."""
    return table(("date", "position", "open_at", "close_at", "known_at"), (
        (day(p), p, f"{day(p)} 14:30", f"{day(p)} 21:00", f"{day(p)} 21:15") for p in range(1, count + 1)
    ))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as a drawn table; None is an empty cell."""
    lines = [" | ".join(columns)]
    lines += [" | ".join("" if cell is None else str(cell) for cell in row) for row in rows]
    return "\n".join(lines)
