"""The raw tables in memory, for builds that leave the working database and the publication as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb

from warehouse.data_folder import SCHEMA, DataFolder
from warehouse.errors import HomeUnusable, NothingPublished


@contextmanager
def raw_copy(home: DataFolder, waiting: Callable[[str],
                                                 None] = lambda lock_owner: None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Copy the current raw tables into a database in memory; hold the writer lock only during the copy.

    Raises NothingPublished if nothing was ever loaded, and HomeUnusable if the working database cannot be read.
    """
    if not home.working.exists():
        raise NothingPublished(str(home.published))
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        with home.writer_lock(waiting):
            try:
                con.execute(f"attach '{str(home.working).replace(chr(39), chr(39) * 2)}' as working (read_only)")
                for (table,) in con.execute("""
                        select table_name from duckdb_tables()
                        where database_name = 'working' and schema_name = 'raw'""").fetchall():
                    con.execute(f"create or replace table raw.{table} as from working.raw.{table}")
                con.execute("detach working")
            except duckdb.IOException as error:
                raise HomeUnusable(str(home.working), str(error).splitlines()[0]) from None
        yield con


def last_fetched(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return the fetch time of the newest raw row in UTC, or None if there are no rows."""
    tables = [row[0] for row in con.execute("""
        select table_name from duckdb_columns()
        where database_name = current_database() and schema_name = 'raw' and column_name = 'fetched_at'""").fetchall()]
    newest = " union all ".join(f"select max(fetched_at) as fetched_at from raw.{table}" for table in tables)
    row = con.execute(f"select max(fetched_at) from ({newest})").fetchall()[0]
    return row[0].replace(tzinfo=UTC) if row[0] else None
