"""Convert the simulated market to the tables of an archive."""

from __future__ import annotations

from typing import Any

import numpy as np

from flows.simulator import story
from flows.simulator.actions import Counts, fund_dividends, stock_dividends
from flows.simulator.bars import Columns, Hole
from flows.simulator.listings import Listings
from flows.simulator.market import Market
from flows.simulator.paths import Sessions
from flows.simulator.stocks import Stocks
from flows.simulator.write import coded
from warehouse.catalog import Catalog

QUOTE_TYPES = {"stock": "EQUITY", "fund": "ETF", "index": "INDEX", "crypto": "CRYPTOCURRENCY"}
FREQUENCIES = {"daily": "Daily", "weekly": "Weekly", "monthly": "Monthly", "quarterly": "Quarterly"}
Table = dict[str, Any]


def bars(stocks: Columns, others: Columns, listings: Listings) -> Table:
    """Return the bars of stocks, then of indices, funds and bitcoin, each by symbol and date."""
    names = sorted(set(others["symbol"]))
    index = {symbol: len(listings.symbols) + n for n, symbol in enumerate(names)}
    codes = np.concatenate([stocks["symbol"], [index[symbol] for symbol in others["symbol"]]])
    table: Table = {name: np.concatenate([stocks[name], others[name]]) for name in stocks if name != "symbol"}
    return {"symbol": coded(codes, [*listings.symbols, *names])} | table


def actions(
    listings: Listings, counts: Counts, stocks: Stocks, closes: dict[str, np.ndarray], sessions: Sessions, seed: int
) -> Table:
    """Return one row per symbol and ex-date: cash per share, or new shares per old share."""
    paid = stock_dividends(listings, counts, stocks.close, seed)
    rows = [(listings.symbols[n], sessions.days[t], cash, np.nan)
            for t, n, cash in zip(paid.session, paid.column, paid.cash, strict=True)]
    funds = sorted(symbol for symbol in closes if not symbol.startswith("^"))
    paid = fund_dividends(funds, np.stack([closes[symbol] for symbol in funds], axis=1), seed)
    rows += [(funds[n], sessions.days[t], cash, np.nan)
             for t, n, cash in zip(paid.session, paid.column, paid.cash, strict=True)]
    merged = {(symbol, day): [cash, ratio] for symbol, day, cash, ratio in rows}
    for t, n in np.argwhere(counts.ratio != 1):
        merged.setdefault((listings.symbols[n], sessions.days[t]), [np.nan, np.nan])[1] = counts.ratio[t, n]
    ordered = sorted(merged)
    return {"symbol": [key[0] for key in ordered], "date": [key[1] for key in ordered],
            "dividend": [merged[key][0] for key in ordered], "split_ratio": [merged[key][1] for key in ordered]}


def shares(listings: Listings, stocks: Stocks, sessions: Sessions) -> Table:
    """Return the share counts that the feed reports, one row per change."""
    changed = listings.alive.copy()
    changed[1:] &= (stocks.reported_counts[1:] != stocks.reported_counts[:-1]) | ~listings.alive[:-1]
    columns, days = np.nonzero(changed.T)
    return {"symbol": coded(columns, listings.symbols), "date": sessions.days[days],
            "shares_outstanding": stocks.reported_counts[days, columns]}


def instruments(catalog: Catalog, listings: Listings) -> Table:
    """Return names and sectors from the catalog; columns that it does not have are empty."""
    kept = [i for i in catalog.of_kind("stock") if i.symbol in set(listings.symbols)]
    kept += catalog.of_kind("crypto", "fund", "index")
    nothing = [None] * len(kept)
    return {
        "symbol": [i.symbol for i in kept], "name": [i.name for i in kept],
        "nasdaq_sector": [i.nasdaq_sector for i in kept], "nasdaq_industry": nothing,
        "country": nothing, "gics_sector": [i.gics_sector for i in kept],
        "gics_sub_industry": nothing, "quote_type": [QUOTE_TYPES[i.kind] for i in kept],
    }


def membership(catalog: Catalog) -> Table:
    """Return each universe's full initial list and its changes since."""
    rows = []
    for code, universe in sorted(catalog.universes.items()):
        rows += [(universe.initial_date, "add", symbol, code) for symbol in universe.initial_symbols]
        for change in universe.changes:
            rows += [(change.date, "add", symbol, code) for symbol in change.add]
            rows += [(change.date, "remove", symbol, code) for symbol in change.remove]
    rows.sort()
    return {"symbol": [r[2] for r in rows], "date": [r[0] for r in rows], "change": [r[1] for r in rows],
            "index": [r[3] for r in rows]}


def series(catalog: Catalog) -> Table:
    """Return the macro series; the lag is that of the catalog's rule, and empty if each release has a separate date."""
    kept = [entry for _, entry in sorted(catalog.series.items())]
    lags = [entry.known.lag_business_days if entry.known.lag_business_days is not None else entry.known.lag_days
            for entry in kept]
    return {"series_id": [entry.id for entry in kept], "frequency": [FREQUENCIES[entry.frequency] for entry in kept],
            "units": [entry.unit for entry in kept], "publication_lag_days": np.array(lags, float)}


def splits(listings: Listings, counts: Counts, sessions: Sessions) -> Table:
    """Return every planted split, and by how many sessions its share count is late."""
    rows = sorted((listings.symbols[n], t, n) for t, n in np.argwhere(counts.ratio != 1))
    return {"symbol": [symbol for symbol, _, _ in rows], "date": [sessions.days[t] for _, t, _ in rows],
            "split_ratio": [counts.ratio[t, n] for _, t, n in rows],
            "count_late_sessions": [counts.lag[t, n] for _, t, n in rows]}


def holes(found: list[Hole]) -> Table:
    """Return every planted hole."""
    return {"kind": [hole.kind for hole in found], "symbol": [hole.symbol for hole in found],
            "first_date": [hole.first for hole in found], "last_date": [hole.last for hole in found],
            "detail": [hole.detail for hole in found]}


def loadings(listings: Listings) -> Table:
    """Return the factor model: the issuer, tier, sector, beta and idiosyncratic daily deviation of each stock."""
    return {
        "symbol": listings.symbols, "issuer": [listings.symbols[n] for n in listings.issuer],
        "tier": [tier or None for tier in listings.tier], "sector": [sector or None for sector in listings.sector],
        "beta": listings.beta, "idiosyncratic_volatility": listings.own_volatility,
    }


def story_told(market: Market, closes: dict[str, np.ndarray], sessions: Sessions) -> Table:
    """Return the planted facts of the spring of 2026, with the simulated figures."""
    composite, vix, peak = closes["^IXIC"], closes["^VIX"], market.peak
    record = np.concatenate([[False], composite[1:] > np.maximum.accumulate(composite)[:-1]])
    after = sessions.at(story.RECORD)
    relief = sessions.at("2026-04-14")
    return {
        "vix_peak": {"date": str(sessions.days[peak]), "close": float(vix[peak])},
        "vix_relief": {"date": str(sessions.days[relief]), "close": float(vix[relief]),
                       "points": round(float(vix[relief] - vix[peak]), 2), "sessions": relief - peak},
        "composite_drawdown_at_peak": round(float(composite[peak] / composite[:peak + 1].max() - 1), 6),
        "first_record_after": str(sessions.days[after]),
        "record_closes_since": [str(sessions.days[t]) for t in np.flatnonzero(record) if t >= after],
        "divergent_days": [str(sessions.days[t]) for t in market.divergent],
        "order_of_leadership": sorted(story.LEADS, key=lambda tier: story.LEADS[tier]),
        "wrong_count": {"symbol": story.WRONG_COUNT[0], "first": story.WRONG_COUNT[1], "sessions": story.WRONG_COUNT[2],
                        "factor": story.WRONG_COUNT[3]},
        "merger": {"symbol": story.MERGER[0], "date": story.MERGER[1], "factor": story.MERGER[2]},
        "late_count": {"symbol": story.LATE_COUNT[0], "true_from": story.LATE_COUNT[1],
                       "sessions": story.LATE_COUNT[2], "factor": story.LATE_COUNT[3]},
        "published_weights": {"first": story.PUBLISHED_WEIGHTS[0], "sessions": story.PUBLISHED_WEIGHTS[1]},
        "index_rule": "At a rebalance of the catalog, weights are set on the closes and counts in force of its reference "
                      "date, within the declared limits; a quarterly one renews counts only, unless the weights in force "
                      "break a limit. Between them a leaver's weight goes to the divisor and a joiner enters with its full "
                      "capitalization, but not above the smallest limited issuer. A company with two lines is one holding, "
                      "at its primary line's price.",
    }
