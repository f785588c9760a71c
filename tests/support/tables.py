"""Given-tables written by a program, for specifications with more rows than one would draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta


def draw(rows: Iterable[Mapping[str, object]]) -> str:
    """The rows as a drawn table; None is an empty cell. All rows have the columns of the first."""
    rows = list(rows)
    lines = [" | ".join(rows[0])]
    lines += [" | ".join(_cell(row[column]) for column in rows[0]) for row in rows]
    return "\n".join(lines)


def weekdays(count: int, start: date = date(2020, 1, 1)) -> list[date]:
    """So many days from Monday to Friday, from `start` on: sessions of an exchange without holidays."""
    days = []
    while len(days) < count:
        if start.weekday() < 5:
            days.append(start)
        start += timedelta(days=1)
    return days


def sessions(days: Sequence[date]) -> str:
    """staging.session with these days, closing at 21:00 UTC."""
    return draw({"date": day, "position": position, "open_at": f"{day} 14:30", "close_at": f"{day} 21:00",
                 "known_at": f"{day} 21:15"} for position, day in enumerate(days, start=1))


def _cell(value: object) -> str:
    # repr, because str of a NumPy float would do for a reader but not for the last digit.
    return "" if value is None else repr(float(value)) if isinstance(value, float) else str(value)
