"""The suites for observations of macro series; their ranges come from the catalog."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, why
from warehouse.catalog import Series

# The distance of a value from its neighbors, as a fraction of the largest change its series allows: the smaller of the two
# changes. The newest value has neighbors on one side only, so it is the smaller of the changes from the nearest two, and a
# jump back passes. A value outside the series' range does not count as a neighbor. A newest value is not a spike if the
# close of the symbol that the series is a fallback for confirms it.
SPIKES = """
    with usable as (
        select o.series_id, o.date, o.value, o.file_row_number, l.largest_change, l.largest_ratio, l.symbol
        from (
            select series_id, date::date as date, value, file_row_number from landed
            -- Of a series that is revised, the newest release of each date.
            qualify rank() over (partition by series_id, date order by realtime_start desc nulls first) = 1
            union all
            select series_id, date::date, value, null from held_observation
        ) o
        join series_limit l using (series_id)
        where o.value between l.low and l.high
    ), placed as (
        select *, lag(value, 1) over steps as before, lag(value, 2) over steps as before2, lead(value) over steps as after
        from usable
        window steps as (partition by series_id order by date, file_row_number)
    ), changed as (
        select *,
            change(value, before, largest_change, largest_ratio) as from_before,
            change(value, before2, largest_change, largest_ratio) as from_before2,
            change(value, after, largest_change, largest_ratio) as to_after
        from placed
    )
    select c.file_row_number,
        case
            when c.before is null then null
            when c.after is not null then least(c.from_before, c.to_after)
            when abs(h.close / c.value - 1) < 0.01 then 0
            else least(c.from_before, coalesce(c.from_before2, c.from_before))
        end as spike
    from changed c left join held_close h on h.symbol = c.symbol and h.date = c.date
    where c.file_row_number is not null"""
CHANGE = """
    create macro change(value, other, largest_change, largest_ratio) as
        if(largest_ratio is null, abs(value - other) / largest_change, abs(ln(value / other)) / ln(largest_ratio))"""

COLUMNS = ["series_id", "date", "value", "realtime_start", "realtime_end"]


def names_suite(known: Collection[str]) -> gx.ExpectationSuite:
    """Return the suite for all observations of a batch; `known` are the catalog's series."""
    return gx.ExpectationSuite(name="macro", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, **why("the columns are those of an observation", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="series_id", **why("every observation has a series", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="series_id", value_set=sorted(known),
                                        **why("the catalog contains the series", QUARANTINE)),
    ])


def limits(catalog_series: Iterable[Series]) -> list[tuple]:
    """Return for each daily series, and each other that declares a limit: id, range, the largest change from one
    observation to the next (in its unit or as a ratio), fallback symbol."""
    return [(s.id, *s.range, s.largest_change, s.max_ratio, s.fallback_for)
            for s in catalog_series if s.frequency == "daily" or s.max_change or s.max_ratio]


def macro_suite(series: Series, fetched_on: date) -> gx.ExpectationSuite:
    """Return the suite for one series: one observation per date and real-time period, of which the value may be NULL."""
    low, high = series.range
    leap = f"a factor of {series.max_ratio:g}" if series.max_ratio else f"{series.largest_change:g} {series.unit}"
    within = f"between {low:g} and {high:g} {series.unit}"
    return gx.ExpectationSuite(name=f"macro.{series.id}", expectations=[
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every observation has a date", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=low, max_value=high, mostly=MOSTLY,
                                          **why(f"most values of {series.id} lie {within}", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=low, max_value=high,
                                          **why(f"{series.id} lies {within}", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(
            column="spike", max_value=1,
            **why(f"{series.id} does not jump by more than {leap} and back", QUARANTINE, contradicts="value")),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("an observation is not dated after the day it was fetched", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["date", "realtime_start"], ignore_row_if="never",
                                            **why("a date has one value in each release", QUARANTINE, contradicts="value")),
    ])
