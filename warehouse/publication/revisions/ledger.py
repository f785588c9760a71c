"""The revision ledger: every cell and row of the past that differs from the last publication, and why.

A build of the present is compared with the newest publication of the present, which is always kept. The ledger explains
changed cells, added rows of the past and removed rows by what became visible in the raw tables in between. A change of
the row's own company or basket comes first. Next comes the latest change, at the row's date or before, of anything the
mart reads, then the catalog, then the code. Other revisions are recorded as unexplained. Of several changes, one in a raw
table that the column is computed from wins: a new sector does not explain a corrected price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol

import duckdb

from warehouse.data_folder import DataFolder, damage_in
from warehouse.publication.builds import kept, problem
from warehouse.publication.compare import came_and_gone_rows, changed_cells, published_name
from warehouse.publication.publish import Stamp, current_build
from warehouse.publication.revisions.changes import PRIORITY, write_changes
from warehouse.stray import undisturbed


class Model(Protocol):
    """The part of a model that the ledger needs: its table, its key, its columns, and the tables it reads."""

    @property
    def name(self) -> str: ...
    @property
    def grain(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> Mapping[str, str]: ...
    @property
    def reads(self) -> frozenset[str]: ...


# A flip of these labels is a signal by itself.
LABELS = ("band", "stage")


def record_revisions(con: duckdb.DuckDBPyConnection, home: DataFolder, stamp: Stamp, models: Iterable[Model],
                     computed_from: Callable[[], Iterable[tuple[str, str, str]]] = tuple) -> int:
    """Compare the build with the publication before it and append to audit.revision; return the number of cells.

    `computed_from` returns (mart, column, raw table) for the origin of each value; it is called only if there is more than
    one possible cause. A build of a requested past moment is not compared, since it does not change published history.
    """
    models = list(models)
    # Delete the entries of runs whose publication failed: readers never saw those revisions.
    con.execute("delete from audit.revision where run_id not in (select run_id from audit.publication)")
    # A mart with a column as_of has no past that could change, since its rows describe the build's moment.
    marts = [model for model in models if model.name.startswith("marts.") and "as_of" not in model.columns]
    if not stamp.is_present or (before := _compared(con, home, stamp, marts)) is None:
        return 0
    write_changes(con, before.times, stamp, before.run_id)
    code_changed = before.code_version != stamp.code_version
    _reads(con, _raw_reads({m.name: m.reads for m in models}), code_changed, computed_from)
    return con.execute(_EXPLAINED, {
        "run_id": stamp.run_id, "previous": before.build_id, "found_at": stamp.published_at.replace(tzinfo=None),
        "code_changed": code_changed, "catalog_changed": before.catalog_hash != stamp.catalog_hash,
        "labels": list(LABELS), "priority": list(PRIORITY),
    }).fetchone()[0]  # type: ignore[index]


@dataclass(frozen=True)
class Before:
    """The publication of the present that the build is compared with; its timestamps are UTC, without zone."""

    build_id: str
    as_of: datetime
    recorded_by: datetime
    code_version: str
    run_id: str
    catalog_hash: str

    @property
    def times(self) -> tuple[datetime, datetime]:
        return self.as_of, self.recorded_by


def _compared(con: duckdb.DuckDBPyConnection, home: DataFolder, stamp: Stamp, marts: Sequence[Model]) -> Before | None:
    """Write the differences from the newest publication of the present with an undamaged file, and return it.

    Returns None if there is none. The published file is one more file of its build. Damaged files are skipped: the build
    can still be published, and `doctor` reports the damage.
    """
    files = [*kept(home), home.published]
    names = [file.stem for file in files[:-1]] + [current_build(home)]
    befores = con.execute("""
        select build_id, as_of, recorded_by, code_version, run_id, catalog_hash from audit.publication
        where is_present and as_of <= ? and recorded_by <= ? order by published_at desc, rowid desc""",
        [stamp.as_of.replace(tzinfo=None), stamp.recorded_by.replace(tzinfo=None)]).fetchall()
    for before in (Before(*row) for row in befores):
        for file in (file for file, name in zip(files, names, strict=True) if name == before.build_id):
            if problem(file, before.build_id):
                continue
            try:
                _cells(con, file, marts, before)
            except duckdb.Error as error:
                if not damage_in(error):
                    raise
            else:
                return before
    return None


def _cells(con: duckdb.DuckDBPyConnection, file: Path, marts: Iterable[Model], than: Before) -> None:
    """Create table `cell` of all changed cells, added rows and removed rows; known_at follows from them and is skipped."""
    with undisturbed(file) as path:
        con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as before (read_only)")
        try:
            _compare(con, marts, f"timestamp '{than.as_of}'")
        finally:
            con.execute("detach before")


def _compare(con: duckdb.DuckDBPyConnection, marts: Iterable[Model], known_by: str) -> None:
    con.execute("create or replace temp table cell (mart varchar, key varchar, date date, column_name varchar, "
                "old varchar, new varchar)")
    there = {f"main.{name}" for name, in con.execute(
        "select table_name from duckdb_tables() where database_name = 'before' and schema_name = 'main'").fetchall()}
    for model in marts:
        if published_name(model.name) in there:
            then = f"before.{published_name(model.name)}"
            cells = changed_cells(con, then, model.name, model.grain, ["known_at"])
            rows = came_and_gone_rows(con, then, model.name, model.grain, known_by)
            con.execute(f"insert into cell select '{model.name}', * from ({cells}) "
                        f"union all select '{model.name}', * from ({rows})")


def _raw_reads(reads: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """Return each mart with every raw table it reads, directly or indirectly."""

    @cache
    def below(name: str) -> frozenset[str]:
        return frozenset().union(*({read} if read.startswith("raw.") else below(read) for read in reads[name]))

    return sorted((name, raw) for name in reads if name.startswith("marts.") for raw in below(name))


def _reads(con: duckdb.DuckDBPyConnection, reads: Sequence[tuple[str, str]], code_changed: bool,
           computed_from: Callable[[], Iterable[tuple[str, str, str]]]) -> None:
    """Create table `reads`: the raw tables that each changed column depends on.

    A table is `apart` if the column's values are not computed from it, although it may select the rows. Such tables are
    also `aside`, except those of the catalog, whose members and sectors mostly select rows.
    """
    _fill(con, "below", ["mart", "raw_table"], reads)
    _fill(con, "computed", ["mart", "column_name", "raw_table"], [])
    tables, cells = con.execute("select (select count(distinct raw_table) from change), "
                                "(select count(*) from cell)").fetchone()  # type: ignore[misc]
    if cells and tables + code_changed > 1 and (computed := list(computed_from())):
        _fill(con, "computed", ["mart", "column_name", "raw_table"], computed)
    con.execute("""
        create or replace temp table reads as
        select c.mart, c.column_name, b.raw_table, not coalesce(list_contains(from_tables, b.raw_table), true) as apart,
            apart and not starts_with(b.raw_table, 'raw.catalog_') as aside
        from (select distinct mart, column_name from cell) c join below b using (mart)
        left join (select mart, column_name, list(raw_table) as from_tables from computed group by all)
            using (mart, column_name)""")


def _fill(con: duckdb.DuckDBPyConnection, table: str, columns: list[str], rows: Sequence[tuple]) -> None:
    """Create a temporary table of texts by one insert, since one statement for each of thousands of rows takes seconds."""
    import pandas as pd

    con.execute(f"create or replace temp table {table} ({', '.join(f'{column} varchar' for column in columns)})")
    incoming = pd.DataFrame(rows, columns=columns, dtype=object)  # noqa: F841, DuckDB reads it
    con.execute(f"insert into {table} from incoming")


_EXPLAINED = """
    insert into audit.revision
    with place as (select unnest($priority) as cause, generate_subscripts($priority, 1) as place),
    ranked as (select c.*, coalesce(place, 99) as place from change c left join place using (cause)),
    numbered as (select row_number() over () as id, * from cell),
    -- The companies a row is about: the issuer's lines, the basket's members.
    about as (
        select n.id, n.mart, n.column_name, n.date, i.symbol from numbered n join staging.instrument i
            on i.issuer = n.key::json ->> '$.issuer'
        union
        select n.id, n.mart, n.column_name, n.date, b.symbol from numbered n join staging.basket_member b
            on b.basket = coalesce(n.key::json ->> '$.basket', n.key::json ->> '$.asset')),
    own as (
        select a.id, arg_min(struct_pack(cause := c.cause, evidence := c.evidence),
                             (r.aside, coalesce(a.date, c.date) - c.date, c.place, c.evidence)) as why
        from about a join reads r using (mart, column_name)
        join ranked c on c.raw_table = r.raw_table and c.key = a.symbol and (a.date is null or c.date <= a.date)
        where not (r.aside and $code_changed)
        group by a.id),
    by_day as (
        select raw_table, date, arg_min(struct_pack(place, cause, evidence), (place, evidence)) as why
        from ranked where cause <> 'catalog' group by all),
    anything as (
        select n.id, arg_min(struct_pack(cause := d.why.cause, evidence := d.why.evidence),
                             (n.aside, n.day - d.date, d.why.place, d.why.evidence)) as why
        from (select *, coalesce(date, date '9999-12-31') as day from numbered join reads using (mart, column_name)
              where not (aside and $code_changed)) n
            asof join by_day d on d.raw_table = n.raw_table and n.day >= d.date
        group by n.id),
    catalog as (
        select r.mart, r.column_name, struct_pack(cause := 'catalog', evidence := min(c.evidence)) as why
        from ranked c join reads r using (raw_table)
        where c.cause = 'catalog' and not (r.apart and $code_changed) group by all),
    otherwise as (
        -- Under a replay's clock, which stands still, a catalog leaves no trace of the one it takes the place of.
        select case when $code_changed then struct_pack(cause := 'code', evidence := 'another code version')
            when $catalog_changed and not exists (from change where cause = 'catalog')
                then struct_pack(cause := 'catalog', evidence := 'another catalog')
            else struct_pack(cause := 'unexplained', evidence := null) end as last),
    explained as (
        select n.*, last, coalesce(own.why, anything.why, catalog.why, last) as why
        from numbered n left join own using (id) left join anything using (id)
            left join catalog using (mart, column_name) cross join otherwise),
    -- A column that changed where only the code can be the cause has another formula everywhere.
    judged as (
        select * replace (if(bool_or(why.cause = 'code') over (partition by mart, column_name), last, why) as why)
        from explained)
    select $found_at, $run_id, $previous, mart, key, date, column_name, old, new, why.cause, why.evidence,
        mart = 'marts.regime_daily' and list_contains($labels, column_name)
    from judged
    order by mart, key, column_name"""
