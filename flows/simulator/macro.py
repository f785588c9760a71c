"""Simulate every macro series of the catalog: its value for each date, before releases and revisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from flows.simulator.market import Market
from flows.simulator.paths import Sessions, autoregression, stream
from warehouse.catalog import Series

CLOSES = {"VIXCLS": "^VIX", "VXVCLS": "^VIX3M", "NASDAQCOM": "^IXIC", "NASDAQ100": "^NDX", "SP500": "^GSPC"}
TREASURY = ("DGS10", "DGS2", "T10Y2Y", "DFII10", "BAA10Y")      # no value on the holidays of the bond market


@dataclass(frozen=True)
class Monthly:
    """A path by month or quarter: levels at the ends of six years, noise, first-release error, decimals."""

    first: float
    last: float
    noise: float                 # of a period, in the unit of the series or, if `grows`, as a fraction
    error: float                 # of a first release, in the same unit
    decimals: int
    slowing: float = 1.0         # above 1, growth is stronger in the first years
    grows: bool = True


PATHS = {
    "UNRATE": Monthly(9.8, 4.3, 0.08, 0.0, 1, 7.0, grows=False),
    "PAYEMS": Monthly(137_800, 158_700, 0.0004, 0.00035, 0, 2.0),
    "CPIAUCSL": Monthly(257.2, 332.1, 0.0008, 0.0, 3, 1.3),
    "INDPRO": Monthly(92.5, 102.6, 0.0035, 0.0022, 4),
    "IPG3344S": Monthly(104.0, 187.0, 0.0060, 0.0050, 4, 0.8),
    "AHETPI": Monthly(24.6, 32.3, 0.0007, 0.0006, 2, 1.15),
    "RSAFS": Monthly(529_000, 752_000, 0.0040, 0.0035, 0, 1.5),
    "PPIACO": Monthly(189.8, 282.0, 0.0060, 0.0030, 3, 1.6),
    "UMCSENT": Monthly(78.0, 52.0, 3.2, 0.0, 1, grows=False),
    "DRTSCILM": Monthly(41.0, 7.8, 6.5, 0.0, 1, grows=False),
    "ECIWAG": Monthly(142.0, 178.2, 0.0005, 0.0, 1, 1.1),
}


def dates_of(series: Series, sessions: Sessions) -> np.ndarray:
    """Return the dates for which a series has rows: weekdays, week ends, or first days of months and quarters."""
    every = np.arange(sessions.days[0], sessions.days[-1] + 1)
    weekday = (every.view("int64") + 3) % 7
    if series.frequency == "daily":
        return every if series.id == "DFF" else every[weekday < 5]
    if series.frequency == "weekly":
        return every[weekday == (5 if series.id == "ICSA" else 4)]
    months = np.arange(sessions.days[0].astype("datetime64[M]"), sessions.days[-1].astype("datetime64[M]") + 1)
    if series.frequency == "quarterly":
        months = months[months.view("int64") % 3 == 0]
    first_days = months.astype("datetime64[D]")
    return first_days[first_days >= sessions.days[0]]


def values_of(
    series: Series, dates: np.ndarray, market: Market, closes: dict[str, np.ndarray], sessions: Sessions, seed: int
) -> np.ndarray:
    """Return one value per date, as finally known; NaN if the source reports it as missing."""
    draw = stream(seed, "macro", series.id)
    if series.id in CLOSES and CLOSES[series.id] in closes:
        path = np.round(closes[CLOSES[series.id]], 2)
    elif series.frequency == "daily":
        path = _daily(series, market, draw)
    elif series.frequency == "weekly":
        return _weekly(series, dates, market, sessions, draw)
    else:
        return _periodic(series, len(dates), draw)
    index = np.searchsorted(sessions.days, dates, side="right") - 1
    values = path[np.maximum(index, 0)]
    if series.id == "DFF":                      # the one daily series without holidays
        return values
    return np.where(np.isin(dates, sessions.days), values, np.nan)


def bond_holidays(dates: np.ndarray) -> np.ndarray:
    """Return whether each date is Columbus Day or Veterans Day, on which shares trade and Treasuries do not."""
    days = dates.astype(object)
    columbus = [d.month == 10 and d.weekday() == 0 and 8 <= d.day <= 14 for d in days]
    return np.array([c or _is_veterans_day(d) for c, d in zip(columbus, days, strict=True)])


def _is_veterans_day(day: date) -> bool:
    return day.month == 11 and (day.day == 11 or (day.day == 12 and day.weekday() == 0)
                                or (day.day == 10 and day.weekday() == 4))


def _daily(series: Series, market: Market, draw: np.random.Generator) -> np.ndarray:
    length = len(market.vix)
    smooth = autoregression(0.12 * market.vix, 0.88) + market.vix[0] * 0.88 ** np.arange(1, length + 1)
    noise = autoregression(draw.standard_normal(length), 0.97)
    clock = np.linspace(0, 1, length)
    paths = {
        "DGS10": market.ten_year, "DGS2": market.two_year, "T10Y2Y": market.ten_year - market.two_year,
        "DFII10": market.ten_year - np.interp(clock, [0, 0.3, 0.6, 1], [1.2, 2.6, 2.25, 2.35]) + 0.01 * noise,
        "BAA10Y": 1.25 + 0.035 * (smooth - 12) + 0.02 * noise + 0.9 * np.exp(-clock * 14),
        "BAMLH0A0HYM2": 2.55 + 0.105 * (smooth - 14) + 0.025 * noise + 1.6 * np.exp(-clock * 12),
        "DFF": _policy_rate(clock),
    }
    if series.id in paths:
        return np.round(paths[series.id], 2)
    low, high = series.range
    return np.round(low + (high - low) * (0.3 + 0.002 * noise), 2)


def _policy_rate(clock: np.ndarray) -> np.ndarray:
    """Return the overnight rate in steps of a quarter point between round turning points."""
    turns, rates = [0, 0.29, 0.53, 0.715, 0.76, 0.88, 0.92, 1], [0.08, 0.08, 5.33, 5.33, 4.33, 4.33, 3.83, 3.63]
    path = np.interp(clock, turns, rates)
    return np.floor((path - 0.08) / 0.25) * 0.25 + 0.08


def _weekly(
    series: Series, dates: np.ndarray, market: Market, sessions: Sessions, draw: np.random.Generator
) -> np.ndarray:
    index = np.maximum(np.searchsorted(sessions.days, dates, side="right") - 1, 0)
    vix = np.convolve(market.vix, np.ones(10) / 10)[:len(market.vix)]
    vix[:10] = market.vix[:10]
    noise = autoregression(draw.standard_normal(len(dates)), 0.85)
    if series.id == "ICSA":
        path = 218_000 + 1_250_000 * np.exp(-np.linspace(0, 26, len(dates))) + 4_500 * noise
        return np.round(path, -3)
    if series.id == "NFCI":
        return np.round(-0.62 + 0.019 * (vix[index] - 14) + 0.012 * noise, 3)
    if series.id == "STLFSI4":
        return np.round(-0.85 + 0.062 * (vix[index] - 14) + 0.05 * noise, 4)
    low, high = series.range
    return np.round(low + (high - low) * (0.3 + 0.005 * noise), 3)


def _periodic(series: Series, length: int, draw: np.random.Generator) -> np.ndarray:
    low, high = series.range
    middle = 0.7 * low + 0.3 * high
    path = PATHS.get(series.id) or Monthly(middle, middle, 0.002 * (high - low), 0, 2, grows=False)
    clock = 1 - (1 - np.linspace(0, 1, length)) ** path.slowing
    noise = autoregression(path.noise * draw.standard_normal(length), 0.6)
    if path.grows:
        return path.first * (path.last / path.first) ** clock * np.exp(noise)
    return path.first + (path.last - path.first) * clock + noise
