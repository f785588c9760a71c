"""Parse a chart response of Yahoo as bars and actions, and refuse one that does not match the request.

yfinance keeps only the last of two bars for a date, writes 0 for an empty volume, and moves an event without a bar to the
bar before it. This module therefore reads the rows from the response itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pandas as pd

from flows.sources import FetchKey
from flows.sources.retry import FetchError
from warehouse.calendar import sessions

VALUES = ["open", "high", "low", "close", "volume"]
EASTERN, CENTRAL = "America/New_York", "America/Chicago"
ZONES = {"stock": (EASTERN,), "fund": (EASTERN,), "index": (EASTERN, CENTRAL), "crypto": ("UTC",)}
# A timestamp outside these years is not a date of the market; it may, for example, be in milliseconds.
FIRST_SECOND, LAST_SECOND = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1900, 2100))


def refuse_foreign(path: str, body: Any) -> None:
    """Raise FetchError if a response names a symbol other than the requested one or has an impossible time."""
    requested_symbol = unquote(path.rsplit("/", 1)[-1]).upper()
    try:
        results = (body.get("chart") or body.get("timeseries") or {}).get("result") or []
        named = [result["meta"].get("symbol") or requested_symbol for result in results]
        symbols = {str(symbol) for names in named for symbol in (names if isinstance(names, list) else [names])}
        seconds = [second for result in results for second in result.get("timestamp") or []]
        seconds += [event["date"] for result in results for kind in (result.get("events") or {}).values()
                    for event in kind.values()]
    except (AttributeError, KeyError, TypeError):
        return  # not the shape of a chart or a timeseries; yfinance reports it
    others = sorted(symbol for symbol in symbols if symbol.upper() != requested_symbol)
    if others:
        raise FetchError("contradiction", f"the data of {', '.join(others)[:40]}")
    for second in seconds:
        if isinstance(second, int | float) and not FIRST_SECOND <= second < LAST_SECOND:
            raise FetchError("contradiction", f"a timestamp outside the years 1900 to 2100 ({second:.6g})")


def bars(chart: dict, fetch_key: FetchKey, kind: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the bars in the requested range, including null bars, and remarks; drop a repeated bar with the same close.

    `kind` is the catalog's kind of the symbol. If it is given, raise FetchError if the time zone or a date of the response
    is impossible for that kind.
    """
    meta, stamps, quote = chart["meta"], chart["timestamp"], chart["indicators"]["quote"][0]
    _refuse_zone(meta["exchangeTimezoneName"], kind)
    bars = pd.DataFrame({"symbol": fetch_key.key, "date": local_days(stamps, chart),
                         **{name: quote[name] for name in VALUES}})
    bars: Any = bars.astype(dict.fromkeys(VALUES, "float64"))  # Any: a column is a Series or a frame to the type checker
    _refuse_days(bars.loc[bars["close"].notna(), "date"], kind, fetch_key.end.year)
    if _ends_live(meta, stamps, bars["date"]):
        bars = bars.drop(index=bars.index[-2])
    is_null = bars["close"].isna()
    untradable = _cannot_trade(bars["date"], kind, fetch_key.end.year)
    bars = bars.loc[~(is_null & (bars.duplicated("date", keep=False) | untradable))]
    bars = within(fetch_key, bars.drop_duplicates(["date", "close"], keep="last"))
    nulls = len(bars.loc[bars["close"].isna()])
    remarks = [f"{nulls} null bar{'s' if nulls > 1 else ''}"] if nulls else []
    for day, closes in bars.loc[bars.duplicated("date", keep=False)].groupby("date")["close"]:
        remarks.append(f"several closes for {day:%Y-%m-%d}: {' and '.join(f'{close:g}' for close in closes)}")
    return bars, remarks


def actions(chart: dict, fetch_key: FetchKey) -> pd.DataFrame:
    """Return the dividends and splits of the response by their ex-dates, including ex-dates without a bar."""
    events = chart.get("events") or {}
    dividends, splits = ((events.get(name) or {}).values() for name in ("dividends", "splits"))
    rows = [(fetch_key.key, event["date"], "dividend", event["amount"]) for event in dividends]
    rows += [(fetch_key.key, event["date"], "split", event["numerator"] / event["denominator"]) for event in splits]
    frame = pd.DataFrame(rows, columns=["symbol", "date", "kind", "value"])
    frame["date"] = local_days(frame["date"], chart)
    return within(fetch_key, frame.astype({"value": "float64"}))


def within(fetch_key: FetchKey, frame: pd.DataFrame, column: str = "date") -> pd.DataFrame:
    """Return the rows dated in the requested range."""
    return frame.loc[pd.to_datetime(frame[column]).between(str(fetch_key.start), str(fetch_key.end))]


def local_days(seconds, chart: dict) -> pd.DatetimeIndex:
    """Convert epoch seconds to dates in the time zone of the response; the dates carry no zone."""
    stamps = pd.DatetimeIndex(pd.to_datetime(pd.Series(seconds, dtype="int64"), unit="s", utc=True))
    return days_of(stamps.tz_convert(chart["meta"]["exchangeTimezoneName"]))


def days_of(stamps: pd.Index) -> pd.DatetimeIndex:
    """Convert timestamps with a zone to local dates without one."""
    return pd.DatetimeIndex(stamps).tz_localize(None).normalize().as_unit("s")


def _refuse_zone(zone: str, kind: str | None) -> None:
    if kind and zone not in ZONES[kind]:
        raise FetchError("contradiction", f"bars in the time zone {str(zone)[:40]}, and not in {' or '.join(ZONES[kind])}")


def _refuse_days(days: pd.Series, kind: str | None, year: int) -> None:
    impossible = days.loc[_cannot_trade(days, kind, year)]
    if len(impossible):
        count = f"{len(impossible)} bars" if len(impossible) > 1 else "a bar"
        raise FetchError("contradiction", f"{count} on days without a session, first {impossible.min():%Y-%m-%d}")


def _cannot_trade(days: pd.Series, kind: str | None, year: int) -> pd.Series:
    """Mark the days on which the kind cannot trade.

    Stocks and funds trade only on sessions. An index may have a value on a holiday, but not on a weekend. A coin trades
    every day.
    """
    if kind in ("stock", "fund"):
        calendar = pd.DatetimeIndex([day for day, _, _ in sessions(year + 1)])
        return ~days.isin(calendar) & (days >= calendar[0])
    return (days.dt.dayofweek >= 5) & (kind == "index")


def _ends_live(meta: dict, stamps: list[int], days: pd.Series) -> bool:
    """Return whether the last two rows are a day's bar and its live quote, which Yahoo adds while the session is open.

    A live quote has the time of the last trade, before the end of the session. If the response lacks these times, a last
    row at a later time of the day counts as live.
    """
    if len(stamps) < 2 or days.iloc[-1] != days.iloc[-2] or stamps[-1] <= stamps[-2]:
        return False
    traded_at = meta.get("regularMarketTime")
    ends_at = ((meta.get("currentTradingPeriod") or {}).get("regular") or {}).get("end")
    return (traded_at is None or traded_at == stamps[-1]) and (ends_at is None or stamps[-1] < ends_at)
