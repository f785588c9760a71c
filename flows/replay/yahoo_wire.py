"""Serve Yahoo's chart endpoint, v8/finance/chart: daily bars and events in the shapes that its clients read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from flows.replay.archive import Archive, Bars
from flows.replay.known_through import NEW_YORK

JsonResponse = tuple[int, dict[str, Any]]

UTC = ZoneInfo("UTC")
CHICAGO = ZoneInfo("America/Chicago")
VALID_RANGES = ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"]

# (exchange code, full name, time zone) by instrument type; the volatility indices use Chicago time.
EXCHANGES: dict[str, tuple[str, str, ZoneInfo]] = {
    "EQUITY": ("NMS", "NasdaqGS", NEW_YORK),
    "ETF": ("PCX", "NYSEArca", NEW_YORK),
    "MUTUALFUND": ("NAS", "Nasdaq", NEW_YORK),
    "INDEX": ("SNP", "SNP", NEW_YORK),
    "CRYPTOCURRENCY": ("CCC", "CCC", UTC),
}


def exchange_of(symbol: str, kind: str) -> tuple[str, str, ZoneInfo]:
    """Return the exchange code, full name and time zone of a symbol, as Yahoo reports them."""
    if kind == "INDEX" and symbol.startswith(("^VIX", "^VVIX")):
        return "CXI", "Cboe Indices", CHICAGO
    return EXCHANGES.get(kind, EXCHANGES["EQUITY"])


def not_found() -> JsonResponse:
    """Return Yahoo's response for an unknown symbol."""
    return 404, error("chart", "Not Found", "No data found, symbol may be delisted")


def error(root: str, code: str, description: str) -> dict[str, Any]:
    """Return Yahoo's error envelope under the root key of the endpoint."""
    return {root: {"result": None, "error": {"code": code, "description": description}}}


def chart(archive: Archive, symbol: str, query: Mapping[str, str]) -> JsonResponse:
    """Return the daily bars of `symbol` in `range`, or from `period1` up to but excluding `period2` (epoch seconds)."""
    bars = archive.bars(symbol)
    if bars is None:
        return not_found()
    interval = query.get("interval", "1d")
    if interval != "1d":
        return 400, error("chart", "Bad Request", f"Invalid input - interval={interval} is not supported. "
                                                  "Valid intervals: [1d]")
    kind, _ = archive.kind(symbol)
    zone = exchange_of(symbol, kind)[2]
    span = ""
    if "period1" in query or "period2" in query:
        try:
            first, end = int(query.get("period1", 0)), int(query.get("period2", archive.now.timestamp() + 1))
        except ValueError:
            return 400, error("chart", "Bad Request", "Invalid input - period1 and period2 are epoch seconds")
    else:
        span = query.get("range", "1d")
        start = range_start(span, bars, archive.now.astimezone(zone))
        if start is None:
            return 400, error("chart", "Bad Request", f"Invalid input - range={span} is not supported. "
                                                      f"Valid ranges: [{', '.join(VALID_RANGES)}]")
        first, end = start, int(archive.now.timestamp()) + 1
    low, high = np.searchsorted(bars.opened, [first, end])
    shown = slice(int(low), int(high))
    result: dict[str, Any] = {"meta": meta(archive, symbol, bars, shown, span)}
    if low == high:
        result["indicators"] = {"quote": [{}], "adjclose": [{}]}
        return 200, {"chart": {"result": [result], "error": None}}
    result["timestamp"] = bars.opened[shown]
    happened = events(archive, symbol, first, end, query.get("events", ""))
    if happened:
        result["events"] = happened
    names = ("open", "high", "low", "close", "volume")
    result["indicators"] = {
        "quote": [{name: getattr(bars, name)[shown] for name in names}],
        "adjclose": [{"adjclose": bars.adjclose[shown]}],
    }
    return 200, {"chart": {"result": [result], "error": None}}


def range_start(span: str, bars: Bars, local: datetime) -> int | None:
    """Return the epoch second at which a range (`5d`, `6mo`, `ytd`, `max`) begins; None if the text is not a range."""
    if span == "max":
        return int(bars.opened[0])
    if span == "ytd":
        return int(datetime(local.year, 1, 1, tzinfo=local.tzinfo).timestamp())
    parts = re.fullmatch(r"([1-9]\d{0,3})(d|wk|mo|y)", span)
    if parts is None:
        return None
    count, unit = int(parts[1]), parts[2]
    if unit == "d":
        return int(bars.opened[-min(count, len(bars.opened))])
    if unit == "wk":
        day = local.date() - timedelta(weeks=count)
    else:
        day = months_before(local.date(), count * (12 if unit == "y" else 1))
    return int(datetime.combine(day, time(), local.tzinfo).timestamp())


def months_before(day: date, months: int) -> date:
    """Return the same day of the month `months` earlier, or the last day of that month if it is shorter."""
    month = max(day.year * 12 + day.month - 1 - months, 12)
    year, month = divmod(month, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def events(archive: Archive, symbol: str, first: int, end: int, requested: str) -> dict[str, Any]:
    """Return the dividends and splits with ex-dates in [first, end), of the kinds in `requested` ("div,splits")."""
    kinds = {name.strip() for name in re.split(r"[,|]", requested)}
    found: dict[str, Any] = {}
    if kinds & {"div", "dividends"}:
        found["dividends"] = {
            str(timestamp): {"amount": amount, "date": timestamp}
            for timestamp, amount in archive.dividends(symbol) if first <= timestamp < end}
    if kinds & {"split", "splits"}:
        found["splits"] = {
            str(timestamp): split_event(timestamp, ratio)
            for timestamp, ratio in archive.splits(symbol) if first <= timestamp < end}
    return {kind: rows for kind, rows in found.items() if rows}


def split_event(timestamp: int, ratio: float) -> dict[str, Any]:
    """Return a split in Yahoo's form: 10 is 10:1, 0.1 is 1:10, 1.5 is 3:2."""
    parts = Fraction(ratio).limit_denominator(10_000)
    return {"date": timestamp, "numerator": float(parts.numerator), "denominator": float(parts.denominator),
            "splitRatio": f"{parts.numerator}:{parts.denominator}"}


def meta(archive: Archive, symbol: str, bars: Bars, shown: slice, span: str) -> dict[str, Any]:
    """Return a chart's metadata of the instrument; like Yahoo, leave out the key of a value that the archive lacks."""
    kind, name = archive.kind(symbol)
    code, exchange, zone = exchange_of(symbol, kind)
    local = archive.now.astimezone(zone)
    year = slice(int(np.searchsorted(bars.opened, bars.opened[-1] - 365 * 86_400)), None)
    high, low = best(bars.high, bars.close, year, np.max), best(bars.low, bars.close, year, np.min)
    day = {
        "fiftyTwoWeekHigh": high, "fiftyTwoWeekLow": low,
        "regularMarketDayHigh": number(bars.high, -1), "regularMarketDayLow": number(bars.low, -1),
        "regularMarketVolume": bars.volume[-1],
    }
    return {
        "currency": "USD", "symbol": symbol, "exchangeName": code, "fullExchangeName": exchange,
        "instrumentType": kind, "firstTradeDate": int(bars.opened[0]),
        "regularMarketTime": closed(int(bars.opened[-1]), zone),
        "hasPrePostMarketData": kind in ("EQUITY", "ETF"),
        "gmtoffset": offset(local), "timezone": local.strftime("%Z"), "exchangeTimezoneName": zone.key,
        "regularMarketPrice": number(bars.close, -1),
        **{key: value for key, value in day.items() if value is not None},
        "longName": name, "shortName": name,
        "chartPreviousClose": number(bars.close, max(shown.start - 1, 0)),
        "priceHint": 2, "currentTradingPeriod": trading_period(local.date(), zone),
        "dataGranularity": "1d", "range": span, "validRanges": VALID_RANGES,
    }


def best(values: np.ndarray, closes: np.ndarray, where: slice, extreme: Any) -> float | None:
    """Return the extreme of the known values in a window; if no value is known, that of the closes."""
    for column in (values[where], closes[where]):
        known = column[~np.isnan(column)]
        if len(known):
            return float(extreme(known))
    return None


def number(values: np.ndarray, at: int) -> float | None:
    """Return one value of a column; None if it is NaN."""
    value = float(values[at])
    return None if np.isnan(value) else value


def offset(local: datetime) -> int:
    """Return the UTC offset in seconds, positive to the east."""
    return int((local.utcoffset() or timedelta()).total_seconds())


def closed(opened: int, zone: tzinfo) -> int:
    """Return the epoch second at which the day that opened then ends: 16:00 in New York, or the end of the UTC day."""
    if zone is UTC:
        return opened + 86_399
    day = datetime.fromtimestamp(opened, NEW_YORK).date()
    return int(datetime.combine(day, time(16), NEW_YORK).timestamp()) + 1


def trading_period(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Return the pre-market, regular and after-hours periods of one day; the full UTC day if the market never closes."""
    edges = [time(4), time(9, 30), time(16), time(20)]
    if zone is UTC:
        edges = [time(0), time(0), time(23, 59), time(23, 59)]
    home = UTC if zone is UTC else NEW_YORK
    edges_at = [datetime.combine(day, edge, home) for edge in edges]
    local = edges_at[1].astimezone(zone)
    return {
        name: {"timezone": local.strftime("%Z"), "start": int(start.timestamp()), "end": int(end.timestamp()),
               "gmtoffset": offset(local)}
        for name, start, end in zip(("pre", "regular", "post"), edges_at, edges_at[1:], strict=False)
    }
