"""Read the held rows that a response is compared with, as small frames, or empty frames without a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.landing import Batch

if TYPE_CHECKING:
    import pandas as pd

# The last observations before a response begins; the recent closes by symbol, since a series can be a fallback for one;
# the share counts up to its last date, with the splits; and the lists of the 30 days before.
OBSERVATIONS = """
    select h.series_id, h.date, h.value
    from (
        select h.series_id, h.date, h.value, h.is_withdrawn
        from raw.macro_observation h
        join (select series_id, min(date)::date as first from read_parquet($landed) group by series_id) a
            on a.series_id = h.series_id and h.date between a.first - 30 and a.first - 1
        where h.fetched_at <= $fetched_at and h.source = $source
        qualify row_number() over (partition by h.series_id, h.date order by h.known_at desc, h.fetched_at desc) = 1
    ) h
    where not h.is_withdrawn
    qualify row_number() over (partition by h.series_id order by h.date desc) <= 2
    order by all"""
CLOSES = """
    select symbol, date, arg_max(close, (known_at, fetched_at)) as close
    from raw.price_bar
    where fetched_at <= $fetched_at and date >= (select max(date)::date - 10 from read_parquet($landed))
    group by symbol, date order by all"""
COUNTS = """
    select h.symbol, h.date, arg_max(h.shares_outstanding, (h.known_at, h.fetched_at)) as shares_outstanding
    from raw.shares_outstanding h
    join (select symbol, max(date)::date as last from read_parquet($landed) group by symbol) a
        on a.symbol = h.symbol and h.date <= a.last
    where h.fetched_at <= $fetched_at and h.source = $source
    group by h.symbol, h.date having not arg_max(h.is_withdrawn, (h.known_at, h.fetched_at)) order by all"""
SPLITS = """
    select symbol, date, arg_max(value, (known_at, fetched_at)) as ratio
    from raw.corporate_action
    where kind = 'split' and fetched_at <= $fetched_at and symbol in (select symbol from read_parquet($landed))
    group by symbol, date having not arg_max(is_withdrawn, (known_at, fetched_at)) order by all"""
LISTS = """
    select index_code, date, published_on, count(*) as names
    from (
        select index_code, date, published_on, symbol, is_withdrawn
        from raw.index_weight_list
        where fetched_at <= $fetched_at and source = $source
            and date >= (select min(date)::date - 30 from read_parquet($landed))
        qualify row_number() over (
            partition by index_code, date, published_on, symbol order by known_at desc, fetched_at desc) = 1
    )
    where not is_withdrawn
    group by all order by all"""
FACTS = {
    "observations": {"held_observation": OBSERVATIONS, "held_close": CLOSES},
    "shares": {"held_count": COUNTS, "held_split": SPLITS},
    "weights": {"held_list": LISTS},
}


def held_facts(con: duckdb.DuckDBPyConnection, batch: Batch) -> dict[str, pd.DataFrame]:
    """Return the frames that the batch's feed is compared with, as they were held at its fetch."""
    given = {"landed": str(batch.frame(batch.feed)), "fetched_at": batch.fetched_at.replace(tzinfo=None),
             "source": batch.source} if batch.feed in FACTS else {}
    return {name: con.execute(sql, {key: value for key, value in given.items() if f"${key}" in sql}).df()
            for name, sql in FACTS.get(batch.feed, {}).items()}


def nothing_held() -> dict[str, pd.DataFrame]:
    """Return the same frames without rows."""
    import pandas as pd

    columns = {"held_observation": {"series_id": "str", "date": "datetime64[s]", "value": "float64"},
               "held_close": {"symbol": "str", "date": "datetime64[s]", "close": "float64"},
               "held_count": {"symbol": "str", "date": "datetime64[s]", "shares_outstanding": "float64"},
               "held_split": {"symbol": "str", "date": "datetime64[s]", "ratio": "float64"},
               "held_list": {"index_code": "str", "date": "datetime64[s]", "published_on": "datetime64[s]",
                             "names": "int64"}}
    return {name: pd.DataFrame(columns=list(types)).astype(types) for name, types in columns.items()}
