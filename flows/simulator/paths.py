"""Random streams that depend on names, and paths that pass through given points."""

from __future__ import annotations

import zlib
from datetime import date, timedelta

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each name, so that adding one name changes no other's numbers."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


class Sessions:
    """New York Stock Exchange sessions `days` (datetime64[D], ascending) and what is counted in them."""

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
        """The place of the first session on or after `day`; the number of sessions when there is none."""
        return int(np.searchsorted(self.days, np.datetime64(day)))

    def after(self, days: np.ndarray, sessions: int) -> np.ndarray:
        """The session `sessions` sessions after each day; 0 gives the day itself, or the next session on a holiday."""
        side = "left" if sessions == 0 else "right"
        return self.every[np.searchsorted(self.every, days, side=side) + max(sessions - 1, 0)]


def bridge(noise: np.ndarray, indices: list[int], levels: list[float]) -> np.ndarray:
    """A path through `levels` at `places` (ascending, first 0) whose steps are `noise` plus, in each span, a drift.

    The drift falls on the steps in proportion to their variance, here taken as noise scaled beforehand; shape (T,).
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
    """x[t] = persistence * x[t-1] + shocks[t], from 0."""
    out, last = np.empty(len(shocks)), 0.0
    for t, shock in enumerate(shocks.tolist()):
        last = persistence * last + shock
        out[t] = last
    return out


def taper(length: int, indices: list[int], over: int) -> np.ndarray:
    """0 at each place, rising to 1 at `over` sessions from the nearest."""
    distance = np.abs(np.arange(length)[:, None] - np.asarray(indices)[None, :]).min(axis=1)
    return np.minimum(distance / over, 1.0)
