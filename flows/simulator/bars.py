"""Simulate daily bars around the closes: open, high, low and volume, and the sessions that are missing on purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.simulator import story
from flows.simulator.actions import Counts
from flows.simulator.listings import Listings
from flows.simulator.market import Market
from flows.simulator.paths import Sessions, stream
from flows.simulator.stocks import Stocks

VOLATILITIES = ("^VIX", "^VIX3M", "^VVIX")
INDEX_VOLUME = {"^IXIC": 6.5e9, "^NDX": 3.2e9, "^GSPC": 3.9e9, "^SOX": 0.0}
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Hole:
    """A row that a source lacks although it should exist, or has although it should not."""

    kind: str
    symbol: str | None
    first: np.datetime64
    last: np.datetime64
    detail: str


def stock_bars(
    listings: Listings, counts: Counts, stocks: Stocks, market: Market, sessions: Sessions, seed: int
) -> tuple[Columns, np.ndarray]:
    """Return the bars of the stocks by symbol and date, and a mask (T, N) of the bars in the archive."""
    shape = stocks.close.shape
    held = ~np.isnan(stocks.close)
    symbol, day = story.STOCK_HOLE
    if (n := listings.index(symbol)) is not None:
        held[sessions.at(day), n] = False
    held[sessions.at(story.EVERY_STOCK_HOLE)] = False
    draw = stream(seed, "stock bars")
    before = np.vstack([stocks.close[:1], stocks.close[:-1]]) / counts.ratio - stocks.given
    before = np.where(np.isnan(before), stocks.close, before)
    size = listings.own_volatility * market.calm[:, None] * 1.3
    opened, high, low = _around(before, stocks.close, size, draw, 2)
    moved = np.abs(np.log(stocks.close / before)) / size
    turnover = 0.0035 * (1 + 4 * (listings.own_volatility > 0.018)) * np.exp(0.3 * draw.standard_normal(shape))
    lines = np.where([i.counts_whole_company for i in listings.instruments], 0.48, 1.0)
    volume = np.round(stocks.true * lines * turnover * (1 + 0.5 * np.minimum(np.nan_to_num(moved), 5)))
    columns, days = np.nonzero(held.T)
    take = (days, columns)
    return {
        "symbol": columns, "date": sessions.days[days], "open": opened[take], "high": high[take], "low": low[take],
        "close": stocks.close[take], "volume": volume[take],
    }, held


def other_bars(closes: dict[str, np.ndarray], market: Market, sessions: Sessions, seed: int) -> Columns:
    """Return the bars of indices, funds and bitcoin, and the VIX on two holidays; an unpublished volume is NaN."""
    blocks: list[Columns] = []
    for symbol, close in closes.items():
        days, keep = sessions.days, np.ones(len(close), bool)
        decimals = 6 if symbol == "^NDX" else 2
        size = 0.035 if symbol in VOLATILITIES else 0.0055
        if symbol == "^VIX":
            days, close = _with_holidays(days, close)
            keep = days != np.datetime64(story.INDEX_HOLE[1])
        draw = stream(seed, "bars", symbol)
        calm = np.interp(days.view("int64"), sessions.days.view("int64"), market.calm)
        opened, high, low = _around(np.concatenate([close[:1], close[:-1]]), close, size * calm, draw, decimals)
        daily = INDEX_VOLUME.get(symbol, 0.0 if symbol in VOLATILITIES else 3e7)
        volume = np.round(daily * calm**0.5 * np.exp(0.15 * draw.standard_normal(len(close))))
        blocks.append(_block(symbol, days, opened, high, low, close, volume if daily else volume * np.nan, keep))
    draw, close = stream(seed, "bars", "BTC-USD"), market.bitcoin
    opened, high, low = _around(np.concatenate([close[:1], close[:-1]]), close, np.full(len(close), 0.016), draw, 2)
    opened = np.concatenate([opened[:1], close[:-1]])       # bitcoin never closes, so a day opens at the last close
    high, low = np.maximum(high, opened), np.minimum(low, opened)
    volume = np.round(3.2e10 * np.exp(0.25 * draw.standard_normal(len(close))))
    blocks.append(_block("BTC-USD", market.bitcoin_days, opened, high, low, close, volume, np.ones(len(close), bool)))
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _around(
    before: np.ndarray, close: np.ndarray, size: np.ndarray, draw: np.random.Generator, decimals: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an open between the previous close and the close, and a high and low around open and close."""
    share, wobble = draw.uniform(0.0, 0.7, close.shape), draw.standard_normal(close.shape)
    opened = np.round(before * np.exp(share * np.log(close / before) + 0.25 * size * wobble), decimals)
    up, down = np.abs(draw.standard_normal(close.shape)), np.abs(draw.standard_normal(close.shape))
    high = np.round(np.maximum(opened, close) * np.exp(0.4 * size * up), decimals)
    low = np.round(np.minimum(opened, close) * np.exp(-0.4 * size * down), decimals)
    floor = 10.0**-decimals
    return np.maximum(opened, floor), np.maximum(high, floor), np.maximum(low, floor)


def _with_holidays(days: np.ndarray, close: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add rows of the VIX on two exchange holidays, as in the real feed; such a row does not make a session."""
    extra = np.array(story.VIX_ON_HOLIDAYS, "datetime64[D]")
    index = np.searchsorted(days, extra)
    return np.insert(days, index, extra), np.insert(close, index, np.round(close[index - 1] * 0.994, 2))


def _block(
    symbol: str, days: np.ndarray, opened: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray,
    volume: np.ndarray, keep: np.ndarray,
) -> Columns:
    columns = {"date": days, "open": opened, "high": high, "low": low, "close": close, "volume": volume}
    return {"symbol": np.full(int(keep.sum()), symbol, object)} | {name: c[keep] for name, c in columns.items()}


def holes(listings: Listings, sessions: Sessions) -> list[Hole]:
    """Return every planted hole."""
    found = []
    symbol, day = story.STOCK_HOLE
    if listings.index(symbol) is not None:
        found.append(_hole(sessions, "bar_missing", symbol, day, day, "this stock has no bar on this session"))
    day = story.EVERY_STOCK_HOLE
    found.append(_hole(sessions, "bars_missing", None, day, day, "no stock has a bar on this session"))
    symbol, day = story.INDEX_HOLE
    found.append(_hole(sessions, "bar_missing", symbol, day, day, "the second source VIXCLS has it"))
    for day in story.VIX_ON_HOLIDAYS:
        found.append(Hole("bar_on_holiday", "^VIX", np.datetime64(day), np.datetime64(day), "no session"))
    symbol, by = story.LATE_LISTING
    if (n := listings.index(symbol)) is not None:
        first = int(listings.first[n])
        found.append(Hole("late_listing", symbol, sessions.days[first - by], sessions.days[first - 1],
                          "a member from the first day on, its bars begin on the session after the last"))
    symbol, day, by, factor = story.LATE_COUNT
    if listings.index(symbol) is not None:
        t = sessions.at(day)
        found.append(Hole("share_count_late", symbol, sessions.days[t], sessions.days[t + by - 1],
                          f"the count is {factor} times the one the feed still says"))
    symbol, day, length, factor = story.WRONG_COUNT
    if listings.index(symbol) is not None:
        t = sessions.at(day)
        found.append(Hole("share_count_wrong", symbol, sessions.days[t], sessions.days[t + length - 1],
                          f"the feed says {factor} times the true count"))
    return found


def _hole(sessions: Sessions, kind: str, symbol: str | None, first: str, last: str, detail: str) -> Hole:
    return Hole(kind, symbol, sessions.days[sessions.at(first)], sessions.days[sessions.at(last)], detail)
