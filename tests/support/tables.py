"""Generate given-tables for specifications with too many rows to draw by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta


def draw(rows: Iterable[Mapping[str, object]]) -> str:
    """Draw rows as a table; None is an empty cell. All rows have the columns of the first."""
    rows = list(rows)
    lines = [" | ".join(rows[0])]
    lines += [" | ".join(_cell(row[column]) for column in rows[0]) for row in rows]
    return "\n".join(lines)


def weekdays(count: int, start: date = date(2020, 1, 1)) -> list[date]:
    """Return `count` weekdays from `start` on: the sessions of an exchange without holidays."""
    days = []
    while len(days) < count:
        if start.weekday() < 5:
            days.append(start)
        start += timedelta(days=1)
    return days


def sessions(days: Sequence[date]) -> str:
    """Draw staging.session with these days, closing at 21:00 UTC."""
    return draw({"date": day, "position": position, "open_at": f"{day} 14:30", "close_at": f"{day} 21:00",
                 "known_at": f"{day} 21:15"} for position, day in enumerate(days, start=1))


def _cell(value: object) -> str:
    # Use repr to keep every digit; the str of a NumPy float may lose the last one.
    return "" if value is None else repr(float(value)) if isinstance(value, float) else str(value)
