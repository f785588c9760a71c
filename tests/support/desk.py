"""A test warehouse: it lands and loads drawn fetches of a source as a run does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flows.sources.frames import COLUMNS, tidy
from warehouse import landing
from warehouse.calendar import federal_days, sessions
from warehouse.data_folder import SCHEMA
from warehouse.landing import Batch
from warehouse.load.batch import TABLES, Loaded, Stop, load

# The availability rules of the keys of these tests, by feed: (rule, lag).
AVAILABILITY = {
    "bars": {"AAA": ("after_close_minutes", 15), "BBB": ("after_close_minutes", 15),
             "^VIX": ("after_close_minutes", 15), "BTC-USD": ("after_utc_midnight_minutes", 15)},
    "shares": {"AAA": ("after_close_minutes", 15)},
    "statements": {company: ("after_period_end_days", 45) for company in ("AAA", "SEP", "JAN", "FOREIGN", "LARGE")},
    "weights": {"NDX": ("vintage", None)},
    "observations": {"NASDAQCOM": ("lag_business_days", 0), "DGS10": ("lag_federal_business_days", 1),
                     "VIXCLS": ("lag_business_days", 1), "T10Y2Y": ("lag_federal_business_days", 0),
                                         "OECD": ("lag_days", 3), "CPI": ("vintage", None), "NFCI": ("vintage", None)},
}
# By symbol: the month in which its fiscal year ends, the date from which the lag applies, the lag of the annual report.
FILERS = {"AAA": [(12, "1990-01-01", 90)], "SEP": [(9, "1990-01-01", 90)], "JAN": [(1, "1990-01-01", 90)],
          "FOREIGN": [(12, "1990-01-01", 90), (12, "2019-06-03", 120)],
          "LARGE": [(12, "1990-01-01", 90), (12, "2025-06-30", 60)]}
NO_RESULTS = pd.DataFrame(columns=["suite", "expectation", "severity", "success", "observed", "unexpected_rows"])


class Desk:
    """A working database in memory with the real calendar of 2024 to 2026, and a landing folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.landing = folder
        self.con = duckdb.connect()
        self.con.execute("set threads = 1")
        self.con.execute(SCHEMA.read_text())
        recorded = date(2024, 1, 1)
        self.con.register("days", pd.DataFrame([s for s in sessions(2027) if 2023 < s[0].year < 2027],
                                               columns=["date", "open_at", "close_at"]))
        self.con.execute("insert into raw.catalog_session select *, ? from days", [recorded])
        self.insert("business_day", [(day, recorded) for day in federal_days(2027) if 2023 < day.year < 2027])
        self.insert("filer", [(company, month, "-", since, lag, recorded)
                              for company, filers in FILERS.items() for month, since, lag in filers])
        self.insert("availability", [(feed, key, *rule, recorded) for feed, keys in AVAILABILITY.items()
                                     for key, rule in keys.items()])

    def insert(self, table: str, rows: list[tuple]) -> None:
        """Insert rows into a table of the catalog by one statement."""
        self.con.register("given", pd.DataFrame(rows, dtype=object))
        self.con.execute(f"insert into raw.catalog_{table} from given")
        self.con.unregister("given")

    def land(self, feed: str, at: str, *texts: str, requested: Sequence[str] | None = None,
             failed: Sequence[str] = (), source: str = "test") -> Batch:
        """Land a response of a feed; `texts` are its drawn frames in the order of the load, `requested` its keys."""
        frames = {table.frame: drawn(table.frame, text) for table, text in
                  zip(TABLES[feed], [*texts, *[""] * len(TABLES[feed])], strict=False)}
        return self.land_frames(feed, moment(at), frames, requested, failed, source=source)

    def land_frames(self, feed: str, at: datetime, frames: Mapping[str, pd.DataFrame],
                    requested: Sequence[str] | None = None, failed: Sequence[str] = (),
                    asked_from: date = date(2024, 1, 2), source: str = "test") -> Batch:
        keys = requested or sorted({key for frame in frames.values() for key in frame.iloc[:, 0]})
        outcomes = pd.DataFrame({
            "key": keys, "status": ["failed" if key in failed else "received" for key in keys],
            "rows": 1, "reason": ["no answer" if key in failed else "" for key in keys],
            "asked_from": pd.Timestamp(asked_from), "asked_to": pd.Timestamp(at.date()),
            "is_unknown_key": False})
        return landing.land(self.landing, feed, source, at, str(at.date()),
                            {**frames, "outcomes": outcomes.astype(COLUMNS["outcomes"])}, {}, False)

    def load(self, batch: Batch, rejected: Sequence[tuple[str, int]] = (), stopped: Sequence[Stop] = ()) -> Loaded:
        """Load a batch; validation has `rejected` rows as (frame, position), or `stopped` the batch or some keys."""
        rows = [(frame, row, "AAA", date(2026, 1, 1), "{}", "fails the check that it is right") for frame, row in rejected]
        columns = ["frame", "row", "key", "date", "row_json", "reason"]
        return load(self.con, batch, f"run-{batch.fetched_at:%Y%m%d%H%M}",
                    pd.DataFrame(rows, columns=columns).astype({"row": "int64"}), NO_RESULTS, stopped)

    def fetch(self, feed: str, at: str, *texts: str, rejected: Sequence[tuple[str, int]] = (),
              requested: Sequence[str] | None = None, source: str = "test") -> Loaded:
        """Land and load a response of a feed at a given time."""
        return self.load(self.land(feed, at, *texts, requested=requested, source=source), rejected)

    def holds(self, table: str, text: str) -> None:
        """Assert that all rows of a raw table equal the drawn ones in the drawn columns, sorted by key and time."""
        columns, cells = rows_of(text)
        types = {r[0]: r[1] for r in self.con.execute(f"describe {table}").fetchall()}
        typed = [self.con.execute("select " + ", ".join(f"?::{types[c]}" for c in columns), row).fetchone()
                 for row in cells]
        keys = next(t.keys for tables in TABLES.values() for t in tables if t.name == table)
        found = self.con.execute(f"select {', '.join(columns)} from {table} "
                                 f"order by {', '.join(keys)}, known_at, fetched_at").fetchall()
        assert found == [tuple(pytest.approx(v, rel=1e-9) if isinstance(v, float) else v for v in row) for row in typed]

    def value(self, as_of: datetime, recorded_by: datetime, table: str = "raw.price_bar", value: str = "close") -> dict:
        """Return the values in force by key, as staging reads them."""
        keys = ", ".join(next(t.keys for tables in TABLES.values() for t in tables if t.name == table))
        rows = self.con.execute(f"""
            select * from (
                select {keys}, {value}, is_withdrawn from {table} where known_at <= ? and fetched_at <= ?
                qualify row_number() over (partition by {keys} order by known_at desc, fetched_at desc) = 1
            ) where not is_withdrawn""", [as_of.replace(tzinfo=None), recorded_by.replace(tzinfo=None)]).fetchall()
        return {row[:-2]: row[-2] for row in rows}

    def count(self) -> dict[str, int]:
        """Return the number of rows of every table of the warehouse."""
        tables = self.con.execute("select schema_name || '.' || table_name from duckdb_tables() "
                                  "where schema_name in ('raw', 'audit')").fetchall()
        return {t: self.con.execute(f"select count(*) from {t}").fetchone()[0] for t, in tables}  # type: ignore[index]


def rows_of(text: str) -> tuple[list[str], list[list[str | None]]]:
    """Return the column names and cells of a drawn table; an empty cell is None."""
    table = [[cell.strip() or None for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    return [str(name) for name in table[0]], table[1:]


def drawn(frame: str, text: str) -> pd.DataFrame:
    """Return a source's frame from a drawn table; columns that are not drawn are empty."""
    columns, cells = rows_of(text) if text.strip() else ([], [])
    rows = pd.DataFrame(cells, columns=columns).reindex(columns=list(COLUMNS[frame]))
    return tidy(frame, [rows]) if len(rows) else tidy(frame, [])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="session")
def new_desk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Desk]:
    """Return a function that creates a new desk at each call, for property tests."""
    return lambda: Desk(tmp_path_factory.mktemp("landing"))


@pytest.fixture
def desk(new_desk: Callable[[], Desk]) -> Desk:
    return new_desk()
