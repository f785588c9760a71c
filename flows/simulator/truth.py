"""Compute the true figures of the simulated market: weights, contributions, returns, share counts, leadership."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.simulator import story
from flows.simulator.actions import Counts
from flows.simulator.index import Review
from flows.simulator.listings import Listings
from flows.simulator.market import Market
from flows.simulator.paths import Sessions
from flows.simulator.stocks import Stocks
from flows.simulator.write import coded

GAP_SESSIONS = 5            # a return uses a previous close at most so many sessions old
INDEX, SCHEMES = "NDX", ("full_cap", "capped")


@dataclass(frozen=True)
class Weights:
    """Weights, returns and contributions by session and issuer (T, N), from the bars in the archive."""

    open_weight: dict[str, np.ndarray]       # by scheme; 0 for an issuer without one
    close_weight: dict[str, np.ndarray]
    price_return: np.ndarray                 # NaN without a close within GAP_SESSIONS before
    span: np.ndarray                         # sessions that the day's returns span, 0 without returns


def weigh(listings: Listings, counts: Counts, stocks: Stocks, held: np.ndarray) -> Weights:
    """Compute both weightings of the index over members with a return, valued at their last close before the session."""
    price = np.where(held, stocks.close * counts.product, np.nan)        # neutral: before every split
    last, force, age = _last_known(price, stocks.force)
    price_return = (price + stocks.given * counts.product) / last - 1
    counted = listings.member & ~np.isnan(price_return) & ~np.isnan(force)
    span = np.where(counted.any(axis=1), np.where(counted, age, 99).min(axis=1), 0)
    at_close = listings.member & ~np.isnan(price) & ~np.isnan(stocks.force)
    open_value = {"full_cap": last * force, "capped": last * stocks.index_shares}
    close_value = {"full_cap": price * stocks.force, "capped": price * stocks.index_shares}
    return Weights(
        {scheme: _shares_of(np.where(counted, value, 0.0)) for scheme, value in open_value.items()},
        {scheme: _shares_of(np.where(at_close, value, 0.0)) for scheme, value in close_value.items()},
        price_return, span,
    )


def _last_known(price: np.ndarray, force: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the last price before each session, the count in force then, and its age in sessions."""
    last, counts = np.full_like(price, np.nan), np.full_like(price, np.nan)
    age = np.zeros(price.shape, int)
    for back in range(1, GAP_SESSIONS + 1):
        earlier = np.full_like(price, np.nan)
        earlier[back:] = price[:-back]
        take = np.isnan(last) & ~np.isnan(earlier)
        last[take], age[take] = earlier[take], back
        rows, columns = np.nonzero(take)
        counts[rows, columns] = force[rows - back, columns]
    return last, counts, age


def _shares_of(value: np.ndarray) -> np.ndarray:
    total = value.sum(axis=1, keepdims=True)
    return np.divide(value, total, out=np.zeros_like(value), where=total > 0)


def index_weight(weights: Weights, listings: Listings, sessions: Sessions) -> dict:
    """Return the rows of truth/index_weight by session, scheme and issuer."""
    blocks: dict[str, list[np.ndarray]] = {name: [] for name in (
        "date", "scheme", "issuer", "open_weight", "price_return", "contribution", "close_weight")}
    for number, scheme in enumerate(SCHEMES):
        opening, closing = weights.open_weight[scheme], weights.close_weight[scheme]
        rows, columns = np.nonzero((opening > 0) | (closing > 0))
        change = weights.price_return[rows, columns]
        share = np.where(opening[rows, columns] > 0, opening[rows, columns], np.nan)
        for name, block in (
            ("date", sessions.days[rows]), ("scheme", np.full(len(rows), number)), ("issuer", columns),
            ("open_weight", share), ("price_return", np.where(np.isnan(share), np.nan, change)),
            ("contribution", share * change), ("close_weight", closing[rows, columns]),
        ):
            blocks[name].append(block)
    table: dict = {name: np.concatenate(parts) for name, parts in blocks.items()}
    table["index"] = coded(np.zeros(len(table["date"])), [INDEX])
    table["scheme"] = coded(table["scheme"], list(SCHEMES))
    table["issuer"] = coded(table["issuer"], listings.symbols)
    return table


def index_return(weights: Weights, published: np.ndarray, due: dict[int, Review], sessions: Sessions) -> dict:
    """Return the rows of truth/index_return: the published index against both weightings, over the same span."""
    change = np.nan_to_num(weights.price_return)
    index = np.arange(len(published))
    official = np.where(weights.span > 0, published / published[np.maximum(index - weights.span, 0)] - 1, np.nan)
    present = weights.open_weight["full_cap"] > 0
    equal = (change * present).sum(axis=1) / np.where(present.any(axis=1), present.sum(axis=1), np.nan)
    table: dict = {
        "date": sessions.days, "index": [INDEX] * len(published), "official_return": official,
        "equal_weight_return": equal, "span_sessions": weights.span,
        "effective": [due[t].kind if t in due else None for t in range(len(published))],
    }
    for scheme in SCHEMES:
        total = (weights.open_weight[scheme] * change).sum(axis=1)
        table[f"{scheme}_return"] = np.where(weights.span > 0, total, np.nan)
    return table


def shares(listings: Listings, counts: Counts, stocks: Stocks, sessions: Sessions) -> dict:
    """Return the rows of truth/shares, one per change of either count: the true count and the one in force, as traded."""
    force = np.where(listings.alive, np.round(stocks.force * counts.product, 3), np.nan)
    true = np.where(listings.alive, stocks.true, 0)
    changed = listings.alive.copy()
    changed[1:] &= (true[1:] != true[:-1]) | (np.abs(force[1:] / force[:-1] - 1) > 1e-12) | ~listings.alive[:-1]
    columns, days = np.nonzero(changed.T)
    return {"symbol": coded(columns, listings.symbols), "date": sessions.days[days], "true_count": true[days, columns],
            "count_in_force": force[days, columns]}


def published_weights(weights: Weights, listings: Listings, sessions: Sessions) -> dict:
    """Return the weight lists of one summer by security, rounded as published, each published a session after its date."""
    first, length = story.PUBLISHED_WEIGHTS
    table: dict[str, list] = {name: [] for name in ("index", "date", "published_on", "symbol", "weight")}
    for t in range(sessions.at(first), min(sessions.at(first) + length, len(sessions) - 1)):
        row: list[tuple[str, float]] = []
        for n in np.flatnonzero(weights.close_weight["capped"][t]):
            weight = weights.close_weight["capped"][t, n]
            lines = [m for m in np.flatnonzero(listings.issuer == n) if listings.line_member[t, m]]
            parts = [1.0] if len(lines) == 1 else [story.CLASS_SHARE, *(
                [(1 - story.CLASS_SHARE) / (len(lines) - 1)] * (len(lines) - 1))]
            lines.sort(key=lambda m: int(m != n))
            row += [(listings.symbols[m], round(float(weight * part), 5)) for m, part in zip(lines, parts, strict=True)]
        for symbol, weight in sorted(row):
            for name, cell in zip(table, (INDEX, sessions.days[t], sessions.days[t + 1], symbol, weight), strict=True):
                table[name].append(cell)
    return table


def leadership(market: Market, sessions: Sessions) -> tuple[dict, dict]:
    """Return the rows of truth/leadership, and those of truth/tier_excess for sessions with a planned excess."""
    order = sorted(story.LEADS.items(), key=lambda item: item[1])
    leads = {
        "tier": [tier for tier, _ in order], "position": list(range(1, len(order) + 1)),
        "lead_date": [sessions.days[market.peak + k] for _, k in order],
        "sessions_after_peak": [k for _, k in order],
    }
    planned: dict[str, list] = {"date": [], "tier": [], "excess_log_return": []}
    for tier, excess in market.excess.items():
        days = np.flatnonzero(~np.isnan(excess))
        planned["date"].extend(sessions.days[days])
        planned["tier"].extend([tier] * len(days))
        planned["excess_log_return"].extend(excess[days])
    return leads, planned
