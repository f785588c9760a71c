"""Moments with and without their zone: TIMESTAMP (UTC) in the working database, TIMESTAMP WITH TIME ZONE as published.

DuckDB compares the two in the zone of the session, so that a join of a published TIMESTAMP with zoned data would be off by
the machine's offset. What was published before, without zones, is read as well. Nothing here depends on the zone of the
session, except for a moment inside a struct or a list, which is cast: `use_utc` first.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import duckdb

WITHOUT, WITH = "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"


def use_utc(con: duckdb.DuckDBPyConnection) -> None:
    """Let the connection and its cursors read and print moments in UTC, whatever the machine's zone."""
    con.execute("set global timezone = 'UTC'")


def as_stored(instant: datetime) -> datetime:
    """A moment as the working database holds it: in UTC, without its zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def with_zone(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL for the rows of a table or subquery, its moments as they are published."""
    return _replaced(con, table, WITHOUT, WITH)


def without_zone(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL for the rows of a table or subquery, its moments as in the working database."""
    return _replaced(con, table, WITH, WITHOUT)


def _replaced(con: duckdb.DuckDBPyConnection, table: str, old: str, new: str) -> str:
    """`timezone` makes one kind from the other, both ways; inside a struct or a list a cast does, in UTC."""
    replaced = []
    for name, kind, *_ in con.execute(f"describe from {table}").fetchall():
        wanted = re.sub(rf"\b{old}\b(?! WITH)", new, kind)
        if kind == old:
            replaced.append(f'timezone(\'UTC\', "{name}") as "{name}"')
        elif wanted != kind:
            replaced.append(f'"{name}"::{wanted} as "{name}"')
    return f"(select * replace ({', '.join(replaced)}) from {table})" if replaced else f"(from {table})"
