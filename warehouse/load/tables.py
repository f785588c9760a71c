"""Declare how each landed frame becomes rows of a raw table; `warehouse.load.batch` executes the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """How one landed frame becomes rows of a raw table. `warehouse.load.split_evidence` makes bar_factor and action_factor.

    `incoming` is SQL over the accepted rows that returns keys and values. `dated` is the column the availability rule
    counts from. `covers` is SQL for (key, first, last), the range in which a missing row means a withdrawal, or None.
    `only_finished` skips rows that were not final at the fetch (the bar of an open session). `units` names for a value
    the column of `incoming` that bounds the source's rounding: a smaller difference is no change. `released` is SQL for
    the day a vintage was published, if each row has it. `labels` are texts that describe a value and are not values
    themselves: a new label is added as of the time its value was known. `marks` are further columns a frame may have.
    """

    frame: str
    name: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    incoming: str
    covers: str | None = None
    dated: str = "date"
    only_finished: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    released: str | None = None
    labels: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


def recorded(table: Table) -> str:
    """Name the view of all rows from the batch's source up to its fetch; `warehouse.load.batch` creates the view."""
    return f"recorded_{table.name.removeprefix('raw.')}"


UNREVISED = "realtime_start is null"
DAYS = ("date", "period_end", "published_on")
# A list with rejected rows is incomplete, so a name that is missing from it withdraws nothing.
WHOLE_LISTS = """
    select index_code as key, h.published_on as first, h.published_on as last
    from (select distinct index_code, published_on from recorded_index_weight_list) h
    join (select index_code, min(published_on) as first, max(published_on) as last
          from landed_weights group by index_code) r using (index_code)
    where h.published_on between r.first and r.last and (index_code, h.published_on) not in (
        select (index_code, published_on) from said_weights where not is_accepted)"""
# The share counts to withdraw: held counts that jump from the last count still reported (apart from splits), that a
# response covering their day no longer reports, and that later counts do not continue; also the unreported counts after
# them. The range is the 45 days before the fetch, or begins at the first reported count if that is earlier. A missing
# count withdraws nothing if it is mere drift or lies on the way to a reported count.
LEAPT_COUNTS = """
    from (with answered as (
        select o.key, greatest(any_value(o.asked_from::date), least(min(a.date), any_value(s.today) - 45)) as first,
            any_value(o.asked_to::date) as last
        from outcomes o cross join stamp s left join said_shares a on a.symbol = o.key
        where o.status in ('received', 'empty') group by o.key
    ), split as (
        select symbol, date, product(value) over (partition by symbol order by date) as product
        from (
            select c.* from raw.corporate_action c join answered on key = symbol
            where c.kind = 'split' and c.fetched_at <= (select fetched_at from stamp)
            qualify row_number() over (partition by c.symbol, c.date order by c.known_at desc, c.fetched_at desc) = 1
        ) where not is_withdrawn
    ), counts as (
        select c.symbol, c.date, c.shares_outstanding as count, count / coalesce(p.product, 1) as units,
            d.date is not null as is_said, d.date is null and c.date between a.first and a.last as is_silent
        from (
            select c.* from recorded_shares_outstanding c
            qualify row_number() over (partition by c.symbol, c.date order by c.known_at desc, c.fetched_at desc) = 1
        ) c
        join answered a on a.key = c.symbol
        left join (select distinct symbol, date from said_shares) d on d.symbol = c.symbol and d.date = c.date
        asof left join split p on p.symbol = c.symbol and p.date <= c.date
        where not c.is_withdrawn
    ), compared as (
        select c.symbol, c.date, b.date as base, least(abs(ln(c.count / b.count)), abs(ln(c.units / b.units))) as leap,
            least(abs(ln(n.count / b.count)), abs(ln(n.units / b.units))) as leap_after
        from (from counts where is_silent) c
        asof join (from counts where not is_silent) b on b.symbol = c.symbol and b.date < c.date
        asof left join (from counts where is_said) n on n.symbol = c.symbol and n.date > c.date
    )
    select symbol as key, date as first, date as last from compared
    qualify bool_or(leap > ln(1.04) and coalesce(leap_after < leap / 2, true)) over (
        partition by symbol, base order by date))"""
TABLES: Mapping[str, tuple[Table, ...]] = {
    "bars": (
        Table("bars", "raw.price_bar", ("symbol", "date"), ("open", "high", "low", "close", "volume"),
              # Rounded far below a source's precision, so that a price is the same number whatever it was divided by.
              """select symbol, date, round(open * factor, 10) as open, round(high * factor, 10) as high,
                      round(low * factor, 10) as low, round(close * factor, 10) as close,
                      volume / volume_factor as volume, 1 / volume_factor as one_share
                  from landed_bars join bar_factor using (symbol, date)""",
              covers="select symbol as key, min(date) as first, max(date) as last from landed_bars group by symbol",
              only_finished=True, units={"volume": "one_share"}),
        Table("actions", "raw.corporate_action", ("symbol", "date", "kind"), ("value",),
              """select symbol, date, kind, case kind when 'dividend' then value * factor else value end as value
                  from landed_actions join action_factor using (symbol, date)""",
              covers="select key, asked_from::date as first, asked_to::date as last"
                     " from outcomes where status = 'received'"),
    ),
    "shares": (
        Table("shares", "raw.shares_outstanding", ("symbol", "date"), ("shares_outstanding",),
              "select symbol, date, shares_outstanding from landed_shares", covers=LEAPT_COUNTS),
    ),
    "observations": (
        Table("observations", "raw.macro_observation", ("series_id", "date"), ("value",),
              f"select series_id, date, value from landed_observations where {UNREVISED} and value is not null",
              covers="select series_id as key, min(date) as first, max(date) as last"
                     f" from landed_observations where {UNREVISED} group by series_id", marks=("pit_quality",)),
    ),
    "statements": (
        Table("statements", "raw.statement_item", ("symbol", "statement", "period_end", "item"), ("value",),
              "select symbol, statement, period_end, item, value, currency from landed_statements", dated="period_end",
              labels=("currency",)),
    ),
    "weights": (
        Table("weights", "raw.index_weight_list", ("index_code", "date", "published_on", "symbol"), ("weight",),
              "select index_code, date, published_on, symbol, weight from landed_weights",
              covers=WHOLE_LISTS, dated="published_on", released="published_on"),
    ),
}
