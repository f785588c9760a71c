"""Compute the index like its publisher: weights within limits at rebalances, constant index shares between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from flows.simulator.paths import Sessions
from warehouse.catalog.weighting import Rebalancing, WeightLimit

TOLERANCE = 1e-12
UNTOUCHED = 1 - 1e-9        # a limit caused any factor below this


@dataclass(frozen=True)
class Review:
    """A rebalance that takes effect on a session, from the closes and counts of the session with number `reference`."""

    reference: int
    kind: str


@dataclass(frozen=True)
class Values:
    """Neutral prices and counts of one close (N,); 0 if a stock has none."""

    price: np.ndarray
    count: np.ndarray

    @property
    def caps(self) -> np.ndarray:
        return self.price * self.count


def reviews(rebalancing: Rebalancing | None, sessions: Sessions) -> dict[int, Review]:
    """Return the rebalances whose reference date is simulated, by the number of the session on which they take effect."""
    if rebalancing is None:
        return {}
    every = [day.astype(object) for day in sessions.every]
    found = {}
    for effective, reference, kind in rebalancing.dates(every, date.min.replace(year=every[0].year)):
        index = sessions.at(effective)
        if np.datetime64(reference) >= sessions.days[0] and index < len(sessions):
            found[index] = Review(sessions.at(reference), kind)
    return found


def within_limits(caps: np.ndarray, limits: Iterable[WeightLimit]) -> np.ndarray:
    """Return weights (sum 1) of these capitalizations; apply the first violated limit repeatedly until none is violated."""
    weights, limits = caps / caps.sum(), tuple(limits)
    for _ in range(20):
        violated = next((limit for limit in limits if _held(weights, limit)[1] > limit.above + TOLERANCE), None)
        kept = weights if violated is None else _keep(weights, violated)
        if kept is weights:
            break
        weights = kept
    return weights


def _held(weights: np.ndarray, limit: WeightLimit) -> tuple[np.ndarray, float]:
    """Return the issuers that a limit applies to, and their total weight."""
    group = np.zeros(len(weights), bool)
    if limit.of == "issuers_over":
        group = weights > (limit.size or 0)
    else:
        group[np.argsort(-weights, kind="stable")[:int(limit.size or 1)]] = True
    return group, float(weights[group].sum())


def _keep(weights: np.ndarray, limit: WeightLimit) -> np.ndarray:
    """Scale the group to its target and keep other issuers below its smallest; unchanged weights if that is impossible."""
    group, held = _held(weights, limit)
    out = weights.copy()
    share, most = 1.0, limit.to
    if limit.of == "issuer":
        group = np.zeros(len(weights), bool)
    else:
        out[group] *= limit.to / held
        share, most = 1 - limit.to, min(out[group].min(), limit.others_at_most or 1.0)
    stopped = np.zeros(len(weights), bool)
    while True:
        free = ~group & ~stopped
        left = share - most * stopped.sum()
        if not free.any() or left <= 0:      # no issuer can take the remaining weight
            return weights
        out[free], out[stopped] = weights[free] * (left / weights[free].sum()), most
        over = free & (out > most * (1 + TOLERANCE))
        if not over.any():
            return out
        stopped |= over


class IndexShares:
    """Index shares in neutral units (N,), moved from session to session by the declared rules."""

    def __init__(self, size: int, rebalancing: Rebalancing | None = None):
        self.limits = rebalancing.limits if rebalancing else ()
        self.annual_limits = rebalancing.annual_limits if rebalancing else ()
        self.shares = np.zeros(size)
        self.holders = np.zeros(size, bool)
        self.counted, self.factor = np.zeros(size), np.ones(size)
        self.base, self.joined = np.zeros(size, bool), np.zeros(size, bool)
        self.joined_at = np.zeros(size, int)

    def open(self, before: Values, holders: np.ndarray, index: int, review: Review | None = None,
             then: Values | None = None) -> None:
        """Set the index shares for the session with number `index`.

        `before` is the close before the session, and `then` is the close on the review's reference date. A quarterly
        review renews the counts and keeps the factors of the limits, unless the weights in force violate a limit. Other
        reviews set counts and factors again. Between reviews, the weight of a leaver goes to the divisor, and a joiner
        enters at its full weight, but not above the smallest issuer that a limit reduces.
        """
        if not self.base.any():
            self._set(before, holders, self.limits)
        elif review and then:
            if review.kind != "quarterly" or self._is_violated(then, holders):
                annual = self.annual_limits if review.kind == "annual" else ()
                self._set(then, holders, (*self.limits, *annual))
            else:
                counted = holders & (then.caps > 0) & (self.base | self.joined & (self.joined_at <= review.reference))
                self.counted[counted] = then.count[counted]
        entering = holders & ~self.base & ~self.joined
        if entering.any():
            self._enter(before, entering, index - 1)
        self.holders = holders.copy()
        self.shares = np.where(holders, self.counted * self.factor, 0.0)

    def _set(self, then: Values, holders: np.ndarray, limits: Iterable[WeightLimit]) -> None:
        self.base = holders & (then.caps > 0)
        self.joined[:] = False
        self.counted = np.where(self.base, then.count, 0.0)
        kept = within_limits(then.caps[self.base], limits) / then.caps[self.base]
        self.factor = np.ones(len(holders))
        self.factor[self.base] = kept / kept.max()

    def _smallest(self, values: np.ndarray) -> float:
        """Return the value of the smallest issuer that a limit reduces; infinity if no limit reduces one."""
        limited = self.base & (self.factor < UNTOUCHED) & (values > 0)
        return values[limited].min() if limited.any() else np.inf

    def _is_violated(self, then: Values, holders: np.ndarray) -> bool:
        here = np.where(holders, then.caps, 0.0)
        values = np.where(self.base, here * self.factor, here)
        values = np.where(self.base, values, np.minimum(values, self._smallest(values)))
        weights = values[values > 0] / values.sum()
        return any(_held(weights, limit)[1] > limit.above + TOLERANCE for limit in self.limits)

    def _enter(self, before: Values, entering: np.ndarray, index: int) -> None:
        smallest = self._smallest(self.counted * self.factor * before.price)
        self.counted[entering] = before.count[entering]
        self.factor[entering] = np.minimum(1.0, smallest / before.caps[entering])
        self.joined |= entering
        self.joined_at[entering] = index
