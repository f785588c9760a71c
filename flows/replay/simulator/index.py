"""The index as its publisher keeps it: capped weights on effective dates, constant index shares between them."""

from __future__ import annotations

import numpy as np

QUARTERLY_ISSUER, QUARTERLY_ISSUER_TO = 0.24, 0.20
LARGE, QUARTERLY_LARGE, QUARTERLY_LARGE_TO = 0.045, 0.48, 0.40
ANNUAL_ISSUER, ANNUAL_ISSUER_TO = 0.15, 0.14
TOP, ANNUAL_TOP, ANNUAL_TOP_TO = 5, 0.40, 0.385


def capped_weights(caps: np.ndarray, annual: bool) -> np.ndarray:
    """Weights of the issuers (sum 1) under the published limits of the Nasdaq-100, from their capitalisations.

    Quarterly: an issuer above 24 % is set to 20 %; if those above 4.5 % then sum to more than 48 %, they are scaled to
    40 % together. Annual: an issuer above 15 % is set to 14 %; if the five largest then sum to more than 40 %, they are
    scaled to 38.5 %. What is taken goes to the others in proportion. Repeated while a limit is still broken.
    """
    weights = caps / caps.sum()
    for _ in range(20):
        capped = _annual(weights) if annual else _quarterly(weights)
        if capped is weights:
            break
        weights = capped
    return weights


def _quarterly(weights: np.ndarray) -> np.ndarray:
    weights = _limit(weights, QUARTERLY_ISSUER, QUARTERLY_ISSUER_TO)
    large = weights > LARGE
    return _scale(weights, large, QUARTERLY_LARGE_TO) if weights[large].sum() > QUARTERLY_LARGE else weights


def _annual(weights: np.ndarray) -> np.ndarray:
    weights = _limit(weights, ANNUAL_ISSUER, ANNUAL_ISSUER_TO)
    top = np.zeros(len(weights), bool)
    top[np.argsort(-weights, kind="stable")[:TOP]] = True
    return _scale(weights, top, ANNUAL_TOP_TO) if weights[top].sum() > ANNUAL_TOP else weights


def _limit(weights: np.ndarray, above: float, to: float) -> np.ndarray:
    over = weights > above
    if not over.any():
        return weights
    out = weights * ((1 - to * over.sum()) / weights[~over].sum())
    out[over] = to
    return out


def _scale(weights: np.ndarray, group: np.ndarray, to: float) -> np.ndarray:
    inside = weights[group].sum()
    if inside >= 1 - 1e-12:      # nobody is left to give it to
        return weights
    return np.where(group, weights * (to / inside), weights * ((1 - to) / (1 - inside)))


class IndexShares:
    """Index shares in neutral units (N,), moved from session to session; `weights` are those at the last close."""

    def __init__(self, size: int):
        self.shares = np.zeros(size)
        self.holders = np.zeros(size, bool)

    def open(self, price: np.ndarray, count: np.ndarray, holders: np.ndarray, effective: bool | None) -> None:
        """Set the shares that hold for a session, from neutral prices and counts at the close before it.

        `effective`: None between rebalancings, else whether the rebalancing is the annual one. Between them a leaver's
        weight goes to the divisor, and a joiner enters with its full capitalisation in the scale of the incumbents.
        """
        caps = np.where(holders, price * count, 0.0)
        if effective is not None or not self.holders.any():
            held = np.flatnonzero(holders)
            total = caps.sum()
            self.shares = np.zeros(len(price))
            self.shares[held] = capped_weights(caps[held], bool(effective)) * total / price[held]
        elif (holders != self.holders).any():
            stay, join = holders & self.holders, holders & ~self.holders
            scale = (self.shares[stay] * price[stay]).sum() / caps[stay].sum()
            self.shares = np.where(stay, self.shares, 0.0)
            self.shares[join] = count[join] * scale
        self.holders = holders.copy()
