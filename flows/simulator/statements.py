"""Simulate twelve quarters of statements per company; sums add up, and margins of the AI leaders rise with revenue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from flows.simulator import story
from flows.simulator.listings import Listings
from flows.simulator.paths import stream

QUARTERS = 12
FISCAL_MONTH = {"AVGO": 1, "NVDA": 1, "WMT": 1, "HD": 1, "COST": 2, "MU": 2, "ORCL": 2}    # quarter ends, modulo 3


@dataclass(frozen=True)
class Profile:
    """Yearly growth of revenue, and margins in the first quarter with their change over the twelve quarters."""

    growth: float
    gross: tuple[float, float]
    operating_cost: tuple[float, float]      # share of revenue
    capex: tuple[float, float]               # share of revenue
    sales_multiple: float                    # capitalization over yearly revenue at the end
    inventory_days: float


PROFILES = {
    "ai_leaders": Profile(0.17, (0.52, 0.045), (0.255, -0.055), (0.12, 0.10), 9.0, 25),
    "semiconductors": Profile(0.16, (0.54, 0.020), (0.27, -0.020), (0.09, 0.02), 11.0, 105),
    "crypto_equity": Profile(0.28, (0.48, -0.010), (0.35, -0.020), (0.10, 0.05), 9.0, 10),
    "": Profile(0.055, (0.46, -0.010), (0.29, 0.008), (0.05, 0.005), 4.0, 55),
}
OWN_PROFILES = {
    "NVDA": Profile(0.55, (0.69, 0.060), (0.19, -0.080), (0.025, 0.002), 18.0, 85),
    "AAPL": Profile(0.065, (0.445, 0.035), (0.145, -0.012), (0.028, -0.002), 8.5, 9),
    "MSFT": Profile(0.155, (0.685, 0.020), (0.255, -0.065), (0.13, 0.040), 12.0, 4),
    "AMZN": Profile(0.115, (0.475, 0.040), (0.400, -0.020), (0.10, 0.06), 3.5, 32),
    "GOOGL": Profile(0.15, (0.565, 0.035), (0.275, -0.045), (0.11, 0.09), 8.0, 3),
    "META": Profile(0.20, (0.805, 0.015), (0.470, -0.075), (0.20, 0.12), 8.0, 1),
    "ORCL": Profile(0.13, (0.71, -0.010), (0.40, -0.030), (0.16, 0.20), 9.5, 3),
}


def statements(listings: Listings, seed: int) -> tuple[dict[str, list], dict[str, list]]:
    """Return the rows of `statements` for every catalog company that has them, and the planted operating leverage."""
    rows: dict[str, list] = {name: [] for name in ("symbol", "statement", "period_end", "item", "value")}
    leverage: dict[str, list] = {name: [] for name in (
        "symbol", "period_end", "revenue_change", "operating_margin_change", "degree")}
    for n, instrument in enumerate(listings.instruments):
        if not instrument.statements:
            continue
        primary = int(listings.issuer[n])
        ends = _period_ends(listings.symbols[primary])
        quarters = _company(listings, primary, seed)
        for statement, items in quarters.items():
            for item, values in items.items():
                for end, value in zip(ends, values.tolist(), strict=True):
                    for name, cell in zip(rows, (instrument.symbol, statement, end, item, value), strict=True):
                        rows[name].append(cell)
        _record_leverage(leverage, instrument.symbol, ends, quarters["income"])
    return rows, leverage


def _period_ends(symbol: str) -> list[date]:
    """Return the twelve latest quarter ends that are known by the last session (45 days after the end)."""
    month, ends = FISCAL_MONTH.get(symbol, 0) % 3, []
    day = story.LAST - timedelta(days=45)
    while len(ends) < QUARTERS:
        end = day.replace(day=1) - timedelta(days=1)
        if end.month % 3 == month:
            ends.append(end)
        day = end
    return ends[::-1]


def _company(listings: Listings, n: int, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """Return statement -> item -> value of each quarter, in whole millions of dollars; every sum holds exactly."""
    symbol = listings.symbols[n]
    profile = OWN_PROFILES.get(symbol, PROFILES.get(listings.tier[n], PROFILES[""]))
    draw = stream(seed, "statements", symbol)
    clock = np.linspace(0, 1, QUARTERS)
    jitter, season = draw.uniform(0.85, 1.2), draw.standard_normal(4) * 0.02
    size = draw.uniform(0.8, 1.2)
    if symbol in OWN_PROFILES:
        jitter = size = 1.0
    latest = listings.caps[1, n] / profile.sales_multiple / 4 * size
    growth = np.log1p(profile.growth) * jitter
    # The wobble repeats every fourth quarter, so that the year-on-year change is the planned one.
    revenue = _millions(latest * np.exp(growth * (clock - 1) * (QUARTERS - 1) / 4 + np.tile(season, 3)))
    cost = _millions(revenue * (1 - _share(profile.gross, clock, draw, 0.002)))
    gross = revenue - cost
    expense = _millions(revenue * _share(profile.operating_cost, clock, draw, 0.002))
    research = _millions(expense * (0.55 if listings.sector[n] == "Information Technology" else 0.15))
    selling = expense - research
    operating = gross - expense
    depreciation = _millions(revenue * (0.015 + 0.5 * _share(profile.capex, clock, draw, 0.0)))
    interest = _millions(revenue * 0.008)
    pretax = operating - interest
    tax = _millions(np.maximum(pretax, 0) * 0.17)
    net = pretax - tax
    shares = np.round(listings.caps[1, n] / 300 * (1.01 - 0.01 * clock), -3)
    receivables, inventory = _millions(revenue * 0.62), _millions(cost * profile.inventory_days / 91)
    payables = _millions(cost * 0.45)
    pay_in_shares, capital = _millions(revenue * 0.045), receivables + inventory - payables
    working = -np.diff(capital, prepend=capital[0])
    cash_flow = net + depreciation + pay_in_shares + working
    capex = -_millions(revenue * _share(profile.capex, clock, draw, 0.002))
    free = cash_flow + capex
    buyback, dividend = -_millions(np.maximum(net, 0) * 0.45), -_millions(np.maximum(net, 0) * 0.12)
    cash = _millions(revenue[0] * 1.1) + np.cumsum(free + buyback + dividend)
    plant = _millions(revenue[0] * 2.2) + np.cumsum(-capex - depreciation)
    cash = cash + max(0.0, 1e6 * np.ceil((revenue[0] * 0.2 - cash.min()) / 1e6))
    other = np.full(QUARTERS, _millions(revenue[:1] * 1.4)[0])
    current = cash + receivables + inventory
    assets = current + plant + other
    debt = np.full(QUARTERS, _millions(revenue[:1] * 0.9)[0])
    liabilities = payables + debt
    return {
        "income": {
            "Total Revenue": revenue, "Operating Revenue": revenue, "Cost Of Revenue": cost,
            "Reconciled Cost Of Revenue": cost, "Gross Profit": gross, "Research And Development": research,
            "Selling General And Administration": selling, "Operating Expense": expense,
            "Total Expenses": cost + expense, "Operating Income": operating,
            "Total Operating Income As Reported": operating, "EBIT": operating, "EBITDA": operating + depreciation,
            "Reconciled Depreciation": depreciation, "Interest Expense": interest, "Pretax Income": pretax,
            "Tax Provision": tax, "Net Income": net, "Net Income Common Stockholders": net,
            "Diluted Average Shares": shares, "Diluted EPS": np.round(net / shares, 2),
        },
        "balance": {
            "Total Assets": assets, "Current Assets": current, "Cash And Cash Equivalents": cash,
            "Accounts Receivable": receivables, "Receivables": receivables, "Inventory": inventory, "Net PPE": plant,
            "Total Non Current Assets": plant + other, "Accounts Payable": payables, "Payables": payables,
            "Current Liabilities": payables, "Total Debt": debt, "Long Term Debt": debt,
            "Total Liabilities Net Minority Interest": liabilities, "Stockholders Equity": assets - liabilities,
            "Working Capital": current - payables, "Ordinary Shares Number": shares,
        },
        "cashflow": {
            "Operating Cash Flow": cash_flow, "Cash Flow From Continuing Operating Activities": cash_flow,
            "Capital Expenditure": capex, "Purchase Of PPE": capex, "Free Cash Flow": free,
            "Depreciation And Amortization": depreciation, "Stock Based Compensation": pay_in_shares,
            "Change In Working Capital": working, "Repurchase Of Capital Stock": buyback,
            "Cash Dividends Paid": dividend, "Net Income From Continuing Operations": net,
            "End Cash Position": cash,
        },
    }


def _share(plan: tuple[float, float], clock: np.ndarray, draw: np.random.Generator, noise: float) -> np.ndarray:
    return plan[0] + plan[1] * clock + noise * draw.standard_normal(len(clock))


def _millions(value: np.ndarray) -> np.ndarray:
    return np.round(value, -6)


def _record_leverage(leverage: dict[str, list], symbol: str, ends: list[date], income: dict[str, np.ndarray]) -> None:
    """Return the year-on-year change of the trailing four quarters, from the eighth quarter on."""
    revenue, operating = income["Total Revenue"], income["Operating Income"]
    for q in range(7, QUARTERS):
        now, before = slice(q - 3, q + 1), slice(q - 7, q - 3)
        change = revenue[now].sum() / revenue[before].sum() - 1
        earned, base = operating[now].sum(), operating[before].sum()
        margin = earned / revenue[now].sum() - base / revenue[before].sum()
        degree = (earned / base - 1) / change if base > 0 and abs(change) >= 0.02 else np.nan
        for name, cell in zip(leverage, (symbol, ends[q], change, margin, degree), strict=True):
            leverage[name].append(cell)
