"""Simulate the closes of every stock with a factor model whose common part gives the index its planned return."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.simulator import story
from flows.simulator.actions import Counts, in_force
from flows.simulator.index import IndexShares, Values, reviews
from flows.simulator.listings import SECTOR_DEVIATION, TIER_FACTOR, Listings
from flows.simulator.market import Market
from flows.simulator.paths import Sessions, autoregression, stream
from flows.simulator.spinoffs import SpinOffs
from warehouse.catalog.weighting import Rebalancing


@dataclass(frozen=True)
class Stocks:
    """Closes as traded (T, N), NaN if a stock does not trade, with their share counts and index shares."""

    close: np.ndarray
    given: np.ndarray                # dollars of another line given per share, 0 except on ex-dates
    reported_counts: np.ndarray                 # the feed's share counts, whole shares
    true: np.ndarray                 # the true ones
    force: np.ndarray                # neutral counts in force
    index_shares: np.ndarray         # neutral, in force for the session
    index_return: np.ndarray         # (T,) of the published index, NaN on the first session
    sector_factor: dict[str, np.ndarray]


def simulate_stocks(
    listings: Listings, counts: Counts, spin_offs: SpinOffs, market: Market, sessions: Sessions,
    rebalancing: Rebalancing | None, seed: int,
) -> Stocks:
    """Simulate prices to the cent, session by session; the index return follows from the rounded prices."""
    factors = {sector: _sector_factor(sector, market, seed) for sector in sorted({*listings.sector} - {""})}
    relative = _relative_returns(listings, counts, market, factors, seed)
    price = _first_prices(listings, counts, market, relative, seed)
    start = listings.caps[0] / price / counts.neutral[listings.first, np.arange(len(price))]
    start = start[_count_owner(listings)] / counts.product[listings.first, np.arange(len(price))]
    reported_counts = counts.feed(listings, sessions, start)
    force = np.stack([in_force(reported_counts[:, n], counts.ratio[:, n], listings.first[n], listings.last[n])
                      for n in range(len(price))], axis=1)
    close, given, shares, index_return = _walk(
        listings, counts, spin_offs, market, relative, price, force, sessions, rebalancing, seed)
    true = np.round(counts.neutral * counts.product * start).astype(np.int64)
    return Stocks(close, given, reported_counts, true, force, shares, index_return, factors)


def _count_owner(listings: Listings) -> np.ndarray:
    """Return the column (N,) whose count a line reports: the primary line if the feed counts the entire company."""
    return np.array([listings.issuer[n] if stock.counts_whole_company else n
                     for n, stock in enumerate(listings.instruments)])


def _sector_factor(sector: str, market: Market, seed: int) -> np.ndarray:
    draws = stream(seed, "sector", sector).standard_normal(len(market.calm))
    return SECTOR_DEVIATION.get(sector, 0.0042) * market.calm * draws


def _relative_returns(
    listings: Listings, counts: Counts, market: Market, factors: dict[str, np.ndarray], seed: int
) -> np.ndarray:
    """Return log returns before the common part (T, N): beta, tier, sector and noise, with a drift to the planned cap."""
    sessions, size = listings.alive.shape
    own = np.stack([stream(seed, "own", symbol).standard_normal(sessions) for symbol in listings.symbols], axis=1)
    relative = own * listings.own_volatility * market.calm[:, None]
    # A few days a year have news about the company.
    relative *= np.where(np.abs(own) > 2.6, 1.8, 1.0)
    relative += (listings.beta - 1) * market.ndx_return[:, None]
    for n in range(size):
        tier, sector = listings.tier[n], listings.sector[n]
        if sector:
            relative[:, n] += factors[sector]
        if TIER_FACTOR.get(tier):
            shared = stream(seed, "tier factor", tier).standard_normal(sessions)
            relative[:, n] += TIER_FACTOR[tier] * market.calm * shared
        if tier == "crypto_equity" or listings.beta[n] > 1.6:
            relative[:, n] += 0.75 * market.crypto_factor
    clock = np.arange(sessions)[:, None]
    moves = (clock > listings.first) & (clock <= listings.last)
    relative = np.where(moves, relative, 0.0)
    columns = np.arange(size)
    wanted = np.log(listings.caps[1] / listings.caps[0])
    wanted -= np.log(counts.neutral[listings.last, columns] / counts.neutral[listings.first, columns])
    wanted -= _index_growth(listings, market)
    drift = (wanted - relative.sum(axis=0)) / np.maximum(moves.sum(axis=0), 1)
    return relative + np.where(moves, np.clip(drift, -0.004, 0.004), 0.0)


def _index_growth(listings: Listings, market: Market) -> np.ndarray:
    path = np.cumsum(market.ndx_return)
    return path[listings.last] - path[listings.first]


def _first_prices(
    listings: Listings, counts: Counts, market: Market, relative: np.ndarray, seed: int
) -> np.ndarray:
    """Return prices as traded at the first bar such that the last ones are between 25 and 500 dollars, after splits."""
    columns = np.arange(len(listings.symbols))
    last = np.array([25 * 20 ** stream(seed, "price", symbol).uniform() for symbol in listings.symbols])
    last = np.where(listings.caps[1] < 8e9, 12 + last / 10, last)
    splits = counts.product[listings.last, columns] / counts.product[listings.first, columns]
    growth = relative.sum(axis=0) + _index_growth(listings, market)
    return np.round(np.maximum(last * splits * np.exp(-growth), 4.0), 2)


def _walk(
    listings: Listings, counts: Counts, spin_offs: SpinOffs, market: Market, relative: np.ndarray,
    first_price: np.ndarray, force: np.ndarray, sessions: Sessions, rebalancing: Rebalancing | None, seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    length, size = relative.shape
    primary = np.flatnonzero(listings.issuer == np.arange(size))
    seconds = np.flatnonzero(listings.issuer != np.arange(size))
    class_spread = {n: 0.004 + autoregression(
        0.0006 * stream(seed, "class", listings.symbols[n]).standard_normal(length), 0.95) for n in seconds}
    tiers = {tier: np.array([n for n in primary if listings.tier[n] == tier], int) for tier in story.TIER_EXCESS}
    close, given, shares = np.full((length, size), np.nan), np.zeros((length, size)), np.zeros((length, size))
    index_return = np.full(length, np.nan)
    index, due = IndexShares(size, rebalancing), reviews(rebalancing, sessions)
    gross, target = np.exp(relative), np.exp(market.ndx_return)
    composite = np.exp(market.composite_return)
    for t in range(length):
        before = close[t - 1] if t else np.full(size, np.nan)
        now = np.where(listings.first == t, first_price, np.nan)
        trades = np.flatnonzero(~np.isnan(before) & listings.alive[t])
        if t:
            holders = listings.member[t] & listings.alive[t] & ~np.isnan(before) & ~np.isnan(force[t - 1])
            values = [Values(np.nan_to_num(close[at] * counts.product[at]), np.nan_to_num(force[at]))
                      for at in (t - 1, due[t].reference if t in due else t - 1)]
            neutral = values[0].price
            index.open(values[0], holders, t, due.get(t), values[1])
            shares[t] = index.shares
            weight = index.shares * neutral
            weight /= weight.sum()
            moved = gross[t].copy()
            planned = {tier: composite[t] * np.exp(market.excess[tier][t]) for tier, group in tiers.items()
                       if len(group) and not np.isnan(market.excess[tier][t])}
            common = np.zeros(size, bool)
            common[trades] = True
            for tier, wanted in planned.items():
                group = tiers[tier][common[tiers[tier]]]
                moved[group] *= wanted / moved[group].mean()
                common[group] = False
            free = weight * common
            moved[common] *= (target[t] - (weight * ~common * moved).sum()) / (free * moved).sum()
            now[trades] = np.maximum(np.round(before[trades] * moved[trades] / counts.ratio[t, trades], 2), 0.05)
        for n in seconds:
            if listings.alive[t, n]:
                now[n] = np.round(now[listings.issuer[n]] * (1 + class_spread[n][t]), 2)
        given[t] = spin_offs.take_effect(t, now)
        close[t] = now
        if t:
            held = index.holders
            change = (now + given[t])[held] * counts.ratio[t, held] / before[held]
            index_return[t] = (weight[held] * change).sum() - 1
    return close, given, shares, index_return
