"""The schema v1 of a published file: each mart as a view with the name and columns of the previous release.

It stays for one release, so that a query written for the previous release runs with `v1.` before the mart's name. The
views hold no data and are not tables of the build, so digests, comparisons and exports do not include them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import duckdb

DEFINITION = Path(__file__).with_name("v1.toml")


def create_views(con: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Create the views over the marts in the main schema of an attached file.

    The file may hold fewer marts or columns than the previous release if only some models were built. A column that still
    has its old name in the file, as in a build kept by the previous release, is used as it is.
    """
    definition = tomllib.loads(DEFINITION.read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    for table, column in con.execute("select table_name, column_name from duckdb_columns() "
                                     "where database_name = ? and schema_name = 'main'", [catalog]).fetchall():
        found.setdefault(table, set()).add(column)
    con.execute(f"create schema if not exists {catalog}.v1")
    for mart in definition["columns"].keys() & found.keys():
        names = {column: definition["renamed"].get(mart, {}).get(column, column) for column in definition["columns"][mart]}
        columns = [f'"{name}" as "{column}"' for column, new in names.items()
                   for name in [new if new in found[mart] else column] if name in found[mart]]
        if columns:
            # No catalog: the file may be opened or attached under any name.
            con.execute(f"create view {catalog}.v1.{mart} as select {', '.join(columns)} from main.{mart}")
