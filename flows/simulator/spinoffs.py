"""Simulate spin-offs, in which a company gives its shareholders shares of another line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.simulator import story
from flows.simulator.listings import Listings
from flows.simulator.paths import Sessions
from warehouse.catalog import Catalog


@dataclass(frozen=True)
class SpinOffs:
    """The catalog's spin-offs of which both lines trade on the ex-date."""

    rows: tuple[tuple[int, int, int, float], ...]     # session, company, line given, shares of it per share held

    def take_effect(self, t: int, close: np.ndarray) -> np.ndarray:
        """Return the dollars that each share was given on session `t` (N,), and subtract them from `close` in place.

        Also set the first close of the new line, so that the gift is worth `story.SPUN_OFF` of the company's close.
        """
        value = np.zeros(len(close))
        for session, company, line, per_share in self.rows:
            if session == t:
                close[line] = np.round(story.SPUN_OFF * close[company] / per_share, 2)
                value[company] += per_share * close[line]
        close -= value
        np.round(close, 2, out=close)
        return value


def spin_offs(catalog: Catalog, listings: Listings, sessions: Sessions) -> SpinOffs:
    """Return the spin-offs of the catalog as columns of the listings."""
    rows = []
    for one in catalog.spinoffs.values():
        company, line = listings.index(one.of), listings.index(one.symbol)
        if company is None or line is None:
            continue
        t = sessions.at(one.ex_date)
        if listings.first[line] == t and listings.first[company] < t <= listings.last[company]:
            rows.append((t, company, line, one.per_share))
    return SpinOffs(tuple(rows))
