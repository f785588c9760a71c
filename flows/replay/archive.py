"""Load an archive folder, as it was known at one instant, from Parquet into an in-memory DuckDB."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np

from flows.replay.faults.declared import InjectedFault
from flows.replay.faults.strike import resolved, strike
from flows.replay.known_through import (
    NEW_YORK,
    bars_known_through,
    end_of_day,
    releases_known_through,
    utc_days_known_through,
)
from flows.replay.layout import CURRENCIES, KNOWN, LAYOUT, OPTIONAL
from warehouse.errors import ArchiveError

T = TypeVar("T")


@dataclass(frozen=True)
class Bars:
    """The bars of one symbol, oldest first, split-adjusted as of now; `opened` is in epoch seconds."""

    opened: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    adjclose: np.ndarray
    volume: list[int | None]


@dataclass(frozen=True)
class Observations:
    """The rows of one series by date and real-time start; `value` is FRED's text, "." if it is missing."""

    date: np.ndarray
    realtime_start: np.ndarray
    realtime_end: np.ndarray
    value: np.ndarray


def _once(read: Callable[[Archive, str], T]) -> Callable[[Archive, str], T]:
    """Cache the result of a reader for each key, since the archive does not change while it is served."""
    @functools.wraps(read)
    def reader(self: Archive, key: str) -> T:
        slot = (read.__name__, key)
        if slot not in self._made:
            self._made[slot] = read(self, key)
        return self._made[slot]
    return reader


class Archive:
    """The rows of an archive folder that were known at `now` (UTC); a naive `now` is UTC.

    Without `now`, the clock is 23:59:59 in New York on the day after the last bar. `faults` alter the rows.
    Raises ArchiveError for a folder without bars or a file that does not match the layout, and BadRequest for a fault of
    a symbol, series or session that the archive does not have.
    """

    def __init__(self, folder: Path, now: datetime | None = None, faults: Sequence[InjectedFault] = ()):
        self.folder = Path(folder)
        self._made: dict[tuple[str, str], Any] = {}
        self._con = duckdb.connect(config={"threads": 1})
        self._con.execute("set timezone = 'UTC'")
        for table, columns in LAYOUT.items():
            self._load(table, columns)
        self.simulated = _is_simulated(self.folder)
        self.now = _utc(now) if now else self._day_after_last_bar()
        self.today = self.now.astimezone(NEW_YORK).date()
        days = {
            "today": self.today,
            "bar_day": bars_known_through(self.now),
            "crypto_day": utc_days_known_through(self.now),
            "release_day": releases_known_through(self.now),
        }
        self.faults = resolved(self._con, faults, days["bar_day"])
        strike(self._con, self.faults, "archive", days)
        for statement in KNOWN.split(";\n"):
            if statement.strip():
                self._con.execute(statement, {k: v for k, v in days.items() if f"${k}" in statement})
        self.first_session, self.last_session = self._sessions()
        strike(self._con, self.faults, "answer", days)
        self._con.execute("drop table bars; drop table observations")

    def _load(self, table: str, columns: dict[str, str]) -> None:
        path = self.folder / f"{table}.parquet"
        optional = OPTIONAL.get(table, {})
        columns = columns | optional
        wanted = ", ".join(f'"{name}"::{type_} as "{name}"' for name, type_ in columns.items())
        if path.is_file():
            source = "from read_parquet('" + str(path).replace("'", "''") + "')"
            if optional:
                lacking = ", ".join(f'null::{type_} as "{name}"' for name, type_ in optional.items())
                source = f"from ({source} union all by name select {lacking} where false)"
        elif table == "bars":
            problem = ("there is no bars.parquet in it" if self.folder.is_dir()
                       else "it is not a folder" if self.folder.exists() else "there is no such folder")
            raise ArchiveError(str(self.folder), problem)
        else:
            nothing = ", ".join(f'null as "{name}"' for name in columns)
            source = f"from (select {nothing}) where false"
        try:
            self._con.execute(f'create table "{table}" as select {wanted} {source}')
        except duckdb.Error as error:
            problem = f"{table}.parquet is not as the layout says ({str(error).splitlines()[0]})"
        else:
            return
        raise ArchiveError(str(self.folder), problem)

    def _day_after_last_bar(self) -> datetime:
        last = self._con.execute("select max(date) from bars").fetchall()[0][0]
        if last is None:
            raise ArchiveError(str(self.folder), "bars.parquet has no row")
        return end_of_day(last + timedelta(days=1))

    def _sessions(self) -> tuple[date | None, date | None]:
        """Return the first and last day with an exchange's bar; stocks decide the last, since the VIX has holidays too."""
        return self._con.execute("""
            select min(date), coalesce(max(date) filter (kind in ('EQUITY', 'ETF')), max(date))
            from bar join kind using (symbol) where kind <> 'CRYPTOCURRENCY'""").fetchall()[0]

    def _columns(self, sql: str, *parameters: Any) -> dict[str, np.ndarray]:
        """Run a query and return its columns as arrays; a NULL among floats becomes NaN."""
        found: dict[str, Any] = self._con.execute(sql, parameters).fetchnumpy()
        return {name: column.filled(np.nan) if np.ma.isMA(column) and column.dtype.kind == "f" else column
                for name, column in found.items()}

    @_once
    def kind(self, symbol: str) -> tuple[str, str]:
        """Return Yahoo's instrument type and the name of a symbol; without a name in the archive, the symbol."""
        rows = self._con.execute("select kind, name from kind where symbol = ?", [symbol]).fetchall()
        kind, name = rows[0] if rows else ("EQUITY", None)
        return kind, name or symbol

    @_once
    def bars(self, symbol: str) -> Bars | None:
        """Return the bars known now; None if the symbol has no bars."""
        rows = self._columns("""
            select opened, open, high, low, close, volume from bar where symbol = ? order by date""", symbol)
        if not len(rows["opened"]):
            return None
        volume = rows.pop("volume").tolist()
        adjclose = adjusted_for_dividends(rows["opened"], rows["close"], self.dividends(symbol))
        return Bars(**rows, adjclose=adjclose, volume=volume)

    @_once
    def dividends(self, symbol: str) -> list[tuple[int, float]]:
        """Return (epoch second of the ex-date's open, cash per share of today), oldest first."""
        return self._con.execute("select opened, amount from dividend where symbol = ? order by date",
                                 [symbol]).fetchall()

    @_once
    def splits(self, symbol: str) -> list[tuple[int, float]]:
        """Return (epoch second of the ex-date's open, new shares per old share), oldest first."""
        return self._con.execute("select opened, ratio from split where symbol = ? order by date",
                                 [symbol]).fetchall()

    @_once
    def shares(self, symbol: str) -> list[tuple[date, float]]:
        """Return (day, shares outstanding) for each day on which the count changed, oldest first."""
        return self._con.execute("""
            select date, shares_outstanding from shares
            where symbol = ? and date <= ? and shares_outstanding is not null order by date""",
            [symbol, self.today]).fetchall()

    @_once
    def statements(self, symbol: str) -> dict[str, list[tuple[date, float, str]]]:
        """Map each item, in lower case without spaces, to its (quarter end, value, currency), oldest first.

        A quarter's statement is known 45 days after the quarter's end.
        """
        found: dict[str, list[tuple[date, float, str]]] = {}
        country = self._con.execute("select max(country) from instruments where symbol = ?", [symbol]).fetchall()[0][0]
        for item, *stated in self._con.execute("""
                select distinct lower(replace(item, ' ', '')), period_end, value, coalesce(currency, ?) from statements
                where symbol = ? and period_end + 45 <= ? and value is not null and not isnan(value)
                order by period_end""", [CURRENCIES.get(country, "USD"), symbol, self.today]).fetchall():
            found.setdefault(item, []).append(tuple(stated))
        return found

    @_once
    def series(self, series_id: str) -> tuple[str, str] | None:
        """Return the frequency and units of a series; None if the archive does not have it."""
        rows = self._con.execute("""
            select frequency, units from series where series_id = $1
            union all select '', '' where exists (from observation where series_id = $1) limit 1""",
            [series_id]).fetchall()
        return rows[0] if rows else None

    @_once
    def observations(self, series_id: str) -> Observations:
        """Return every row of a series released by now; an open real-time period ends on 9999-12-31."""
        rows = self._columns("""
            select date, realtime_start, realtime_end, value from observation
            where series_id = ? order by date, realtime_start""", series_id)
        days = {name: np.asarray(rows[name]).astype("datetime64[D]")
                for name in ("date", "realtime_start", "realtime_end")}
        return Observations(**days, value=np.asarray(rows["value"]))

    @_once
    def observed_since(self, series_id: str) -> date | None:
        """Return the day from which the real-time periods of a series were observed; None if a rule dated none of them."""
        rows = self._con.execute("select since from observed where series_id = ?", [series_id]).fetchall()
        return rows[0][0] if rows else None

    def weights(self, index: str) -> list[tuple[str, date, date, str, float]] | None:
        """Return (index, date, published_on, symbol, weight) published by now; None for an index without lists."""
        known = self._con.execute('select count(*) from index_weights where "index" = ?', [index]).fetchall()
        if known == [(0,)]:
            return None
        return self._con.execute("""
            select "index", date, published_on, symbol, weight from index_weights
            where "index" = ? and published_on <= ? order by date, weight desc, symbol""",
            [index, self.today]).fetchall()


def adjusted_for_dividends(
    opened: np.ndarray, close: np.ndarray, dividends: list[tuple[int, float]]
) -> np.ndarray:
    """Multiply each close by the product of (1 - dividend / close before the ex-date) over every later dividend."""
    adjusted = close.copy()
    for ex_date, amount in dividends:
        before = close[:np.searchsorted(opened, ex_date)]
        known = before[~np.isnan(before)]
        if len(known) and amount < known[-1]:
            adjusted[:len(before)] *= 1 - amount / known[-1]
    return adjusted


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _is_simulated(folder: Path) -> bool:
    path = folder / "simulated.json"
    return path.is_file() and json.loads(path.read_text()).get("simulated", True)
