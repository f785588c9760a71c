"""Plan the market that drives every price: composite, volatility, yields, bitcoin and the planned excess of the tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flows.simulator import story
from flows.simulator.paths import Sessions, autoregression, bridge, stream, taper

ROOT_YEAR = np.sqrt(252.0)
COMPOSITE_OF_100 = 0.82     # share of the Nasdaq-100 in the composite; the rest are small companies
TIER_MOVES_WITH = {         # the parts of a tier's excess: idiosyncratic noise, bitcoin, the market
    "ai_leaders": (1.0, 0.0, 0.0), "semiconductors": (0.85, 0.0, 0.5), "crypto_equity": (0.5, 0.6, 0.6),
}


@dataclass(frozen=True)
class Market:
    """Planned paths over T sessions; `_return` are log returns with 0 first, closes are rounded as published."""

    vix: np.ndarray
    vix3m: np.ndarray
    vvix: np.ndarray
    calm: np.ndarray                      # scale of the day's price moves, 1 on an ordinary day
    composite_return: np.ndarray
    ndx_return: np.ndarray
    sp500_return: np.ndarray
    resilient: np.ndarray                 # 1 on the sessions on which technology is the resilient part, else 0
    divergent: list[int]                  # sessions on which the composite is at a record and the S&P 500 falls
    ten_year: np.ndarray                  # percent
    two_year: np.ndarray
    bitcoin_days: np.ndarray              # every calendar day
    bitcoin: np.ndarray
    crypto_factor: np.ndarray             # bitcoin's log return over a stock session
    excess: dict[str, np.ndarray]         # tier -> planned daily log excess over the composite, NaN where free
    peak: int


def plan(sessions: Sessions, seed: int) -> Market:
    """Plan every path that the story sets; the same seed gives the same market."""
    shocks = stream(seed, "market").standard_normal(len(sessions))
    vix, level = _vix(sessions, seed, shocks)
    composite = _composite(sessions, level, shocks)
    composite_return = np.diff(composite, prepend=composite[0])
    ten, two = (_yield(sessions, seed, name, points) for name, points in
                (("ten-year", story.TEN_YEAR), ("two-year", story.TWO_YEAR)))
    days, bitcoin = _bitcoin(sessions, seed)
    factor = _seen_by_sessions(sessions, days, bitcoin)
    calm = (level / 18.0) ** 0.8
    sp500_return, divergent = _sp500(sessions, seed, composite_return, calm)
    return Market(
        vix=np.round(vix, 2),
        vix3m=_noisy(seed, "vix3m", 23.0 * (vix / 23.0) ** 0.68 * 1.055, 0.008),
        vvix=_noisy(seed, "vvix", 90.0 * (vix / 18.0) ** 0.45, 0.025),
        calm=calm,
        composite_return=composite_return,
        ndx_return=_nasdaq_100(seed, composite_return, calm),
        sp500_return=sp500_return,
        resilient=_resilient(sessions),
        divergent=divergent,
        ten_year=ten,
        two_year=two,
        bitcoin_days=days,
        bitcoin=bitcoin,
        crypto_factor=factor,
        excess=_tier_excess(sessions, seed, factor, composite_return),
        peak=sessions.at(story.PEAK),
    )


def _points(sessions: Sessions, points: Sequence[tuple[str, float]]) -> tuple[list[int], list[float]]:
    return [sessions.at(day) for day, _ in points], [float(np.log(value)) for _, value in points]


def _resilient(sessions: Sessions) -> np.ndarray:
    index = np.arange(len(sessions))
    return ((index >= sessions.at("2026-04-01")) & (index < sessions.at("2026-04-09"))).astype(float)


def _noisy(seed: int, name: str, path: np.ndarray, size: float) -> np.ndarray:
    noise = autoregression(size * stream(seed, name).standard_normal(len(path)), 0.6)
    return np.round(path * np.exp(noise), 2)


def _vix(sessions: Sessions, seed: int, shocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return VIX closes and the smooth level under them; the VIX rises if the market's shock is negative."""
    indices, logs = _points(sessions, story.VIX)
    level = np.interp(np.arange(len(sessions)), indices, logs)
    own = stream(seed, "vix").standard_normal(len(sessions))
    noise = autoregression(0.058 * (-0.85 * shocks + 0.53 * own), 0.86) * taper(len(sessions), indices, 4)
    noise[sessions.at("2026-02-20"):sessions.at(story.PEAK)] *= 0.6      # no smaller peak before the planned one
    vix = np.maximum(np.exp(level + noise), 10.6)
    record = sessions.at(story.RECORD)
    vix[record:] = np.minimum(vix[record:], 19.4)                        # and no return above 20 after it
    return vix, np.exp(level)


def _composite(sessions: Sessions, level: np.ndarray, shocks: np.ndarray) -> np.ndarray:
    """Return the log of the composite: a path through the levels of the story, with the volatility that the VIX implies."""
    noise = shocks * np.minimum(level, 42.0) / 100 / ROOT_YEAR * 0.86
    indices, logs = _points(sessions, story.COMPOSITE)
    spring, multiples = _points(sessions, story.COMPOSITE_SPRING)
    noise[spring[0] + 1:spring[8] + 1] *= 0.45      # the planned fall and rise are large enough by themselves
    before = bridge(noise[:indices[-1] + 1], indices, logs)
    record = before.max()
    path = bridge(noise, indices + spring, logs + [record + multiple for multiple in multiples])
    record = path[:spring[0] + 1].max()
    path[spring[0] + 1:spring[7]] = np.minimum(path[spring[0] + 1:spring[7]], record - 0.008)
    return path


def _sp500(
    sessions: Sessions, seed: int, composite_return: np.ndarray, calm: np.ndarray
) -> tuple[np.ndarray, list[int]]:
    noise = 0.0034 * calm * stream(seed, "sp500").standard_normal(len(sessions)) * (1 - 0.7 * _resilient(sessions))
    steps = 0.72 * composite_return + noise
    path = np.cumsum(composite_return)
    records = path > np.maximum.accumulate(np.concatenate([[-np.inf], path[:-1]]))
    start = sessions.at(story.RECORD) + 3
    divergent = [t for t in range(start, len(sessions)) if records[t] and composite_return[t] < 0.007][:4]
    total = float(np.log(story.SP500[1] / story.SP500[0]))
    steps[1:] += (total - steps[1:].sum()) / (len(sessions) - 1)
    steps -= 0.0015 * _resilient(sessions)
    for t in divergent:
        steps[t] = -0.0008 - 0.2 * abs(noise[t])
    steps[0] = 0.0
    return steps, divergent


def _nasdaq_100(seed: int, composite_return: np.ndarray, calm: np.ndarray) -> np.ndarray:
    first, last = story.NASDAQ_100_TO_COMPOSITE
    spread = autoregression(0.0012 * calm * stream(seed, "spread").standard_normal(len(calm)), 0.9)
    spread = spread - np.linspace(spread[0], spread[-1] - np.log(last / first), len(spread))
    return composite_return + np.diff(spread, prepend=spread[0])


def _yield(sessions: Sessions, seed: int, name: str, points: list[tuple[str, float]]) -> np.ndarray:
    """Return a Treasury yield in percent with two decimals, never negative."""
    indices = [sessions.at(day) for day, _ in points]
    levels = [value for _, value in points]
    size = np.interp(np.arange(len(sessions)), [0, 350, 450, len(sessions)], [0.03, 0.035, 0.06, 0.055])
    noise = size * (0.7 * stream(seed, "rates").standard_normal(len(sessions))
                    + 0.7 * stream(seed, name).standard_normal(len(sessions)))
    return np.round(np.maximum(bridge(noise, indices, levels), 0.04), 2)


def _bitcoin(sessions: Sessions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    days = np.arange(sessions.days[0], sessions.days[-1] + 1)
    indices = [int(np.searchsorted(days, np.datetime64(day))) for day, _ in story.BITCOIN]
    weekend = (days.astype("datetime64[D]").view("int64") + 3) % 7 >= 5
    noise = np.where(weekend, 0.020, 0.029) * stream(seed, "bitcoin").standard_normal(len(days))
    noise[indices[-4]:] *= 0.7
    path = bridge(noise, indices, [float(np.log(value)) for _, value in story.BITCOIN])
    return days, np.round(np.exp(path), 2)


def _seen_by_sessions(sessions: Sessions, days: np.ndarray, bitcoin: np.ndarray) -> np.ndarray:
    """Return bitcoin's log return since the previous session: 60 % up to the day's bar, 40 % up to the bar before it."""
    path = np.log(bitcoin)
    index = np.searchsorted(days, sessions.days)
    seen = 0.6 * path[index] + 0.4 * path[np.maximum(index - 1, 0)]
    return np.diff(seen, prepend=seen[0])


def _tier_excess(
    sessions: Sessions, seed: int, crypto_factor: np.ndarray, composite_return: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the planned excess of each tier around the peak: a known deviation before it, known points after it."""
    peak = sessions.at(story.PEAK)
    bitcoin, market = (path / path[peak - 63:].std() for path in (crypto_factor, composite_return))
    excess = {}
    for tier, points in story.TIER_EXCESS.items():
        share, of_bitcoin, of_market = TIER_MOVES_WITH[tier]
        own = share * stream(seed, "tier", tier).standard_normal(len(sessions))
        own += of_bitcoin * bitcoin + of_market * market
        daily = np.full(len(sessions), np.nan)
        before = slice(peak - 62, peak + 1)
        planned = slice(peak - story.PLANNED_SESSIONS_BEFORE_PEAK, peak + 1)
        daily[planned] = own[planned]
        daily *= story.TIER_DAILY[tier] / own[before].std(ddof=1)
        daily -= own[before].mean() * story.TIER_DAILY[tier] / own[before].std(ddof=1)
        after = [(k, level) for k, level in points if peak + k < len(sessions)]
        path = bridge(story.TIER_WIGGLE[tier] * own[peak:], [k for k, _ in after], [level for _, level in after])
        daily[peak + 1:] = np.diff(path)
        excess[tier] = daily
    return excess
