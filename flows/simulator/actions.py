"""Simulate splits, share counts (true, reported by the feed, and in force) and dividends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.simulator import story
from flows.simulator.listings import Listings
from flows.simulator.paths import Sessions, stream

BAND = (0.8, 1.25)          # a count within it of the last accepted one is accepted
SPLIT_SESSIONS = 5          # a split may reach the counts so many sessions early or late
SPLIT_TOLERANCE = 0.05
HELD_SESSIONS = 21          # a held count is accepted after so many sessions in a row
PAYERS = ("Consumer Staples", "Utilities", "Health Care", "Financials", "Energy", "Industrials", "Materials",
          "Real Estate")
NEVER_PAY = ("AMZN", "TSLA", "NFLX", "ADBE", "AMD", "BRK-B", "ISRG", "VRTX", "REGN", "BKNG", "BIIB", "ILMN", "DXCM")


@dataclass(frozen=True)
class Counts:
    """Share counts over (T, N); neutral counts are in shares of the first session, before every split."""

    ratio: np.ndarray           # new shares per old on its ex-date, else 1
    product: np.ndarray         # of the ratios up to the session
    neutral: np.ndarray         # true, relative to the first bar
    lag: dict[tuple[int, int], int]     # (session, stock) of a split -> sessions its count is late

    def feed(self, listings: Listings, sessions: Sessions, start: np.ndarray) -> np.ndarray:
        """Return the counts that the feed reports (whole shares): late and early splits, one wrong and one late count."""
        applied = np.ones_like(self.ratio)
        for (t, n), lag in self.lag.items():
            if 0 <= t + lag < len(applied):
                applied[t + lag, n] *= self.ratio[t, n]
        neutral = self.neutral.copy()
        symbol, day, by, _ = story.LATE_COUNT
        if (n := listings.index(symbol)) is not None:
            t = sessions.at(day)
            neutral[t:t + by, n] = neutral[t - 1, n]
        counts = neutral * np.cumprod(applied, axis=0) * start
        symbol, day, length, factor = story.WRONG_COUNT
        if (n := listings.index(symbol)) is not None:
            t = sessions.at(day)
            counts[t:t + length, n] *= factor
        return np.round(counts).astype(np.int64)


def count_paths(listings: Listings, sessions: Sessions, seed: int) -> Counts:
    """Simulate splits on their ex-dates, and counts that drift a little each quarter, away from splits."""
    shape = listings.alive.shape
    ratio, lag = np.ones(shape), {}
    for symbol, day, new_per_old, late in story.SPLITS:
        t = sessions.at(day)
        for n, issuer in enumerate(listings.issuer):
            if listings.symbols[issuer] == symbol and listings.first[n] < t <= listings.last[n]:
                ratio[t, n], lag[t, n] = new_per_old, late
    steps = np.zeros(shape)
    for n, symbol in enumerate(listings.symbols):
        name = listings.symbols[listings.issuer[n]] if listings.instruments[n].counts_whole_company else symbol
        draw = stream(seed, "count", name)
        drift, offset = 0.0035 * draw.standard_normal() - 0.0015, int(draw.integers(20, 60))
        days = np.arange(offset, shape[0], 63)
        changes = drift + 0.0025 * draw.standard_normal(len(days))
        splits = np.flatnonzero(ratio[:, n] != 1)
        far = np.abs(days[:, None] - splits[None, :]).min(axis=1, initial=99) > 12
        steps[days[far], n] = changes[far]
    for symbol, day, factor in (story.MERGER, (story.LATE_COUNT[0], story.LATE_COUNT[1], story.LATE_COUNT[3])):
        if (n := listings.index(symbol)) is not None:
            t = sessions.at(day)
            steps[max(t - 70, 0):t + 70, n] = 0.0      # no drift near the planted jump
            steps[t, n] = np.log(factor)
    return Counts(ratio, np.cumprod(ratio, axis=0), np.exp(np.cumsum(steps, axis=0)), lag)


def in_force(applied: np.ndarray, ratio: np.ndarray, first: int, last: int) -> np.ndarray:
    """Return the neutral count in force of one stock for each session (T,); NaN if it does not trade.

    A count within BAND of the last accepted one is accepted. A count that is off by the ratio of a near split changes
    nothing. Any other count is held, and accepted after HELD_SESSIONS sessions in a row.
    """
    neutral = applied / np.cumprod(ratio)
    splits = np.flatnonzero(ratio != 1)
    out = np.full(len(applied), np.nan)
    changed = np.flatnonzero(np.diff(neutral[first:last + 1])) + first + 1
    accepted, held = neutral[first], 0
    for start, end in zip([first, *changed], [*changed, last + 1], strict=True):
        count = neutral[start]
        if BAND[0] <= count / accepted <= BAND[1]:
            accepted, held = count, 0
            out[start:end] = accepted
            continue
        for t in range(start, end):
            if _is_split_seen_elsewhen(t, count / accepted, splits, ratio):
                out[t] = accepted
                continue
            held += 1
            if held >= HELD_SESSIONS:
                accepted, held = count, 0
                out[t:end] = accepted
                break
            out[t] = accepted
    return out


def _is_split_seen_elsewhen(t: int, off: float, splits: np.ndarray, ratio: np.ndarray) -> bool:
    near = ratio[splits[np.abs(splits - t) <= SPLIT_SESSIONS]]
    return any(abs(off / by - 1) <= SPLIT_TOLERANCE for r in near for by in (r, 1 / r))


@dataclass(frozen=True)
class Dividends:
    """Cash dividends: session, column and cash per as-traded share of each."""

    session: np.ndarray
    column: np.ndarray
    cash: np.ndarray


def stock_dividends(listings: Listings, counts: Counts, close: np.ndarray, seed: int) -> Dividends:
    """Simulate quarterly dividends of the stocks that pay them, raised once a year."""
    rows: list[tuple[int, int, float]] = []
    for n, stock in enumerate(listings.instruments):
        draw = stream(seed, "dividend", listings.symbols[listings.issuer[n]])
        chance, a_year, offset = draw.uniform(), draw.uniform(0.004, 0.026), int(draw.integers(5, 60))
        pays = chance < (0.85 if listings.sector[n] in PAYERS else 0.40)
        if not pays or stock.symbol in NEVER_PAY or listings.tier[n] == "crypto_equity":
            continue
        days = np.arange(offset, len(close), 63)
        days = days[(days > listings.first[n]) & (days <= listings.last[n])]
        base = close[listings.first[n], n] * a_year / 4 / np.sqrt(counts.product[-1, n])
        for k, t in enumerate(days.tolist()):
            cash = round(float(base * 1.05 ** (k // 4) / counts.product[t, n] * np.sqrt(counts.product[-1, n])), 4)
            if cash >= 0.001:
                rows.append((t, n, cash))
    return _as_dividends(rows)


def fund_dividends(symbols: list[str], close: np.ndarray, seed: int) -> Dividends:
    """Simulate quarterly dividends of the funds, all paid on the same day; indices pay none."""
    rows = []
    for n, symbol in enumerate(symbols):
        a_year = stream(seed, "dividend", symbol).uniform(0.006, 0.022)
        for t in range(14, len(close), 63):
            rows.append((t, n, round(float(close[t - 1, n] * a_year / 4), 4)))
    return _as_dividends(rows)


def _as_dividends(rows: list[tuple[int, int, float]]) -> Dividends:
    session, column, cash = zip(*rows, strict=True) if rows else ((), (), ())
    return Dividends(np.array(session, int), np.array(column, int), np.array(cash, float))
