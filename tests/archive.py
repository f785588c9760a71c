"""The real archive as a built warehouse, for figures that are facts of the market.

The raw tables are filled by SQL, without sources, landing or load: what is proved here are the models.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from flows.regime_model import fit_missing
from transforms.build import Moment, build
from transforms.project import models
from warehouse import catalog
from warehouse.availability import known_values
from warehouse.record import record

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 5, 30, 12, tzinfo=UTC)
AS_OF = datetime(2026, 5, 30, 14, tzinfo=UTC)
# The regime model is fitted from the month-end before this day on: each fit costs a tenth of a second.
FITTED_SINCE = date(2025, 1, 2)
FITS: dict[Path, pd.DataFrame] = {}

TABLES = (  # feed, table, columns, the archive's rows with the key its availability goes by
    ("bars", "raw.price_bar", "symbol, date, open, high, low, close, volume",
     "select symbol as key, * from '{folder}/bars.parquet'"),
    ("bars", "raw.corporate_action", "symbol, date, kind, value", """
        select symbol as key, symbol, date, 'split' as kind, split_ratio as value
        from '{folder}/actions.parquet' where split_ratio is not null
        union all
        select symbol, symbol, date, 'dividend', dividend
        from '{folder}/actions.parquet' where dividend is not null"""),
    ("shares", "raw.shares_outstanding", "symbol, date, shares_outstanding",
     "select symbol as key, * from '{folder}/shares.parquet'"),
    ("statements", "raw.statement_item", "symbol, statement, period_end, item, value, currency", """
        select symbol as key, period_end as date, *, if(symbol = 'TSM', 'TWD', 'USD') as currency
        from '{folder}/statements.parquet'"""),
    ("observations", "raw.macro_observation", "series_id, date, value",
     "select series_id as key, * exclude (pit_quality) from '{folder}/observations.parquet' where value is not null"),
    ("weights", "raw.index_weight_list", "index_code, date, published_on, symbol, weight", """
        select "index" as key, "index" as index_code, date, published_on, published_on as realtime_start, symbol, weight
        from '{folder}/index_weights.parquet'"""),
)


@cache
def built(archive: Path, as_of: datetime = AS_OF) -> duckdb.DuckDBPyConnection:
    """All models built on the archive as of a moment; for reading only, since it is built once for all tests."""
    con = duckdb.connect()
    con.execute((ROOT / "warehouse" / "schema.sql").read_text())
    record(con, catalog.load(), NOW)
    for feed, table, columns, rows in TABLES:
        con.execute("create or replace temp table stamp as select ?::timestamp as fetched_at, ? as feed",
                    [NOW.replace(tzinfo=None), feed])
        released = "realtime_start::date" if feed in ("observations", "weights") else None
        con.execute(f"""
            insert into {table} ({columns}, is_withdrawn, known_at, fetched_at, source, pit_quality, run_id)
            with {known_values(rows.format(folder=archive), "key", "date", released)}
            select {columns}, false, known_at, s.fetched_at, 'archive', pit_quality, 'archive'
            from known cross join stamp s""")
    _fit(con, archive)
    build(con, models(), Moment(as_of, AS_OF), archive / "-")
    return con


def _fit(con: duckdb.DuckDBPyConnection, archive: Path) -> None:
    """The month-end fits of the regime model, made once for all builds of an archive."""
    if archive not in FITS:
        fit_missing(con, FITTED_SINCE, AS_OF, "archive", lambda line: None)
        FITS[archive] = con.execute("from raw.regime_model_fit").df()
    else:
        con.register("fits", FITS[archive])
        con.execute("insert into raw.regime_model_fit from fits")
