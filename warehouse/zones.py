"""Convert timestamps: TIMESTAMP (UTC) in the working database, TIMESTAMP WITH TIME ZONE in a published file.

DuckDB compares the two types in the session's time zone, so a join of a published TIMESTAMP with zoned data would be off
by the machine's offset. Older publications, which have no zones, can be read too. Nothing here depends on the session's
time zone, except that a timestamp inside a struct or a list is cast: call `use_utc` first.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import duckdb

WITHOUT, WITH = "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"


def use_utc(con: duckdb.DuckDBPyConnection) -> None:
    """Make the connection and its cursors read and print timestamps in UTC, whatever the machine's time zone."""
    con.execute("set global timezone = 'UTC'")


def as_stored(instant: datetime) -> datetime:
    """Convert a timestamp to the form of the working database: in UTC, without zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def with_zone(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return SQL for the rows of a table or subquery with zoned timestamps, as in a published file."""
    return _replaced(con, table, WITHOUT, WITH)


def without_zone(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return SQL for the rows of a table or subquery with timestamps without zone, as in the working database."""
    return _replaced(con, table, WITH, WITHOUT)


def _replaced(con: duckdb.DuckDBPyConnection, table: str, old: str, new: str) -> str:
    """Convert columns with `timezone`, which works both ways; inside a struct or a list, cast in UTC."""
    replaced = []
    for name, kind, *_ in con.execute(f"describe from {table}").fetchall():
        wanted = re.sub(rf"\b{old}\b(?! WITH)", new, kind)
        if kind == old:
            replaced.append(f'timezone(\'UTC\', "{name}") as "{name}"')
        elif wanted != kind:
            replaced.append(f'"{name}"::{wanted} as "{name}"')
    return f"(select * replace ({', '.join(replaced)}) from {table})" if replaced else f"(from {table})"
