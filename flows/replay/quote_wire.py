"""Serve Yahoo's quote endpoint, v7/finance/quote: each symbol's latest bar and the figures derived from its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flows.replay.archive import Archive, Bars
from flows.replay.yahoo_wire import JsonResponse, best, closed, exchange_of, number, offset

TYPES = {"EQUITY": "Equity", "ETF": "ETF", "MUTUALFUND": "Fund", "INDEX": "Index",
         "CRYPTOCURRENCY": "Cryptocurrency"}


def quote(archive: Archive, query: Mapping[str, str]) -> JsonResponse:
    """Return one entry per known symbol of `symbols`, in the requested order; like Yahoo, leave out unknown symbols."""
    symbols = [symbol.strip().upper() for symbol in query.get("symbols", "").split(",")]
    requested = [(symbol, archive.bars(symbol)) for symbol in symbols]
    found = [_entry(archive, symbol, bars) for symbol, bars in requested if bars is not None]
    return 200, {"quoteResponse": {"result": found, "error": None}}


def _entry(archive: Archive, symbol: str, bars: Bars) -> dict[str, Any]:
    kind, name = archive.kind(symbol)
    code, exchange, zone = exchange_of(symbol, kind)
    local = archive.now.astimezone(zone)
    entry = {
        "language": "en-US", "region": "US", "quoteType": kind, "typeDisp": TYPES.get(kind, kind.title()),
        "quoteSourceName": "Delayed Quote", "triggerable": False, "customPriceAlertConfidence": "NONE",
        "currency": "USD", "financialCurrency": "USD", "exchange": code, "fullExchangeName": exchange,
        "messageBoardId": f"finmb_{symbol}", "exchangeTimezoneName": zone.key,
        "exchangeTimezoneShortName": local.strftime("%Z"), "gmtOffSetMilliseconds": offset(local) * 1000,
        "market": "ccc_market" if kind == "CRYPTOCURRENCY" else "us_market", "esgPopulated": False,
        "marketState": "CLOSED", "shortName": name, "longName": name, "displayName": name, "symbol": symbol,
        "corporateActions": [], "hasPrePostMarketData": kind in ("EQUITY", "ETF"), "priceHint": 2,
        "regularMarketTime": closed(int(bars.opened[-1]), zone),
        "firstTradeDateMilliseconds": int(bars.opened[0]) * 1000,
        "sourceInterval": 15, "exchangeDataDelayedBy": 0, "tradeable": False,
        "cryptoTradeable": kind == "CRYPTOCURRENCY",
        **_day(bars), **_year(bars), **_averages(bars), **_size(archive, symbol, bars),
    }
    return {key: value for key, value in entry.items() if value is not None}


def _day(bars: Bars) -> dict[str, Any]:
    price, before = number(bars.close, -1), number(bars.close, -2) if len(bars.close) > 1 else None
    high, low = number(bars.high, -1), number(bars.low, -1)
    change = price - before if price is not None and before else None
    return {
        "regularMarketPrice": price, "regularMarketPreviousClose": before, "regularMarketChange": change,
        "regularMarketChangePercent": change / before * 100 if change is not None and before else None,
        "regularMarketOpen": number(bars.open, -1), "regularMarketDayHigh": high, "regularMarketDayLow": low,
        "regularMarketDayRange": f"{low:.2f} - {high:.2f}" if low is not None and high is not None else None,
        "regularMarketVolume": bars.volume[-1],
    }


def _year(bars: Bars) -> dict[str, Any]:
    year = slice(int(np.searchsorted(bars.opened, bars.opened[-1] - 365 * 86_400)), None)
    high, low = best(bars.high, bars.close, year, np.max), best(bars.low, bars.close, year, np.min)
    price, then = number(bars.close, -1), number(bars.close[year], 0)
    if price is None or high is None or low is None or then is None:
        return {}
    return {
        "fiftyTwoWeekHigh": high, "fiftyTwoWeekLow": low, "fiftyTwoWeekRange": f"{low:.2f} - {high:.2f}",
        "fiftyTwoWeekHighChange": price - high, "fiftyTwoWeekHighChangePercent": price / high - 1,
        "fiftyTwoWeekLowChange": price - low, "fiftyTwoWeekLowChangePercent": price / low - 1,
        "fiftyTwoWeekChangePercent": (price / then - 1) * 100,
    }


def _averages(bars: Bars) -> dict[str, Any]:
    found: dict[str, Any] = {}
    price = number(bars.close, -1)
    for key, sessions in (("fiftyDayAverage", 50), ("twoHundredDayAverage", 200)):
        known = bars.close[-sessions:][~np.isnan(bars.close[-sessions:])]
        if price is not None and len(known):
            mean = float(known.mean())
            found |= {key: mean, f"{key}Change": price - mean, f"{key}ChangePercent": price / mean - 1}
    for key, sessions in (("averageDailyVolume3Month", 63), ("averageDailyVolume10Day", 10)):
        volumes = [volume for volume in bars.volume[-sessions:] if volume is not None]
        if volumes:
            found[key] = sum(volumes) // len(volumes)
    return found


def _size(archive: Archive, symbol: str, bars: Bars) -> dict[str, Any]:
    counts, price = archive.shares(symbol), number(bars.close, -1)
    if not counts or price is None:
        return {}
    return {"sharesOutstanding": int(counts[-1][1]), "marketCap": int(counts[-1][1] * price)}
