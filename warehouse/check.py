"""Invariants of the raw tables, as queries that anyone can run at any time."""

from __future__ import annotations

import duckdb

from warehouse.load.batch import TABLES


def duplicates(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count by table the keys that occur twice with the same source, `known_at` and `fetched_at`; empty if none do.

    With two such rows it would be undefined which one is in force. The tables have no primary key, since it costs more
    than all loads together. The load keeps the rows unique, and this query proves it.
    """
    found = {}
    for table in (table for tables in TABLES.values() for table in tables):
        key = ", ".join((*table.keys, "source", "known_at", "fetched_at"))
        twice = f"select {key} from {table.name} group by all having count(*) > 1"
        row = con.execute(f"select count(*) from ({twice})").fetchone()
        if row and row[0]:
            found[table.name] = row[0]
    return found
