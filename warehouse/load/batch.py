"""Load a landed batch: append new and changed rows, and never modify existing ones.

For each key, which includes the source, the load compares the batch with the latest row known at its fetch. A new value
gets its `known_at` from the catalog's availability rule or from its vintage. A changed value gets the fetch time. An
equal value adds nothing. A value that the source no longer reports adds a withdrawn row. So loading a folder twice
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from warehouse.landing import Batch
from warehouse.load import answer_check, held
from warehouse.load.availability import IN_FORCE, known_values
from warehouse.load.tables import DAYS, TABLES, UNREVISED, Table, recorded

if TYPE_CHECKING:
    import pandas as pd

# Two values with a smaller relative difference are equal, so that rounding after a split does not rewrite history.
EQUAL = 1e-6


@dataclass(frozen=True)
class Stop:
    """The reason why a batch, or one key of it, is not loaded although it was received."""

    reason: str
    key: str | None = None

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Loaded:
    """The row counts of one load; `held` has one sentence for each contradiction between keys and their evidence."""

    landed: int
    added: int
    quarantined: int
    held: tuple[str, ...] = ()


def load(con: duckdb.DuckDBPyConnection, batch: Batch, run_id: str, rejected: pd.DataFrame,
         results: pd.DataFrame, stopped: Sequence[Stop] = ()) -> Loaded:
    """Load one batch in one transaction and record its validation.

    `rejected` has frame, row (position in the landed frame), key, date, row_json, reason; `results` has the columns of
    audit.validation_result after batch_id. If the suite `stopped` a batch or some of its keys, they are recorded but not
    loaded.
    """
    con.begin()
    try:
        con.register("rejected_rows", rejected)
        con.register("validation_results", results)
        _read(con, batch, stopped)
        _stamp(con, batch, run_id)
        added, is_stopped = 0, any(stop.key is None for stop in stopped)
        sentences: tuple[str, ...] = ()
        held.prepare(con)
        if not is_stopped:
            if batch.feed == "bars":
                sentences = answer_check.judge(con)
            if batch.feed == "observations":
                answer_check.judge_observations(con)
            sentences += held.hold(con, TABLES[batch.feed])
            if batch.feed == "bars":
                added += answer_check.restate(con)
            for table in TABLES[batch.feed]:
                added += _append(con, table) + _withdraw(con, table)
            if batch.feed == "observations":
                added += _append_vintages(con)
        if not is_loaded(con, batch.batch_id):
            _remember(con, batch, added, is_stopped)
        kept_out = len(rejected) + _count(con, "select count(*) from held_row")
        con.commit()
    except BaseException:
        con.rollback()
        raise
    return Loaded(batch.rows, added, kept_out, sentences)


def _stamp(con: duckdb.DuckDBPyConnection, batch: Batch, run_id: str) -> None:
    """Create the one-row table `stamp` (fetch time, source, run, batch, feed) and the source's `price_convention`.

    The views `recorded_<table>` hold the rows from this source up to this fetch. The load compares the response only
    with them.
    """
    con.execute("""
        create or replace temp table stamp as
        select ?::timestamp as fetched_at, ?::date as today, ? as source, ? as run_id, ? as batch_id, ? as feed""",
                [batch.fetched_at.replace(tzinfo=None), batch.fetched_at.date(), batch.source, run_id,
                 batch.batch_id, batch.feed])
    # A source in no snapshot was fetched before sources declared a convention; at that time all were split-adjusted.
    con.execute(f"""
        create or replace temp table price_convention as
        select coalesce(any_value(c.price_convention), 'split_adjusted') as convention
        from raw.catalog_source c join stamp s using (source)
        where c.fetched_at = ({IN_FORCE.format(table="raw.catalog_source")})""")
    for table in (table for tables in TABLES.values() for table in tables):
        con.execute(f"create or replace temp view {recorded(table)} as from {table.name} "
                    "where source = (select source from stamp) and fetched_at <= (select fetched_at from stamp)")


def is_loaded(con: duckdb.DuckDBPyConnection, batch_id: str) -> bool:
    """Whether this landing folder was already validated, and loaded or recorded as stopped."""
    return con.execute("select 1 from audit.batch where batch_id = ?", [batch_id]).fetchone() is not None


def _read(con: duckdb.DuckDBPyConnection, batch: Batch, stopped: Sequence[Stop]) -> None:
    """Create `outcomes` (as validation left them), said_<frame> (all rows) and landed_<frame> (the accepted rows)."""
    con.execute("create or replace temp table stops as "
                "select unnest(?::varchar[]) as key, unnest(?::varchar[]) as reason",
                [[stop.key for stop in stopped], [stop.reason for stop in stopped]])
    con.execute("""
        create or replace temp table outcomes as
        select o.* replace (
            if(status = 'received' and why is not null, 'stopped', status) as status,
            if(status = 'received' and why is not null, why, o.reason) as reason)
        from (  -- a batch that an earlier release landed does not say which keys are unknown
            from read_parquet(?) union all by name select null::boolean as is_unknown_key where false
        ) o cross join lateral (
            select string_agg(s.reason, '; ') as why from stops s where coalesce(s.key, o.key) = o.key)""",
                [str(batch.frame("outcomes"))])
    for table in TABLES[batch.feed]:
        days = ", ".join(f"{key}::date as {key}" for key in table.keys if key in DAYS)
        con.execute(f"""
            create or replace temp table said_{table.frame} as
            select * exclude file_row_number replace ({days}),
                file_row_number not in (select "row" from rejected_rows where frame = '{table.frame}')
                and {table.keys[0]} not in (select key from stops where key is not null) as is_accepted
            from read_parquet(?, file_row_number = true)""", [str(batch.frame(table.frame))])
        for label in (*table.labels, *table.marks):  # an older batch may lack the column
            con.execute(f"alter table said_{table.frame} add column if not exists {label} varchar")
        con.execute(f"create or replace temp view landed_{table.frame} as "
                    f"select * exclude is_accepted from said_{table.frame} where is_accepted")


def _held(table: Table) -> str:
    """Return SQL for the latest row of each key that was held at the fetch, within the range of the response.

    The range only saves time: the response can neither report nor omit any other key.
    """
    keys, key, dated = ", ".join(table.keys), table.keys[0], table.dated
    reach = f"select {key} as key, min({dated}) as first, max({dated}) as last from said_{table.frame} group by {key}"
    if table.covers:
        reach += f" union all {table.covers}"
    return f"""
        select {keys}, {', '.join((*table.values, *table.labels))}, is_withdrawn, known_at, pit_quality
        from {recorded(table)} h join (select key, min(first) as first, max(last) as last from ({reach}) group by key) r
            on r.key = h.{key} and h.{dated} between r.first and r.last
        qualify row_number() over (partition by {keys} order by known_at desc, fetched_at desc) = 1"""


def _columns(table: Table) -> str:
    """Return the columns of a raw table in the order in which the load inserts them; a migrated table may differ."""
    return ", ".join((*table.keys, *table.values, *table.labels, "is_withdrawn", "known_at", "fetched_at", "source",
                      "pit_quality", "run_id"))


def _append(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Insert new rows with the known_at of their rule, and changed rows with the fetch time as known_at."""
    slack = {v: f"greatest({EQUAL} * abs(h.{v}), {f'i.{table.units[v]}' if v in table.units else 0})"
             for v in table.values}
    differs = " or ".join(f"i.{v} is distinct from h.{v} and coalesce(abs(i.{v} - h.{v}) > {slack[v]}, true)"
                          for v in table.values)
    # A label that the source reports only now also applied to the value before, so it is known since the value is.
    labelled = " or ".join(["false", *(f"h.{label} is null and i.{label} is not null" for label in table.labels)])
    relabelled = " or ".join(["false", *(f"coalesce(h.{label} <> i.{label}, false)" for label in table.labels)])
    is_label_only = f"not h.is_withdrawn and not ({differs} or {relabelled})"
    labels = [f"coalesce(i.{label}, h.{label})" for label in table.labels]
    return _count(con, f"""
        insert into {table.name} ({_columns(table)})
        with {known_values(table.incoming, table.keys[0], table.dated, table.released)}
        , held as ({_held(table)})
        select {', '.join([*('i.' + c for c in (*table.keys, *table.values)), *labels])}, false,
            case when h.known_at is null then i.known_at when {is_label_only} then h.known_at
                else greatest(s.fetched_at, h.known_at + interval 1 microsecond) end,
            s.fetched_at, s.source,
            case when h.known_at is null then i.pit_quality when {is_label_only} then h.pit_quality else 'snapshot' end,
            s.run_id
        from known i cross join stamp s left join held h using ({', '.join(table.keys)})
        where {'i.known_at <= s.fetched_at' if table.only_finished else 'true'}
            and (h.known_at is null or h.is_withdrawn or ({differs}) or ({labelled}) or ({relabelled}))""")


def _withdraw(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Insert a withdrawn row for each held key that the response covers but no longer reports.

    Every landed row counts as reported, including those that failed validation.
    """
    if table.covers is None:
        return 0
    keys = ", ".join(f"h.{k}" for k in table.keys)
    covered_keys = f"select ({', '.join(table.keys)}) from said_{table.frame}"
    if table.frame == "observations":
        covered_keys += f" where {UNREVISED} and value is not null"
    return _count(con, f"""
        insert into {table.name} ({_columns(table)})
        with held as ({_held(table)}), covered as ({table.covers})
        select {keys}, {', '.join('null' for _ in (*table.values, *table.labels))}, true,
            greatest(s.fetched_at, h.known_at + interval 1 microsecond), s.fetched_at, s.source, 'snapshot', s.run_id
        from held h cross join stamp s
        join covered v on v.key = h.{table.keys[0]} and h.{table.dated} between v.first and v.last
        where not h.is_withdrawn and ({keys}) not in ({covered_keys})""")


def _append_vintages(con: duckdb.DuckDBPyConnection) -> int:
    """Insert vintage rows, each known at 23:59:00 New York on the day its real-time period begins.

    Each row is compared with the value in force just before it. A period that ends without a successor withdraws the
    value. A successor counts even if it failed validation. If the source's archive dated a period by a rule instead of an
    observed release, the row has the pit_quality of a rule.
    """
    return _count(con, """
        insert into raw.macro_observation
        with vintages as (
            select series_id, date, value, realtime_start::date as starts, realtime_end::date as ends,
                lead(realtime_start::date) over (partition by series_id, date order by realtime_start) as next_starts,
                is_accepted, coalesce(pit_quality, 'vintage') as quality
            from said_observations where realtime_start is not null
        ), said as (
            select series_id, date, value, value is null as is_withdrawn, new_york(starts, time '23:59:00') as known_at,
                quality
            from vintages where is_accepted
            union all
            select series_id, date, null, true, new_york(ends + 1, time '23:59:00'), quality
            from vintages cross join stamp
            where is_accepted and ends + 1 < today and ends + 1 < coalesce(next_starts, today)
        ), steps as (
            select *, true as is_new, null as fetched_at from said
            union all
            select series_id, date, value, is_withdrawn, known_at, pit_quality, false, fetched_at
            from recorded_macro_observation where series_id in (select series_id from said)
        ), compared as (
            select *, row_number() over sequence as place, lag(value) over sequence as before,
                lag(is_withdrawn) over sequence as was_withdrawn
            from steps
            window sequence as (partition by series_id, date order by known_at, is_new, fetched_at)
        )
        select series_id, date, value, is_withdrawn, known_at, s.fetched_at, s.source, quality, s.run_id
        from compared cross join stamp s
        where is_new and if(place = 1, not is_withdrawn,
            is_withdrawn <> was_withdrawn or value is distinct from before)""")


def _remember(con: duckdb.DuckDBPyConnection, batch: Batch, added: int, is_stopped: bool) -> None:
    con.execute(f"""
        insert into raw.fetch_outcome by name
        select batch_id, feed, o.key, asked_from::date as asked_from, asked_to::date as asked_to, status, rows, reason,
            fetched_at, run_id, if(status = 'received', covered_to, null) as covered_to, source, is_unknown_key
        from outcomes o cross join stamp left join ({_covered(TABLES[batch.feed][0])}) c on c.key = o.key""")
    quarantined = _count(con, """
        insert into raw.rejected_row
        select frame, key, date, row_json, reason, batch_id, fetched_at, run_id
        from rejected_rows cross join stamp
        union all
        select h.feed, key, date, row_json, reason, batch_id, fetched_at, run_id from held_row h cross join stamp""")
    con.execute("insert into audit.validation_result select run_id, batch_id, v.* from validation_results v, stamp")
    con.execute("""
        insert into audit.batch
        select batch_id, feed, ?, fetched_at, ?, ?, ?, ?, run_id, ? from stamp""",
                [batch.sha256, "stopped" if is_stopped else "loaded", batch.rows, added, quarantined, batch.simulated])


def _covered(table: Table) -> str:
    """Return SQL for the last date of each key's accepted rows; if the feed skips unfinished rows, of its finished rows."""
    keys = ", ".join(table.keys)
    loaded = f"select ({keys}) from {recorded(table)} where {table.keys[0]} in (select key from outcomes)"
    finished = f"where ({keys}) in ({loaded})" if table.only_finished else ""
    return (f"select {table.keys[0]} as key, max({table.dated}) as covered_to from landed_{table.frame} {finished} "
            f"group by all")


def _count(con: duckdb.DuckDBPyConnection, insert: str, parameters: list | None = None) -> int:
    row = con.execute(insert, parameters).fetchone()
    return row[0] if row else 0
