"""The revision ledger: every cell and row of the past that a publication says differently, and why.

A build of the present is compared with the newest publication of one, which is always kept. A cell that changed in a
row both have, a row of the past that came, and one that is gone, are explained by what became visible in the raw tables
in between: the change about the row's own company or basket first, else the latest change of anything the mart is made
from, at the row's date or before; else the catalogue, else the code. What none of these explains says so. Of several
changes the one wins whose raw table the column is computed from: a new sector is no correction of a price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb

from warehouse.builds import kept
from warehouse.compare import came_and_gone_rows, changed_cells, published_name
from warehouse.home import Home
from warehouse.publish import Stamp


class Model(Protocol):
    """What the ledger needs of a model: its table, its key, its columns, and the tables it reads."""

    @property
    def name(self) -> str: ...
    @property
    def grain(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> Mapping[str, str]: ...
    @property
    def reads(self) -> frozenset[str]: ...


@dataclass(frozen=True)
class Feed:
    """A raw table whose rows change history: its key column, the rest of its key, and how a change is called.

    `dated` is the column from whose day on a change can matter. `first_seen` is the cause when the key had no row before,
    `changed` when it had; {kind} is SQL over the row.
    """

    table: str
    key: str
    rest: tuple[str, ...]
    dated: str = "date"
    first_seen: str = "'late data'"
    changed: str = "'correction'"


FEEDS = (
    Feed("raw.price_bar", "symbol", ("date",)),
    Feed("raw.corporate_action", "symbol", ("date", "kind"), first_seen="n.kind", changed="n.kind"),
    Feed("raw.shares_outstanding", "symbol", ("date",)),
    Feed("raw.macro_observation", "series_id", ("date",),
         changed="if(n.pit_quality = 'vintage', 'macro vintage', 'correction')"),
    Feed("raw.statement_item", "symbol", ("statement", "period_end", "item"), dated="period_end"),
    Feed("raw.index_weight_list", "index_code", ("date", "published_on", "symbol")),
    Feed("raw.regime_model_fit", "source", ("fitted_on",), dated="fitted_on"),
)
# When several things happened on one day, the first of these is the cause: a late split also corrects each bar.
PRIORITY = ("split", "dividend", "membership", "macro vintage", "correction", "late data")
SNAPSHOTS = {"membership": ("universe_member", "basket_member"),
             "catalogue": ("instrument", "series", "universe", "basket", "availability", "session", "rebalance",
                           "weight_limit")}
# A flip of these labels is a signal by itself.
LABELS = ("band", "stage")


def record_revisions(con: duckdb.DuckDBPyConnection, home: Home, stamp: Stamp, models: Iterable[Model],
                     computed_from: Callable[[], Iterable[tuple[str, str, str]]] = tuple) -> int:
    """Compare the build with the publication before it and append to audit.revision; return the number of cells.

    `computed_from` tells (mart, column, raw table) for what each value comes from, and is asked only when there is more
    than one cause to choose from. A build of a moment that was asked for is no present, and has nothing to say of history.
    """
    models = list(models)
    # What a run wrote whose publication then failed was never said.
    con.execute("delete from audit.revision where run_id not in (select run_id from audit.publication)")
    if not stamp.is_present or (before := _before(con, home, stamp)) is None:
        return 0
    build_id, as_of, recorded_by, code_version = before
    con.execute("create or replace temp table span as select $then_as_of::timestamp as then_as_of, "
                "$then_recorded::timestamp as then_recorded, $as_of::timestamp as as_of, $recorded::timestamp as recorded",
                {"then_as_of": as_of, "then_recorded": recorded_by, "as_of": stamp.as_of.replace(tzinfo=None),
                 "recorded": stamp.recorded_by.replace(tzinfo=None)})
    con.execute(f"create or replace temp table change as {_changes()}")
    con.execute(f"attach '{str(home.builds / build_id).replace(chr(39), chr(39) * 2)}.duckdb' as before (read_only)")
    try:
        # A mart that says its own as_of has no past that could change: its rows are of the build's moment.
        _cells(con, [m for m in models if m.name.startswith("marts.") and "as_of" not in m.columns])
    finally:
        con.execute("detach before")
    code_changed = code_version != stamp.code_version
    _reads(con, _raw_reads({m.name: m.reads for m in models}), code_changed, computed_from)
    return con.execute(_EXPLAINED, {
        "run_id": stamp.run_id, "previous": build_id, "found_at": stamp.published_at.replace(tzinfo=None),
        "code_changed": code_changed, "labels": list(LABELS), "priority": list(PRIORITY),
    }).fetchone()[0]  # type: ignore[index]


def _before(con: duckdb.DuckDBPyConnection, home: Home, stamp: Stamp) -> tuple | None:
    """The newest kept present that saw no more than this build does: id, as_of, recorded_by, code version."""
    return con.execute("""
        select build_id, as_of, recorded_by, code_version from audit.publication
        where is_present and as_of <= ? and recorded_by <= ? and build_id in (select unnest(?))
        order by published_at desc, rowid desc limit 1""",
                       [stamp.as_of.replace(tzinfo=None), stamp.recorded_by.replace(tzinfo=None),
                        [file.stem for file in kept(home)]]).fetchone()


def _cells(con: duckdb.DuckDBPyConnection, marts: Iterable[Model]) -> None:
    """Temporary table `cell` of every changed cell, came and gone row; known_at follows from the others and is no cell."""
    con.execute("create or replace temp table cell (mart varchar, key varchar, date date, column_name varchar, "
                "old varchar, new varchar)")
    there = {f"main.{name}" for name, in con.execute(
        "select table_name from duckdb_tables() where database_name = 'before' and schema_name = 'main'").fetchall()}
    for model in marts:
        if published_name(model.name) in there:
            then = f"before.{published_name(model.name)}"
            cells = changed_cells(con, then, model.name, model.grain, ["known_at"])
            rows = came_and_gone_rows(con, then, model.name, model.grain, "(select then_as_of from span)")
            con.execute(f"insert into cell select '{model.name}', * from ({cells}) "
                        f"union all select '{model.name}', * from ({rows})")


def _raw_reads(reads: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """Each mart with every raw table below it."""

    def below(name: str) -> set[str]:
        return set().union(*({read} if read.startswith("raw.") else below(read) for read in reads[name]), set())

    return sorted((name, raw) for name in reads if name.startswith("marts.") for raw in below(name))


def _reads(con: duckdb.DuckDBPyConnection, reads: Sequence[tuple[str, str]], code_changed: bool,
           computed_from: Callable[[], Iterable[tuple[str, str, str]]]) -> None:
    """Temporary table `reads`: the raw tables below each column that changed.

    `aside` are those whose values are not in the column's, though they may choose its rows; of the catalogue, whose
    members and sectors do little else, none is.
    """
    con.execute("create or replace temp table below (mart varchar, raw_table varchar)")
    con.execute("create or replace temp table computed (mart varchar, column_name varchar, raw_table varchar)")
    if reads:
        con.executemany("insert into below values (?, ?)", reads)
    tables, cells = con.execute("select (select count(distinct raw_table) from change), "
                                "(select count(*) from cell)").fetchone()  # type: ignore[misc]
    if cells and tables + code_changed > 1 and (computed := list(computed_from())):
        con.executemany("insert into computed values (?, ?, ?)", computed)
    con.execute("""
        create or replace temp table reads as
        select c.mart, c.column_name, b.raw_table,
            not starts_with(b.raw_table, 'raw.catalogue_')
                and not coalesce(list_contains(from_tables, b.raw_table), true) as aside
        from (select distinct mart, column_name from cell) c join below b using (mart)
        left join (select mart, column_name, list(raw_table) as from_tables from computed group by all)
            using (mart, column_name)""")


def _changes() -> str:
    """SQL for what became visible between the two moments: raw_table, cause, key, date, evidence.

    What was not known then changes no past row, but for a correction, which is known from its fetch on and holds for the
    past; a vintage of a macro series is none, since each row keeps the one of its own day.
    """
    visible = "known_at <= {p}as_of and fetched_at <= {p}recorded"
    return " union all ".join([*(f"""
        select '{f.table}' as raw_table, if(o.known is null, {f.first_seen}, {f.changed}) as cause, n.{f.key} as key,
            n.{f.dated} as date, '{f.table} ' || n.{f.key} || ' '
            || {" || ' ' || ".join(f'n.{c}::varchar' for c in f.rest)}
            || ', known ' || n.known_at || ', fetched ' || n.fetched_at as evidence
        from (from {f.table}, span where {visible.format(p='')}
              and not ({visible.format(p='then_')})) n
        left join (select {', '.join((f.key, *f.rest))}, min(known_at) as known from {f.table}, span
                   where {visible.format(p='then_')} group by all) o using ({', '.join((f.key, *f.rest))})
        where n.known_at <= n.then_as_of or (o.known is not null and n.pit_quality <> 'vintage')""" for f in FEEDS), *(f"""
        select 'raw.catalogue_{table}', '{cause}', key, date, 'raw.catalogue_{table} ' || key
        from ({_snapshot_difference(table)})""" for cause, tables in SNAPSHOTS.items() for table in tables)])


def _snapshot_difference(table: str) -> str:
    """Rows of a catalogue table that only one of the two moments' snapshots has, with the day from which they matter."""
    key = {"universe_member": "symbol", "basket_member": "symbol", "instrument": "symbol", "series": "series_id",
           "availability": "key", "universe": "index_code", "basket": "basket", "session": "date::varchar",
           "rebalance": "index_code", "weight_limit": "index_code"}[table]
    date = {"universe_member": "coalesce(valid_to, valid_from)", "basket_member": "coalesce(valid_to, valid_from)",
            "session": "date", "rebalance": "effective_date"}.get(table, "date '1990-01-01'")
    now, then = (f"select * exclude fetched_at from raw.catalogue_{table} where fetched_at = (select max(fetched_at) "
                 f"from raw.catalogue_{table}, span where fetched_at <= {moment})"
                 for moment in ("recorded", "then_recorded"))
    return (f"select distinct {key} as key, {date} as date from "
            f"((({now}) except all ({then})) union all (({then}) except all ({now})))")


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
        from ranked where cause <> 'catalogue' group by all),
    anything as (
        select n.id, arg_min(d.why, (n.aside, n.day - d.date, d.why.place, d.why.evidence)) as why
        from (select *, coalesce(date, date '9999-12-31') as day from numbered join reads using (mart, column_name)
              where not (aside and $code_changed)) n
            asof join by_day d on d.raw_table = n.raw_table and n.day >= d.date
        group by n.id),
    catalogue as (
        select r.mart, min(c.evidence) as evidence from ranked c join below r using (raw_table)
        where c.cause = 'catalogue' group by all)
    select $found_at, $run_id, $previous, n.mart, n.key, n.date, n.column_name, n.old, n.new,
        coalesce(own.why.cause, anything.why.cause, if(catalogue.mart is not null, 'catalogue', null),
                 if($code_changed, 'code', 'unexplained')),
        coalesce(own.why.evidence, anything.why.evidence, catalogue.evidence,
                 if($code_changed, 'another code version', null)),
        n.mart = 'marts.regime_daily' and list_contains($labels, n.column_name)
    from numbered n left join own using (id) left join anything using (id) left join catalogue on catalogue.mart = n.mart
    order by n.mart, n.key, n.column_name"""
