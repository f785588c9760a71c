"""Provide random streams that depend on names, and paths through given points."""

from __future__ import annotations

import zlib
from datetime import date, timedelta

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return a separate generator for each name, so that a new name does not change the numbers of other names."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


class Sessions:
    """New York Stock Exchange sessions `days` (datetime64[D], ascending), and date arithmetic in sessions."""

    def __init__(self, first: date, last: date):
        import exchange_calendars

        around = first - timedelta(days=40), last + timedelta(days=200)
        calendar = exchange_calendars.get_calendar("XNYS", start=around[0], end=around[1])
        self.every = calendar.sessions.to_numpy().astype("datetime64[D]")
        start = np.searchsorted(self.every, np.datetime64(first))
        self.days = self.every[start:np.searchsorted(self.every, np.datetime64(last), side="right")]

    def __len__(self) -> int:
        return len(self.days)

    def at(self, day: str | date) -> int:
        """Return the number of the first session on or after `day`; the count of sessions if there is none."""
        return int(np.searchsorted(self.days, np.datetime64(day)))

    def after(self, days: np.ndarray, sessions: int) -> np.ndarray:
        """Return the session `sessions` sessions after each day; 0 gives the day itself, on a holiday the next session."""
        side = "left" if sessions == 0 else "right"
        return self.every[np.searchsorted(self.every, days, side=side) + max(sessions - 1, 0)]


def bridge(noise: np.ndarray, indices: list[int], levels: list[float]) -> np.ndarray:
    """Return a path (T,) through `levels` at `indices` (ascending, first 0) whose steps are `noise` plus a drift.

    The drift of a span between two levels is spread evenly over its steps; after the last level there is none.
    """
    path = np.empty(len(noise))
    path[0] = levels[0]
    for start, end, low, high in zip(indices, indices[1:], levels, levels[1:], strict=False):
        steps = noise[start + 1:end + 1]
        path[start + 1:end + 1] = low + np.cumsum(steps + (high - low - steps.sum()) / (end - start))
        path[end] = high
    if indices[-1] + 1 < len(noise):
        path[indices[-1] + 1:] = levels[-1] + np.cumsum(noise[indices[-1] + 1:])
    return path


def autoregression(shocks: np.ndarray, persistence: float) -> np.ndarray:
    """Return x[t] = persistence * x[t-1] + shocks[t], starting from 0."""
    out, last = np.empty(len(shocks)), 0.0
    for t, shock in enumerate(shocks.tolist()):
        last = persistence * last + shock
        out[t] = last
    return out


def taper(length: int, indices: list[int], over: int) -> np.ndarray:
    """Return 0 at each of `indices`, rising to 1 at `over` sessions from the nearest one."""
    distance = np.abs(np.arange(length)[:, None] - np.asarray(indices)[None, :]).min(axis=1)
    return np.minimum(distance / over, 1.0)
