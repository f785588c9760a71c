"""An archive folder as the world knew it at one moment: Parquet read once into an in-memory DuckDB."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np

from flows.replay.moment import (
    NEW_YORK,
    bars_known_through,
    end_of_day,
    releases_known_through,
    utc_days_known_through,
)
from warehouse.errors import ArchiveError

T = TypeVar("T")

# What the server reads of each file; a file may carry more columns, and every file but `bars` may be missing.
LAYOUT = {
    "bars": {"symbol": "varchar", "date": "date", "open": "double", "high": "double", "low": "double",
             "close": "double", "volume": "double"},
    "actions": {"symbol": "varchar", "date": "date", "dividend": "double", "split_ratio": "double"},
    "shares": {"symbol": "varchar", "date": "date", "shares_outstanding": "double"},
    "instruments": {"symbol": "varchar", "name": "varchar", "quote_type": "varchar"},
    "observations": {"series_id": "varchar", "date": "date", "value": "double", "realtime_start": "date",
                     "realtime_end": "date"},
    "series": {"series_id": "varchar", "frequency": "varchar", "units": "varchar"},
    "statements": {"symbol": "varchar", "statement": "varchar", "period_end": "date", "item": "varchar",
                   "value": "double"},
    "index_weights": {"index": "varchar", "date": "date", "published_on": "date", "symbol": "varchar",
                      "weight": "double"},
}
# What a file may carry; NULL where it does not.
OPTIONAL = {"instruments": {"country": "varchar"}, "observations": {"pit_quality": "varchar"},
            "statements": {"currency": "varchar"}}
# The currency of statements that do not say theirs: companies of these countries report in their own, others in dollars.
CURRENCIES = {"China": "CNY", "Japan": "JPY", "South Korea": "KRW", "Taiwan": "TWD"}

# Prices as a source says them on `today`: the as-traded bar over every later split known by then.
KNOWN = """
    create table kind as
    select symbol, any_value(name) as name, coalesce(any_value(quote_type), any_value(guess)) as kind
    from (
        select symbol, name, quote_type, null as guess from instruments
        union all
        select distinct symbol, null, null, case
            when starts_with(symbol, '^') then 'INDEX'
            when ends_with(symbol, '-USD') then 'CRYPTOCURRENCY'
            else 'EQUITY' end
        from bars)
    group by symbol;

    create macro opened(day, kind) as epoch(case kind
        when 'CRYPTOCURRENCY' then timezone('UTC', day::timestamp)
        else timezone('America/New_York', day + interval 570 minute) end)::bigint;

    create table split as
    select symbol, date, opened(date, kind) as opened, split_ratio as ratio,
        product(split_ratio) over (partition by symbol order by date desc) as factor
    from actions left join kind using (symbol)
    where split_ratio > 0 and split_ratio <> 1 and not isnan(split_ratio) and date <= $today;

    create table dividend as
    select d.symbol, d.date, opened(d.date, k.kind) as opened, d.dividend / coalesce(s.factor, 1) as amount
    from actions d
    left join kind k using (symbol)
    asof left join split s on d.symbol = s.symbol and d.date < s.date
    where d.dividend > 0 and not isnan(d.dividend) and d.date <= $today;

    create table bar as
    select b.symbol, b.date, opened(b.date, k.kind) as opened,
        open / coalesce(factor, 1) as open, high / coalesce(factor, 1) as high,
        low / coalesce(factor, 1) as low, close / coalesce(factor, 1) as close,
        case when not isnan(volume) then round(volume * coalesce(factor, 1))::bigint end as volume
    from bars b
    join kind k using (symbol)
    asof left join split s on b.symbol = s.symbol and b.date < s.date
    where b.date <= case k.kind when 'CRYPTOCURRENCY' then $crypto_day else $bar_day end
    order by b.symbol, b.date;

    create table observed as
    select series_id, coalesce(min(realtime_start) filter (pit_quality = 'vintage'), date '9999-12-31') as since
    from observations
    group by series_id
    having count(*) filter (pit_quality = 'rule') > 0;

    create table observation as
    with known as (
        select series_id, date, if(isnan(value), null, value) as value,
            coalesce(realtime_start, date) as realtime_start,
            -- an end is news of its own: it shows once the day after it has come
            if(realtime_end < $release_day, realtime_end, null) as realtime_end
        from observations where coalesce(realtime_start, date) <= $release_day)
    select series_id, date, realtime_start,
        least(coalesce(realtime_end, date '9999-12-31'), coalesce(
            lead(realtime_start) over (partition by series_id, date order by realtime_start) - 1,
            date '9999-12-31')) as realtime_end,
        coalesce(regexp_replace(value::varchar, '\\.0$', ''), '.') as value
    from known order by series_id, date, realtime_start;
"""


@dataclass(frozen=True)
class Bars:
    """One symbol's bars, oldest first: `opened` in epoch seconds, split-adjusted as of now."""

    opened: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    adjclose: np.ndarray
    volume: list[int | None]


@dataclass(frozen=True)
class Observations:
    """One series' rows by date and real-time start; `value` is FRED's text, "." where it is missing."""

    date: np.ndarray
    realtime_start: np.ndarray
    realtime_end: np.ndarray
    value: np.ndarray


def _once(read: Callable[[Archive, str], T]) -> Callable[[Archive, str], T]:
    """A reader whose answer for a key is made once: the archive does not change while it is served."""
    @functools.wraps(read)
    def reader(self: Archive, key: str) -> T:
        slot = (read.__name__, key)
        if slot not in self._made:
            self._made[slot] = read(self, key)
        return self._made[slot]
    return reader


class Archive:
    """What an archive folder holds and the world knew at `now` (UTC); a naive `now` is UTC.

    Without `now`, the clock stands at 23:59:59 New York on the day after the last bar.
    Raises ArchiveError for a folder without bars or a file that is not as the layout says.
    """

    def __init__(self, folder: Path, now: datetime | None = None):
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
        for statement in KNOWN.split(";\n"):
            if statement.strip():
                self._con.execute(statement, {k: v for k, v in days.items() if f"${k}" in statement})
        self._con.execute("drop table bars; drop table observations")
        self.first_session, self.last_session = self._sessions()

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
            problem = "there is no bars.parquet in it" if self.folder.is_dir() else "there is no such folder"
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
        """First and last day with an exchange's bar; the VIX has holidays too, so stocks decide the last."""
        return self._con.execute("""
            select min(date), coalesce(max(date) filter (kind in ('EQUITY', 'ETF')), max(date))
            from bar join kind using (symbol) where kind <> 'CRYPTOCURRENCY'""").fetchall()[0]

    def _columns(self, sql: str, *parameters: Any) -> dict[str, np.ndarray]:
        """The result's columns as arrays; a hole among floats is NaN."""
        found: dict[str, Any] = self._con.execute(sql, parameters).fetchnumpy()
        return {name: column.filled(np.nan) if np.ma.isMA(column) and column.dtype.kind == "f" else column
                for name, column in found.items()}

    @_once
    def kind(self, symbol: str) -> tuple[str, str]:
        """Yahoo's instrument type and the name of a symbol; where the archive has no name, the symbol."""
        rows = self._con.execute("select kind, name from kind where symbol = ?", [symbol]).fetchall()
        kind, name = rows[0] if rows else ("EQUITY", None)
        return kind, name or symbol

    @_once
    def bars(self, symbol: str) -> Bars | None:
        """The bars known now, or None for a symbol that has none."""
        rows = self._columns("""
            select opened, open, high, low, close, volume from bar where symbol = ? order by date""", symbol)
        if not len(rows["opened"]):
            return None
        volume = rows.pop("volume").tolist()
        adjclose = adjusted_for_dividends(rows["opened"], rows["close"], self.dividends(symbol))
        return Bars(**rows, adjclose=adjclose, volume=volume)

    @_once
    def dividends(self, symbol: str) -> list[tuple[int, float]]:
        """(epoch second of the ex-date's open, cash per share of today), oldest first."""
        return self._con.execute("select opened, amount from dividend where symbol = ? order by date",
                                 [symbol]).fetchall()

    @_once
    def splits(self, symbol: str) -> list[tuple[int, float]]:
        """(epoch second of the ex-date's open, new shares per old), oldest first."""
        return self._con.execute("select opened, ratio from split where symbol = ? order by date",
                                 [symbol]).fetchall()

    @_once
    def shares(self, symbol: str) -> list[tuple[date, float]]:
        """(day, shares outstanding) of each day on which the count changed, oldest first."""
        return self._con.execute("""
            select date, shares_outstanding from shares
            where symbol = ? and date <= ? and shares_outstanding is not null order by date""",
            [symbol, self.today]).fetchall()

    @_once
    def statements(self, symbol: str) -> dict[str, list[tuple[date, float, str]]]:
        """Item, lower case without spaces -> (quarter end, value, currency), oldest first; known 45 days later."""
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
        """Frequency and units of a series, or None when the archive does not know it."""
        rows = self._con.execute("""
            select frequency, units from series where series_id = $1
            union all select '', '' where exists (from observation where series_id = $1) limit 1""",
            [series_id]).fetchall()
        return rows[0] if rows else None

    @_once
    def observations(self, series_id: str) -> Observations:
        """Every row of a series released by now; a real-time period still open ends 9999-12-31."""
        rows = self._columns("""
            select date, realtime_start, realtime_end, value from observation
            where series_id = ? order by date, realtime_start""", series_id)
        days = {name: np.asarray(rows[name]).astype("datetime64[D]")
                for name in ("date", "realtime_start", "realtime_end")}
        return Observations(**days, value=np.asarray(rows["value"]))

    @_once
    def observed_since(self, series_id: str) -> date | None:
        """From when on the real-time periods of a series were observed; None where no rule made any of them."""
        rows = self._con.execute("select since from observed where series_id = ?", [series_id]).fetchall()
        return rows[0][0] if rows else None

    def weights(self, index: str) -> list[tuple[str, date, date, str, float]] | None:
        """(index, date, published_on, symbol, weight) published by now; None for an index without lists."""
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
    """Closes times the product of (1 - dividend / close before the ex-date) over every later dividend."""
    adjusted = close.copy()
    for ex_date, amount in dividends:
        before = close[:np.searchsorted(opened, ex_date)]
        known = before[~np.isnan(before)]
        if len(known) and amount < known[-1]:
            adjusted[:len(before)] *= 1 - amount / known[-1]
    return adjusted


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_simulated(folder: Path) -> bool:
    path = folder / "simulated.json"
    return path.is_file() and json.loads(path.read_text()).get("simulated", True)
