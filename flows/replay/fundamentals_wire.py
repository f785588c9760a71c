"""Serve Yahoo's fundamentals-timeseries endpoint: share counts and quarterly statement items."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from flows.replay.archive import Archive
from flows.replay.known_through import NEW_YORK
from flows.replay.yahoo_wire import JsonResponse, error

SHARES = "shares_out"
QUARTERLY = "quarterly"


def timeseries(archive: Archive, symbol: str, query: Mapping[str, str]) -> JsonResponse:
    """Return one entry for every requested type, by default share counts; an entry without data has only its meta.

    A statement item is requested by Yahoo's name (`quarterlyTotalRevenue`) and dated at the end of its quarter. A share
    count is dated on each day it changed. Annual and trailing types have no data, since the archive is quarterly.
    """
    try:
        first, end = int(query["period1"]), int(query["period2"])
    except (KeyError, ValueError):
        return 400, error("finance", "Bad Request", "Missing or invalid period1 and period2: epoch seconds")
    types = [name for name in query.get("type", "").split(",") if name] or [SHARES]
    result = []
    for name in types:
        entry: dict[str, Any] = {"meta": {"symbol": [symbol], "type": [name]}}
        rows = _shares(archive, symbol) if name == SHARES else _items(archive, symbol, name)
        found = [(day, value) for day, value in rows if first <= _begins(day) < end]
        if found:
            # Yahoo stamps a day with midnight in UTC, and yfinance reads the stamp as midnight in New York.
            entry["timestamp"] = [int(datetime.combine(day, time(), UTC).timestamp()) for day, _ in found]
            entry[name] = [value for _, value in found]
        result.append(entry)
    return 200, {"timeseries": {"result": result, "error": None}}


def _shares(archive: Archive, symbol: str) -> list[tuple[date, int]]:
    return [(day, int(count)) for day, count in archive.shares(symbol)]


def _items(archive: Archive, symbol: str, name: str) -> list[tuple[date, dict[str, Any]]]:
    """Return the values of a quarterly item; names match without spaces and case, as "Gain On Sale Of Ppe" requires."""
    if not name.startswith(QUARTERLY):
        return []
    rows = archive.statements(symbol).get(name.removeprefix(QUARTERLY).lower(), [])
    return [(day, {
        "dataId": 20_000 + zlib.crc32(name.encode()) % 10_000, "asOfDate": day.isoformat(),
        "periodType": "3M", "currencyCode": currency,
        "reportedValue": {"raw": float(value), "fmt": short(value)},
    }) for day, value, currency in rows]


def _begins(day: date) -> float:
    return datetime.combine(day, time(), NEW_YORK).timestamp()


def short(value: float) -> str:
    """Format a number like Yahoo: 43718000000 is 43.72B, 0.164 is 0.16."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.2f}{letter}"
    return f"{value:.2f}"
