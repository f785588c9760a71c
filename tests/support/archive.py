"""Build a warehouse from the real archive, for tests of figures that are facts of the market.

SQL fills the raw tables directly, without sources, landing or load, because these tests check only the models.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import duckdb
from kept import MODELS, files_of, kept

from flows.simulator import simulate
from transforms.engine.build import AsOf, build, set_as_of
from transforms.engine.project import models
from transforms.regime_model import fit_missing
from warehouse import catalog
from warehouse.catalog.record import record
from warehouse.data_folder import SCHEMA
from warehouse.load.availability import known_values

NOW = datetime(2026, 5, 30, 12, tzinfo=UTC)
AS_OF = datetime(2026, 5, 30, 14, tzinfo=UTC)
# Past moments that the tests of the real archive share, since each needs a build: an evening on which the spring of 2026
# was still open, and the close of the session whose bars the feed dropped, before the evening's macro values.
OPEN_SPRING = datetime(2026, 4, 11, 3, 59, 59, tzinfo=UTC)
DROPPED_SESSION = datetime(2026, 2, 24, 21, 20, tzinfo=UTC)
# Fit the regime model only from the month-end before this day on, since each fit takes a tenth of a second.
FITTED_SINCE = date(2025, 1, 2)

SOURCES = {"observations": "fred", "weights": "weights"}  # the source of the archive's rows by feed, by default Yahoo
TABLES = (  # feed, table, columns, SQL for the archive's rows with the key that selects the availability rule
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


FILE = "built.duckdb"


@cache
def built(archive: Path, as_of: datetime = AS_OF) -> duckdb.DuckDBPyConnection:
    """Connect to all models built on the archive as of a moment; read-only, since all tests share one build."""
    con = duckdb.connect(str(built_file(archive, as_of)), read_only=True)
    set_as_of(con, AsOf(as_of, AS_OF))
    return con


@contextmanager
def with_raw_tables(archive: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a warehouse in memory with the archive's raw tables but no models; attach the present build as `today`."""
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        con.execute(f"attach '{built_file(archive)}' as today (read_only)")
        for table, in con.execute("""
                select table_name from duckdb_tables() where database_name = 'today' and schema_name = 'raw'""").fetchall():
            con.execute(f"insert into raw.{table} from today.raw.{table}")
        yield con


def simulated(seed: int = 7) -> Path:
    """Return the folder of the simulated market."""
    return kept(f"simulated-{seed}", MODELS, lambda folder: simulate(folder, seed), seed)


def built_file(archive: Path, as_of: datetime = AS_OF) -> Path:
    """Return the database file of `built`, and build it if needed."""
    def make(folder: Path) -> None:
        if as_of == AS_OF:
            with duckdb.connect(str(folder / FILE), config={"threads": 4}) as con:
                _load(con, archive)
                fit_missing(con, FITTED_SINCE, AS_OF, "archive", lambda line: None)
                build(con, models(), AsOf(AS_OF, AS_OF), folder)
        else:
            shutil.copyfile(built_file(archive), folder / FILE)
            # Use one thread here and several for the present build: comparing the two bit by bit then shows that results
            # do not depend on the number of threads.
            with duckdb.connect(str(folder / FILE), config={"threads": 1}) as con:
                build(con, models(), AsOf(as_of, AS_OF), folder)

    return kept(f"built-{as_of:%Y%m%dT%H%M}", MODELS, make, files_of(archive), as_of) / FILE


def _load(con: duckdb.DuckDBPyConnection, archive: Path) -> None:
    con.execute(SCHEMA.read_text())
    record(con, catalog.load(), NOW)
    for feed, table, columns, rows in TABLES:
        con.execute("create or replace temp table stamp as select ?::timestamp as fetched_at, ? as feed",
                    [NOW.replace(tzinfo=None), feed])
        released = "realtime_start::date" if feed in ("observations", "weights") else None
        con.execute(f"""
            insert into {table} ({columns}, is_withdrawn, known_at, fetched_at, source, pit_quality, run_id)
            with {known_values(rows.format(folder=archive), "key", "date", released)}
            select {columns}, false, known_at, s.fetched_at, '{SOURCES.get(feed, "yahoo")}', pit_quality, 'archive'
            from known cross join stamp s""")
