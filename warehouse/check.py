"""What must hold of the raw tables at any time, as queries anybody can run."""

from __future__ import annotations

import duckdb

from warehouse.load.batch import TABLES


def duplicates(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Keys that a raw table holds twice of one source, `known_at` and `fetched_at`, by table; empty when all is well.

    Such a pair would leave open which of the two is in force. The tables carry no primary key (it costs more than
    all loads together), so the load keeps this and this query proves it.
    """
    found = {}
    for table in (table for tables in TABLES.values() for table in tables):
        key = ", ".join((*table.keys, "source", "known_at", "fetched_at"))
        twice = f"select {key} from {table.name} group by all having count(*) > 1"
        row = con.execute(f"select count(*) from ({twice})").fetchone()
        if row and row[0]:
            found[table.name] = row[0]
    return found
