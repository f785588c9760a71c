"""Choose the simulated stocks, their trading dates, their issuers, and the loadings that drive their prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from flows.simulator import story
from flows.simulator.paths import Sessions, stream
from warehouse.catalog import Catalog, Instrument

SECTOR_BETA = {
    "Information Technology": 1.08, "Communication Services": 0.98, "Consumer Discretionary": 1.05, "Health Care": 0.65,
    "Industrials": 0.85, "Consumer Staples": 0.50, "Utilities": 0.48, "Energy": 0.75, "Financials": 0.85,
    "Real Estate": 0.80, "Materials": 0.75,
}
SECTOR_DEVIATION = {"Energy": 0.011, "Utilities": 0.007, "Real Estate": 0.007}   # of the daily sector factor
TIER_BETA = {"ai_leaders": 1.03, "semiconductors": 1.30, "crypto_equity": 1.75}
TIER_FACTOR = {"ai_leaders": 0.0030, "semiconductors": 0.0085, "crypto_equity": 0.0}
TIER_OWN = {"ai_leaders": 0.0095, "semiconductors": 0.0135, "crypto_equity": 0.0240}
MINERS = ("BITF", "CIFR", "CORZ", "HUT", "IREN", "WULF", "BMNR", "GLXY", "CRCL")   # move with the crypto tier


@dataclass(frozen=True)
class Listings:
    """N stocks over T sessions; every array's last axis follows `symbols`."""

    instruments: list[Instrument]
    symbols: list[str]
    first: np.ndarray                    # (N,) first session with a bar
    last: np.ndarray                     # (N,) last session with a bar
    alive: np.ndarray                    # (T, N)
    issuer: np.ndarray                   # (N,) column of the issuer's primary line
    line_member: np.ndarray              # (T, N) a member of the Nasdaq-100 by security
    member: np.ndarray                   # (T, N) a primary line whose issuer is a member
    tier: list[str]                      # tier id, or ""
    sector: list[str]                    # GICS sector, or ""
    beta: np.ndarray
    own_volatility: np.ndarray           # of the daily idiosyncratic log return on an ordinary day
    caps: np.ndarray                     # (2, N) dollars at the first and last bar, of the entire company

    def index(self, symbol: str) -> int | None:
        """Return the column of a symbol; None if it is not simulated."""
        return self.symbols.index(symbol) if symbol in self.symbols else None


def choose(catalog: Catalog, sessions: Sessions, seed: int) -> Listings:
    """Return every catalog stock that is requested at any time since `story.STOCKS_FROM`, with its loadings."""
    stocks = [i for i in catalog.to_fetch(story.STOCKS_FROM, story.LAST) if i.kind == "stock"]
    symbols = [stock.symbol for stock in stocks]
    first = np.array([sessions.at(stock.since) for stock in stocks])
    late, by = story.LATE_LISTING
    if late in symbols:
        first[symbols.index(late)] += by
    last = np.array([_last_session(sessions, stock.until) for stock in stocks])
    clock = np.arange(len(sessions))[:, None]
    index = {symbol: n for n, symbol in enumerate(symbols)}
    issuer = np.array([index.get(stock.issuer, n) for n, stock in enumerate(stocks)])
    line_member = np.zeros((len(sessions), len(stocks)), bool)
    for stay in (m for u in catalog.universes.values() if u.published_index == "^NDX" for m in u.members):
        if stay.symbol in index:
            end = sessions.at(stay.valid_to) if stay.valid_to else len(sessions)
            line_member[sessions.at(stay.valid_from):end, index[stay.symbol]] = True
    member = np.zeros_like(line_member)
    for n, primary in enumerate(issuer):
        member[:, primary] |= line_member[:, n]
    tiers = {m.symbol: b.id for b in catalog.tiers for m in b.members if b.id in story.TIER_EXCESS}
    tier = [tiers.get(symbol, "") for symbol in symbols]
    loadings = [_loadings(stock, tier[n], bool(line_member[:, n].any()), seed) for n, stock in enumerate(stocks)]
    beta, own, caps = (np.array(column) for column in zip(*loadings, strict=True))
    return Listings(
        stocks, symbols, first, last, (clock >= first) & (clock <= last), issuer, line_member, member, tier,
        [stock.gics_sector or "" for stock in stocks], beta, own, caps.T,
    )


def _last_session(sessions: Sessions, until: date | None) -> int:
    if until is None:
        return len(sessions) - 1
    return int(np.searchsorted(sessions.days, np.datetime64(until), "right")) - 1


def _loadings(stock: Instrument, tier: str, member: bool, seed: int) -> tuple[float, float, tuple[float, float]]:
    """Return beta, idiosyncratic deviation, and capitalization in dollars at both ends."""
    draw = stream(seed, "loadings", stock.symbol)
    jitter, spread, size, growth = draw.uniform(-1, 1), draw.uniform(0.85, 1.3), draw.uniform(), draw.standard_normal()
    low, high = story.CAP_OF_MEMBERS if member else story.CAP_OF_OTHERS
    end = low * (high / low) ** size
    caps = story.CAPS.get(stock.symbol, (end / 2.6 * np.exp(0.35 * growth), end))
    crypto = tier == "crypto_equity" or stock.symbol in MINERS
    beta = TIER_BETA["crypto_equity"] if crypto else TIER_BETA.get(tier, SECTOR_BETA.get(stock.gics_sector or "", 1.0))
    own = TIER_OWN["crypto_equity"] if crypto else TIER_OWN.get(tier, 0.0145 if caps[1] < 250 else 0.0110)
    return beta + 0.08 * jitter, own * spread, (caps[0] * 1e9, caps[1] * 1e9)
