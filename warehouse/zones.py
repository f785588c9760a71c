"""Moments with and without their zone: TIMESTAMP (UTC) in the working database, TIMESTAMP WITH TIME ZONE as published.

DuckDB compares the two in the zone of the session, so that a join of a published TIMESTAMP with zoned data would be off by
the machine's offset. Nothing here depends on the zone of the session, and what was published before, without zones, is read
as well.
"""

from __future__ import annotations

import duckdb

WITHOUT, WITH = "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"


def use_utc(con: duckdb.DuckDBPyConnection) -> None:
    """Let the connection and its cursors read and print moments in UTC, whatever the machine's zone."""
    con.execute("set global timezone = 'UTC'")


def with_zone(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL for the rows of a table or subquery, its moments as they are published."""
    return _replaced(con, table, WITHOUT)


def without_zone(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL for the rows of a table or subquery, its moments as in the working database."""
    return _replaced(con, table, WITH)


def _replaced(con: duckdb.DuckDBPyConnection, table: str, kind: str) -> str:
    """`timezone` makes one kind from the other, both ways."""
    moments = [name for name, found, *_ in con.execute(f"describe from {table}").fetchall() if found == kind]
    replaced = ", ".join(f"timezone('UTC', \"{name}\") as \"{name}\"" for name in moments)
    return f"(select * replace ({replaced}) from {table})" if moments else f"(from {table})"
