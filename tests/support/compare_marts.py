"""Compare the tables of two built warehouses or published files, cell by cell, across renamed tables and columns.

    python tests/support/compare_marts.py BEFORE.duckdb AFTER.duckdb [--names OLD_TO_NEW.toml] [--schema marts]

Numbers are equal if abs(a - b) <= 1e-12 * greatest(1, abs(a), abs(b)); text, dates, timestamps and NULLs must be
identical. Every other cell is printed with its key and both values, and the exit code is then 1. The file of names has
`[tables]` (old = "new") and `[columns]` ("old_table.old_column" = "new_column"); other names are unchanged.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from transforms.engine.project import models
from warehouse.zones import use_utc, without_zone

NAMES = Path(__file__).with_name("renamed.toml")
SCHEMAS = ("marts", "core", "audit")


@dataclass
class Names:
    """The map from old names to new ones."""

    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)

    def table(self, old: str) -> str:
        return self.tables.get(old, old)

    def column(self, table: str, old: str) -> str:
        return self.columns.get(f"{table}.{old}", old)


def differing(con: duckdb.DuckDBPyConnection, names: Names, grains: dict[str, tuple[str, ...]],
              schemas: tuple[str, ...] = SCHEMAS) -> Iterator[str]:
    """Return one line for each cell, row, column or table that differs between the catalogs `before` and `after`."""
    before, after = _tables(con, "before"), _tables(con, "after")
    for table in sorted(before):
        new = names.table(table)
        if table.partition(".")[0] not in schemas or new not in grains:
            continue
        if new not in after:
            yield f"{table}: no table {new}"
            continue
        columns = {column: names.column(table, column) for column in before[table]}
        yield from (f"{table}.{old}: no column {column}" for old, column in columns.items() if column not in after[new])
        pairs = {old: column for old, column in columns.items() if column in after[new]}
        yield from _cells(con, table, before[table], pairs, (_place(con, "before", table), _place(con, "after", new)),
                          grains[new])


def _cells(con: duckdb.DuckDBPyConnection, table: str, types: dict[str, str], pairs: dict[str, str],
           places: tuple[str, str], grain: tuple[str, ...]) -> Iterator[str]:
    key = [old for old, new in pairs.items() if new in grain]
    before, after = (without_zone(con, place) for place in places)
    renamed = ", ".join(f'"{new}" as "{old}"' for old, new in pairs.items())
    shown = " || ', ' || ".join(f"coalesce(before.\"{k}\", after.\"{k}\")::varchar" for k in key)
    joined = (f"(select *, true as is_there from {before}) before "
              f"full join (select {renamed}, true as is_there from {after}) after "
              f"on {' and '.join(f'before.{k} is not distinct from after.{k}' for k in key)}")
    for where, what in (("after.is_there is null", "only before"), ("before.is_there is null", "only after")):
        for row, in con.execute(f"select {shown} from {joined} where {where} order by 1").fetchall():
            yield f"{table} [{row}]: {what}"
    for column in pairs:
        if column in key:
            continue
        one, other = f'before."{column}"', f'after."{column}"'
        is_same = f"{one} is not distinct from {other}"
        if types[column] in ("DOUBLE", "FLOAT"):
            is_same = (f"({is_same} or coalesce(abs({one} - {other}) <= "
                       f"1e-12 * greatest(1, abs({one}), abs({other})), false))")
        for row, old, new in con.execute(f"""
                select {shown}, {one}::varchar, {other}::varchar from {joined}
                where before.is_there and after.is_there and not ({is_same}) order by 1""").fetchall():
            yield f"{table} [{row}].{column}: {old} before, {new} after"


def _tables(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, dict[str, str]]:
    """Return the columns with their types by table; in a published file the marts are in the main schema."""
    found: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in con.execute("""
            select schema_name, table_name, column_name, data_type from duckdb_columns()
            where database_name = ? and table_name in (select table_name from duckdb_tables() where database_name = ?)
                and schema_name in ('main', 'marts', 'core', 'audit')
            order by all""", [catalog, catalog]).fetchall():
        found.setdefault(f"{'marts' if schema == 'main' else schema}.{table}", {})[column] = kind
    return found


def _place(con: duckdb.DuckDBPyConnection, catalog: str, table: str) -> str:
    schema, _, name = table.partition(".")
    there = con.execute("select schema_name from duckdb_tables() where database_name = ? and table_name = ? "
                        "and schema_name in (?, if(? = 'marts', 'main', null))",
                        [catalog, name, schema, schema]).fetchone()
    return f"{catalog}.{there[0]}.{name}"  # type: ignore[index]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--names", type=Path, default=NAMES)
    parser.add_argument("--schema", action="append", choices=SCHEMAS)
    given = parser.parse_args()
    names = Names(**tomllib.loads(given.names.read_text(encoding="utf-8")))
    with duckdb.connect() as con:
        use_utc(con)
        for catalog in ("before", "after"):
            con.execute(f"attach '{getattr(given, catalog)}' as {catalog} (read_only)")
        lines = list(differing(con, names, {m.name: m.grain for m in models()}, tuple(given.schema or SCHEMAS)))
    print(*lines, f"{len(lines)} differences", sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
