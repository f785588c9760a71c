"""Find the changes of the raw tables that became visible between two moments, and name the cause of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import duckdb

from warehouse.publication.publish import Stamp

NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Feed:
    """A raw table whose rows change history: its key column, the rest of its key, and the names of its causes.

    `dated` is the column with the first day that a change can affect. `first_seen` is the cause if the key had no row
    before, `changed` the cause if it had one. Both are SQL over the row, and so is `only`, the condition for a row to
    reach a model at all.
    """

    table: str
    key: str
    rest: tuple[str, ...]
    dated: str = "date"
    first_seen: str = "'late data'"
    changed: str = "'correction'"
    only: str = "true"


FEEDS = (
    Feed("raw.price_bar", "symbol", ("date",)),
    Feed("raw.corporate_action", "symbol", ("date", "kind"), first_seen="n.kind", changed="n.kind",
         only="n.kind = 'split'"),
    Feed("raw.shares_outstanding", "symbol", ("date",)),
    Feed("raw.stated_share_count", "symbol", ("date",)),
    Feed("raw.macro_observation", "series_id", ("date",),
         changed="if(n.pit_quality = 'vintage', 'macro vintage', 'correction')"),
    Feed("raw.statement_item", "symbol", ("statement", "period_end", "item"), dated="period_end"),
    Feed("raw.index_weight_list", "index_code", ("date", "published_on", "symbol")),
    Feed("raw.regime_model_fit", "source", ("fitted_on",), dated="fitted_on"),
)
# If one day has several changes, the first of these is the cause: a late split also corrects each bar.
PRIORITY = ("split", "membership", "macro vintage", "correction", "late data")
SNAPSHOTS = {"membership": ("universe_member", "basket_member"),
             "catalog": ("instrument", "series", "universe", "basket", "source", "availability", "session", "rebalance",
                           "weight_limit", "spinoff")}
# By table: the group column of its memberships; the key of a row; the column that reaches no mart; the first day that a
# row can affect.
STAYS = {"universe_member": "index_code", "basket_member": "basket"}
CALLED = {"instrument": "symbol", "series": "series_id", "availability": "key", "universe": "index_code",
          "basket": "basket", "source": "source", "session": "date::varchar", "rebalance": "index_code",
          "weight_limit": "index_code", "spinoff": "of_symbol"}
WORDS = {"instrument": "name", "series": "title", "universe": "title", "basket": "title", "source": "title"}
DATED = {"session": "date", "rebalance": "effective_date", "spinoff": "ex_date"}
EVER = "date '1990-01-01'"


def write_changes(con: duckdb.DuckDBPyConnection, then: tuple[datetime, datetime], now: Stamp, then_run: str) -> None:
    """Create table `change` (raw_table, cause, key, date, evidence) of what the build sees now and an earlier one did not.

    `then` is the earlier build's (as_of, recorded_by) in UTC without zone, and `then_run` its run. The earlier build did
    not see what later runs loaded, even if a replay gives them the same time. A row that was not known by the end of that
    build's day changes no past row, unless it is a correction, which is known from its fetch on and applies to the past.
    A vintage of a macro series is not a correction, since each row keeps the vintage of its own day.
    """
    as_of, recorded_by = then
    evening = datetime.combine(as_of.replace(tzinfo=UTC).astimezone(NEW_YORK), time.max, NEW_YORK)
    con.execute("""
        create or replace temp table span as select $then_as_of::timestamp as then_as_of,
            $then_recorded::timestamp as then_recorded, $then_evening::timestamp as then_evening,
            $as_of::timestamp as as_of, $recorded::timestamp as recorded""",
        {"then_as_of": as_of, "then_recorded": recorded_by, "then_evening": evening.astimezone(UTC).replace(tzinfo=None),
         "as_of": now.as_of.replace(tzinfo=None), "recorded": now.recorded_by.replace(tzinfo=None)})
    con.execute("""
        create or replace temp table later_run as select run_id from audit.run
        where rowid > (select rowid from audit.run where run_id = ?)""", [then_run])
    con.execute("create or replace temp table change as " + " union all ".join([
        *(_became_visible(feed) for feed in FEEDS),
        *(f"""select 'raw.catalog_{table}', '{cause}', key, date, 'raw.catalog_{table} ' || key
              from ({_snapshot_difference(table)})""" for cause, tables in SNAPSHOTS.items() for table in tables)]))


def _became_visible(feed: Feed) -> str:
    """Return SQL for the rows of a raw table that only the later moment sees."""
    key = ", ".join(dict.fromkeys((feed.key, *feed.rest, "source")))
    now = "known_at <= as_of and fetched_at <= recorded"
    then = "known_at <= then_as_of and fetched_at <= then_recorded and run_id not in (from later_run)"
    named = [*feed.rest] if feed.key == "source" else [*feed.rest, "source"]
    rest = " || ' ' || ".join(f"n.{column}::varchar" for column in named)
    return f"""
        select '{feed.table}' as raw_table, if(o.known is null, {feed.first_seen}, {feed.changed}) as cause,
            n.{feed.key} as key, n.{feed.dated} as date,
            '{feed.table} ' || n.{feed.key} || ' ' || {rest}
                || ', known ' || n.known_at || ', fetched ' || n.fetched_at as evidence
        from (from {feed.table}, span where {now} and not ({then})) n
        left join (select {key}, min(known_at) as known from {feed.table}, span where {then} group by all) o using ({key})
        where (n.known_at <= n.then_evening or (o.known is not null and n.pit_quality <> 'vintage')) and {feed.only}"""


def _snapshot_difference(table: str) -> str:
    """Return SQL for the catalog rows that only one of the two snapshots has, with the first day they can affect.

    A membership whose end changed has an effect from the earlier of the two ends. The row of NULLs that marks an empty
    table does not count.
    """
    name, left_out = f"raw.catalog_{table}", ", ".join(filter(None, ("fetched_at", WORDS.get(table))))
    now, then = (f"select * exclude ({left_out}) from {name} where fetched_at = ("
                 f"select max(fetched_at) from {name}, span where fetched_at <= {variable})"
                 for variable in ("recorded", "then_recorded"))
    differs = f"(({now}) except all ({then})) union all (({then}) except all ({now}))"
    if group := STAYS.get(table):
        return (f"select symbol as key, if(count(*) > 1, min(valid_to), min(valid_from)) as date from ({differs}) "
                f"where symbol is not null group by {group}, symbol, valid_from")
    return (f"select distinct {CALLED[table]} as key, {DATED.get(table, EVER)} as date from ({differs}) "
            f"where {CALLED[table]} is not null")
