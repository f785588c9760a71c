"""Compare two builds: which cells of which tables differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from warehouse.zones import without_zone

_NO_CELLS = "select null::varchar as key, null::date as date, null as column_name, null as old, null as new limit 0"


@dataclass(frozen=True)
class Difference:
    """One table that differs: rows only in the first, only in the second, rows in both with changed cells."""

    table: str
    only_first: int
    only_second: int
    changed_rows: int
    changed_cells: int
    columns: tuple[str, ...]


def differences(con: duckdb.DuckDBPyConnection, first: str, second: str,
                grains: Mapping[str, Sequence[str]]) -> list[Difference]:
    """Return every model's table that differs between two attached catalogs, compared by its grain.

    A table that only one catalog has differs in all its rows. A column that only one has counts as NULL in the other. It
    is listed even if it has no values, and if it belongs to the grain, no row is in both.
    """
    there = {catalog: _tables(con, catalog) for catalog in (first, second)}
    found = []
    for table in sorted((there[first] ^ there[second]) | (there[first] & there[second] & grains.keys())):
        name = published_name(table)
        if not all(table in tables for tables in there.values()):
            only_first, only_second = (_count(con, f"select count(*) from {catalog}.{name}") if table in tables else 0
                                       for catalog, tables in there.items())
            found.append(Difference(table, only_first, only_second, 0, 0, ()))
        elif difference := _difference(con, table, f"{first}.{name}", f"{second}.{name}", grains[table]):
            found.append(difference)
    return found


def _difference(con: duckdb.DuckDBPyConnection, table: str, first: str, second: str,
                grain: Sequence[str]) -> Difference | None:
    one_sided = set(_columns(con, first)) ^ set(_columns(con, second))
    first, second = without_zone(con, first), without_zone(con, second)
    before, after = (f"(from {this} union all by name (from {other} limit 0))"
                     for this, other in ((first, second), (second, first)))
    missing = f"select count(*) from {{}} anti join {{}} using ({', '.join(grain)})"
    only_first, only_second = _count(con, missing.format(before, after)), _count(con, missing.format(after, before))
    rows, cells, columns = con.execute(f"""
        select count(distinct key), count(*), coalesce(list(distinct column_name), [])
        from ({changed_cells(con, before, after, grain)})""").fetchone()  # type: ignore[misc]
    if not (only_first or only_second or cells or one_sided):
        return None
    return Difference(table, only_first, only_second, rows, cells, tuple(sorted(one_sided.union(columns))))


def changed_cells(con: duckdb.DuckDBPyConnection, before: str, after: str, grain: Sequence[str],
                  ignore: Iterable[str] = ()) -> str:
    """Return SQL for (key, date, column_name, old, new): the cells that differ in rows that both tables have.

    `key` is the row's grain as JSON. A column that only one table has adds no changed cells. A timestamp with zone, as in
    a published file, equals the same timestamp without zone.
    """
    before, after = without_zone(con, before), without_zone(con, after)
    there = _columns(con, before)
    columns = [c for c in there if c in set(_columns(con, after)) - set(grain) - set(ignore)]
    if not columns or not {*grain} <= set(there):
        return _NO_CELLS  # another key makes another table
    keys = ", ".join(f"{k} := b.{k}" for k in grain)
    cells = ", ".join(f"struct_pack(name := '{c}', old := b.\"{c}\"::varchar, new := a.\"{c}\"::varchar, "
                      f"differs := b.\"{c}\" is distinct from a.\"{c}\")" for c in columns)
    return f"""
        select key, date, cell.name as column_name, cell.old as old, cell.new as new
        from (select to_json(struct_pack({keys}))::varchar as key, {_date(grain, 'b.')} as date, unnest([{cells}]) as cell
              from {before} b join {after} a using ({', '.join(grain)})
              where {' or '.join(f'b."{c}" is distinct from a."{c}"' for c in columns)})
        where cell.differs"""


def came_and_gone_rows(con: duckdb.DuckDBPyConnection, before: str, after: str, grain: Sequence[str],
                       known_by: str) -> str:
    """Return SQL for (key, date, column_name, old, new): the rows of the past that only one of the tables has.

    `column_name` is '(row)', and the side that has the row says 'present'. An added row belongs to the past if its session
    lies between the first and the last session of `before`. So neither a new session nor one that a backfill just added
    counts. In a table without sessions, a row belongs to the past if it was known by `known_by`, an SQL timestamp.
    """
    before, after = without_zone(con, before), without_zone(con, after)
    if not {*grain, "known_at"} <= set(_columns(con, before)):
        return _NO_CELLS  # another key makes another table
    key = f"to_json(struct_pack({', '.join(f'{k} := {k}' for k in grain)}))::varchar as key, {_date(grain)} as date"
    past = (f"date between (select min(date) from {before}) and (select max(date) from {before})" if "date" in grain
            else f"known_at <= {known_by}")
    return f"""
        select {key}, '(row)' as column_name, 'present' as old, null::varchar as new
        from {before} anti join {after} using ({', '.join(grain)})
        union all
        select {key}, '(row)', null, 'present'
        from {after} anti join {before} using ({', '.join(grain)}) where {past}"""


def published_name(table: str) -> str:
    """Return the name of a model's table in a published file, where marts are in the main schema."""
    return table.replace("marts.", "main.", 1)


def _date(grain: Sequence[str], of: str = "") -> str:
    return next((f"{of}{column}::date" for column in ("date", "period_end") if column in grain), "null::date")


def _tables(con: duckdb.DuckDBPyConnection, catalog: str) -> set[str]:
    """Return the models' tables of a published file, without audit, which differs in every publication."""
    return {f"{'marts' if schema == 'main' else schema}.{table}" for schema, table in con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? and schema_name in ('main', 'core')",
        [catalog]).fetchall()}


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe {table}").fetchall()]


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    return con.execute(sql).fetchone()[0]  # type: ignore[index]
