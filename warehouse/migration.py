"""Migrate a data folder of an earlier release before the schema is applied: rename tables and columns."""

from __future__ import annotations

import duckdb

COLUMNS = (("audit.publication", "catalogue_hash", "catalog_hash"),)
VALUES = (("audit.revision", "cause", "catalogue", "catalog"),)
# In earlier releases each feed had exactly one source.
ONLY_SOURCE = """
    alter table raw.fetch_outcome add column source varchar;
    update raw.fetch_outcome
    set source = case feed when 'observations' then 'fred' when 'weights' then 'weights' else 'yahoo' end"""


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Rename tables, columns and values of an earlier release, and record the source of each fetch; keep every row.

    In a new data folder it does nothing.
    """
    existing = con.execute("""select schema_name || '.' || table_name, column_name from duckdb_columns()
                              where database_name = current_database()""").fetchall()
    for table in sorted({table for table, _ in existing if table.startswith("raw.catalogue_")}):
        con.execute(f"alter table {table} rename to {table.removeprefix('raw.').replace('catalogue_', 'catalog_', 1)}")
    for table, old, new in COLUMNS:
        if (table, old) in existing:
            con.execute(f"alter table {table} rename column {old} to {new}")
    tables = {table for table, _ in existing}
    if tables & {"raw.catalog_universe", "raw.catalogue_universe"} and ("raw.catalog_universe",
                                                                        "is_primary") not in existing:
        # Before this column existed, the Nasdaq-100 was the primary index everywhere.
        con.execute("alter table raw.catalog_universe add column is_primary boolean")
        con.execute("update raw.catalog_universe set is_primary = index_code = 'NDX'")
    for table, column, old, new in VALUES:
        if (table, column) in existing:
            con.execute(f"update {table} set {column} = ? where {column} = ?", [new, old])
    if ("raw.fetch_outcome", "feed") in existing and ("raw.fetch_outcome", "source") not in existing:
        con.execute(ONLY_SOURCE)
