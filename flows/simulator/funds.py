"""Simulate closes of the indices, the funds and bitcoin from the same stocks and factors."""

from __future__ import annotations

import numpy as np

from flows.simulator import story
from flows.simulator.actions import Counts
from flows.simulator.listings import Listings
from flows.simulator.market import COMPOSITE_OF_100, Market
from flows.simulator.paths import stream
from flows.simulator.stocks import Stocks
from warehouse.catalog import Catalog

# Price at the first and the last session, beta to the S&P 500, return per basis point of the 10-year, daily deviation.
SECTOR_FUNDS = {
    "XLF": ("Financials", 24, 52, 0.95, 0.00022, 0.0035), "XLE": ("Energy", 39, 55, 0.80, 0.00010, 0.0080),
    "XLI": ("Industrials", 70, 165, 0.95, 0.00006, 0.0030), "XLRE": ("Real Estate", 35, 43, 0.85, -0.00042, 0.0040),
    "XLP": ("Consumer Staples", 59, 84, 0.48, -0.00012, 0.0030), "XLU": ("Utilities", 58, 84, 0.45, -0.00030, 0.0045),
    "XLV": ("Health Care", 101, 150, 0.60, -0.00006, 0.0035), "XLB": ("Materials", 57, 92, 0.95, 0.00008, 0.0040),
}
STOCK_FUNDS = {"XLK": ("Information Technology", 100), "XLC": ("Communication Services", 55),
               "XLY": ("Consumer Discretionary", 125)}
CHIP_FUNDS = {"SMH": (0.75, 74), "SOXX": (0.45, 87), "^SOX": (0.45, 1_900)}    # power of the cap in its weights, level


def closes(
    catalog: Catalog, listings: Listings, counts: Counts, market: Market, stocks: Stocks, seed: int
) -> dict[str, np.ndarray]:
    """Return the close of every index and fund of the catalog, (T,) each; indices have two decimals, ^NDX has six."""
    ndx = np.nan_to_num(stocks.index_return)
    composite = _composite_return(market, ndx)
    sp500 = np.expm1(market.sp500_return)
    found: dict[str, np.ndarray] = {
        "^NDX": _level(story.COMPOSITE[0][1] * story.NASDAQ_100_TO_COMPOSITE[0], ndx, 6),
        "^IXIC": _level(story.COMPOSITE[0][1], composite, 2),
        "^GSPC": _level(story.SP500[0], sp500, 2),
        "^VIX": market.vix, "^VIX3M": market.vix3m, "^VVIX": market.vvix,
    }
    moves = _moves(counts, stocks)
    caps = _caps(stocks)
    chips = _chips(listings)
    for symbol, (power, level) in CHIP_FUNDS.items():
        found[symbol] = _level(level, _basket(moves, caps, chips, power), 2)
    for symbol, (sector, level) in STOCK_FUNDS.items():
        columns = [n for n, s in enumerate(listings.sector) if s == sector and listings.issuer[n] == n]
        noise = _noise(seed, symbol, 0.0003, ndx)
        if symbol == "XLK":
            noise = noise + 0.0015 * market.resilient
        found[symbol] = _level(level, _basket(moves, caps, columns, 0.8) + noise, 2)
    members = np.flatnonzero(listings.member.any(axis=0)).tolist()
    held = np.where(listings.member, moves, np.nan)
    found["QQQ"] = _level(233, ndx + _noise(seed, "QQQ", 0.0001, ndx), 2)
    found["QQQE"] = _level(60, _basket(held, caps, members, 0.0) + _noise(seed, "QQQE", 0.0002, ndx), 2)
    found["SPY"] = _level(305, sp500 + _noise(seed, "SPY", 0.0001, ndx), 2)
    found["RSP"] = _to(104, 208, 0.95 * market.sp500_return, _noise(seed, "RSP", 0.0035, ndx) * market.calm)
    for symbol in SECTOR_FUNDS:
        found[symbol] = _sector_fund(symbol, market, stocks, seed)
    for instrument in catalog.of_kind("index", "fund"):
        if instrument.symbol not in found:     # the catalog has it, but the story does not
            found[instrument.symbol] = _to(50, 100, market.sp500_return, _noise(seed, instrument.symbol, 0.004, ndx))
    return {i.symbol: found[i.symbol] for i in catalog.of_kind("index", "fund")}


def _composite_return(market: Market, ndx: np.ndarray) -> np.ndarray:
    """Return the composite's return: mostly the Nasdaq-100, and small companies for the rest."""
    wanted, planned = np.expm1(market.composite_return), np.expm1(market.ndx_return)
    small_companies = (wanted - COMPOSITE_OF_100 * planned) / (1 - COMPOSITE_OF_100)
    return COMPOSITE_OF_100 * ndx + (1 - COMPOSITE_OF_100) * small_companies


def _sector_fund(symbol: str, market: Market, stocks: Stocks, seed: int) -> np.ndarray:
    sector, first, last, beta, per_bp, own = SECTOR_FUNDS[symbol]
    change_bp = np.diff(market.ten_year, prepend=market.ten_year[0]) * 100
    factor = stocks.sector_factor.get(sector, 0.0)
    noise = own * market.calm * stream(seed, "fund", symbol).standard_normal(len(change_bp)) + 0.5 * factor
    steps = beta * market.sp500_return + per_bp * (change_bp - change_bp.mean())
    for t in market.divergent:       # the physical sectors fall on those days
        if symbol in ("XLF", "XLE", "XLI", "XLRE"):
            noise[t] = -0.004 - 0.3 * abs(noise[t])
    return _to(first, last, steps, noise)


def _to(first: float, last: float, steps: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return a price from `first` to `last` whose log steps are `steps` plus `noise` plus a constant drift."""
    steps = steps + noise
    steps[0] = 0.0
    steps[1:] += (np.log(last / first) - steps.sum()) / (len(steps) - 1)
    return np.round(first * np.exp(np.cumsum(steps)), 2)


def _level(first: float, returns: np.ndarray, decimals: int) -> np.ndarray:
    return np.round(first * np.cumprod(1 + np.nan_to_num(returns)), decimals)


def _noise(seed: int, symbol: str, size: float, like: np.ndarray) -> np.ndarray:
    return size * stream(seed, "fund", symbol).standard_normal(len(like))


def _moves(counts: Counts, stocks: Stocks) -> np.ndarray:
    """Return split-adjusted simple returns (T, N); NaN if either close is missing."""
    moves = np.full_like(stocks.close, np.nan)
    moves[1:] = stocks.close[1:] * counts.ratio[1:] / stocks.close[:-1] - 1
    return moves


def _caps(stocks: Stocks) -> np.ndarray:
    """Return the true capitalization at the close before each session."""
    caps = np.full_like(stocks.close, np.nan)
    caps[1:] = stocks.close[:-1] * stocks.true[:-1]
    return caps


def _chips(listings: Listings) -> list[int]:
    others = ("NVDA", "TSM", "ASML", "ARM", "MPWR", "TER", "GFS")
    return [n for n, symbol in enumerate(listings.symbols)
            if listings.tier[n] == "semiconductors" or symbol in others]


def _basket(moves: np.ndarray, caps: np.ndarray, columns: list[int], power: float) -> np.ndarray:
    """Return the mean return of the columns each session, weighted by capitalization to a power; 0 if none traded."""
    if not columns:
        return np.zeros(len(moves))
    returns = moves[:, columns]
    weights = np.where(np.isnan(returns), 0.0, np.nan_to_num(caps[:, columns]) ** power)
    total = weights.sum(axis=1)
    return np.where(total > 0, (weights * np.nan_to_num(returns)).sum(axis=1) / np.where(total > 0, total, 1), 0.0)
