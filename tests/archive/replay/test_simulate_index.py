"""The simulated Nasdaq-100 recomputed from bars, splits, counts and members alone: nothing is read from the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive import simulated

from warehouse.catalog import load

# On a session that one member lacks, and on the next, its weight and return cannot both be had.
AROUND_THE_HOLE = pd.to_datetime(["2026-02-18", "2026-02-19"])
EVERY_STOCK_HOLE = pd.Timestamp("2025-09-16")


@pytest.fixture(scope="module")
def archive() -> Path:
    return simulated()


class Book:
    """What the archive says of each issuer by session, in split-neutral units, as frames (session x issuer)."""

    def __init__(self, archive: Path):
        bars, actions, shares = (pd.read_parquet(archive / f"{name}.parquet") for name in ("bars", "actions", "shares"))
        for frame in (bars, actions, shares):
            frame["date"] = pd.to_datetime(frame.date)
        self.close = bars.pivot(index="date", columns="symbol", values="close")
        self.close = self.close[self.close["^IXIC"].notna()]
        sessions = self.close.index
        splits = actions[actions.split_ratio.notna()].pivot(index="date", columns="symbol", values="split_ratio")
        ratio = splits.reindex(index=sessions, columns=self.close.columns).fillna(1.0)
        reported = shares.pivot(index="date", columns="symbol", values="shares_outstanding").reindex(sessions).ffill()
        # Without the session that every stock lacks, each return reaches over it; a member's hole keeps its last close.
        self.sessions = sessions.drop(EVERY_STOCK_HOLE)
        self.price = (self.close * ratio.cumprod()).loc[self.sessions].ffill(limit=1, limit_area="inside")
        catalog, members = load(), set()
        self.given = pd.DataFrame(0.0, index=self.sessions, columns=self.close.columns)
        for gift in catalog.spinoffs.values():
            day = pd.Timestamp(gift.ex_date)
            if day in self.sessions and not np.isnan(self.close.loc[day, gift.symbol]):
                self.given.loc[day, gift.of] = (
                    gift.gives / gift.for_every * self.close.loc[day, gift.symbol] * ratio[gift.of].cumprod()[day])
        self.member = pd.DataFrame(False, index=self.sessions, columns=self.close.columns)
        for stay in catalog.universes["NDX"].members:
            issuer = catalog.instruments[stay.symbol].issuer
            if issuer in self.member:
                end = pd.Timestamp(stay.valid_to or "2100-01-01")
                inside = (self.sessions >= pd.Timestamp(stay.valid_from)) & (self.sessions < end)
                self.member.loc[inside, issuer] = True
                members.add(issuer)
        self.count = pd.DataFrame({symbol: self._in_force(reported[symbol].dropna(), ratio[symbol])
                                   for symbol in sorted(members)}, index=sessions)

    @staticmethod
    def _in_force(reported: pd.Series, ratio: pd.Series) -> pd.Series:
        """The counting rule, session by session, as it is written down."""
        product, out, accepted, held = ratio.cumprod(), {}, None, 0
        places = {day: place for place, day in enumerate(ratio.index)}
        splits = [(places[day], r) for day, r in ratio[ratio != 1].items()]
        for day, count in reported.items():
            units = count / product[day]
            accepted = accepted or units
            off = units / accepted
            near = [r for place, r in splits if abs(place - places[day]) <= 5]
            if 0.8 <= off <= 1.25:
                accepted, held = units, 0
            elif not any(min(abs(off * r - 1), abs(off / r - 1)) <= 0.05 for r in near):
                held += 1
                if held == 21:
                    accepted, held = units, 0
            out[day] = accepted
        return pd.Series(out, dtype=float)

    def rebalances(self) -> dict[pd.Timestamp, tuple[pd.Timestamp, str]]:
        """Effective session -> (last session of the month before the third Friday's, kind), and the special one."""
        found = {pd.Timestamp("2023-07-24"): (pd.Timestamp("2023-07-03"), "special")}
        for friday in pd.date_range(self.sessions[0], self.sessions[-1], freq="WOM-3FRI"):
            before = self.sessions[self.sessions < friday.replace(day=1)]
            if friday.month % 3 == 0 and len(before):
                kind = "annual" if friday.month == 12 else "quarterly"
                found[self.sessions[self.sessions > friday][0]] = (before[-1], kind)
        return found

    def members_on(self, place: int) -> pd.Index:
        """Issuers that belong on a session and have a close on it and before it."""
        before, day = self.sessions[place - 1], self.sessions[place]
        here = self.member.loc[day] & self.price.loc[day].notna() & self.price.loc[before].notna()
        return here.index[here & self.count.loc[before].notna()]


@pytest.fixture(scope="module")
def book(archive: Path) -> Book:
    return Book(archive)


def spread(weights: np.ndarray, held: np.ndarray, most: float) -> np.ndarray:
    """Weights in which `held` stand and the rest of 1 falls to the others in proportion, none above `most`."""
    out, stopped = weights.copy(), np.zeros(len(weights), bool)
    while True:
        free = ~held & ~stopped
        out[stopped] = most
        out[free] = weights[free] / weights[free].sum() * (1 - out[held].sum() - most * stopped.sum())
        over = free & (out > most + 1e-15)
        if not over.any():
            return out
        stopped |= over


def limited(caps: np.ndarray, annual: bool) -> np.ndarray:
    """The published limits, one pass after the other until none is broken."""
    weights, none = caps / caps.sum(), np.zeros(len(caps), bool)
    while True:
        large, five = weights > 0.045, np.isin(np.arange(len(weights)), np.argsort(-weights, kind="stable")[:5])
        if weights.max() > 0.24:
            weights = spread(weights, none, 0.20)
        elif weights[large].sum() > 0.48:
            scaled = np.where(large, weights * 0.40 / weights[large].sum(), weights)
            weights = spread(scaled, large, scaled[large].min())
        elif annual and weights.max() > 0.15:
            weights = spread(weights, none, 0.14)
        elif annual and weights[five].sum() > 0.40 + 1e-12:
            scaled = np.where(five, weights * 0.385 / weights[five].sum(), weights)
            weights = spread(scaled, five, min(0.044, scaled[five].min()))
        else:
            return weights


@pytest.fixture(scope="module")
def recomputed(book: Book) -> pd.DataFrame:
    """By session: the sum of weight x return, and what the largest weights were before it."""
    due = book.rebalances()
    issuers = book.count.columns
    prices, counts = book.price[issuers].to_numpy(), book.count.loc[book.sessions].to_numpy()
    given = book.given[issuers].to_numpy()
    belongs = book.member[issuers].loc[book.sessions].to_numpy()
    size = len(issuers)
    factor, units, entered = np.ones(size), np.zeros(size), np.full(size, -1)
    base, rows = np.zeros(size, bool), []
    for place in range(1, len(book.sessions)):
        day, price = book.sessions[place], prices[place - 1]
        members = belongs[place] & ~np.isnan(prices[place]) & ~np.isnan(price) & ~np.isnan(counts[place - 1])
        reference, kind = due.get(day, (None, None))
        at = place - 1 if reference is None else int(book.sessions.get_loc(reference))
        if not base.any() or kind in ("annual", "special"):
            caps = prices[at] * counts[at]
            base = members & ~np.isnan(caps)
            kept = limited(caps[base], kind == "annual") / caps[base]
            factor[base], units[base], entered = kept / kept.max(), counts[at][base], np.where(base, at, -1)
        elif kind:
            held = np.where(members & (entered >= 0), prices[at] * counts[at] * factor, np.nan)
            assert np.nansum((held / np.nansum(held))[held / np.nansum(held) > 0.045]) < 0.48   # no limit is broken
            renewed = members & (entered >= 0) & (entered <= at) & ~np.isnan(counts[at])
            units[renewed] = counts[at][renewed]
        for n in np.flatnonzero(members & (entered < 0)):
            smallest = (units * factor * price)[base & (factor < 1 - 1e-9) & (units * price > 0)].min()
            units[n], entered[n] = counts[place - 1][n], place - 1
            factor[n] = min(1.0, smallest / (units[n] * price[n]))
        weight = units[members] * factor[members] * price[members]
        weight /= weight.sum()
        change = (prices[place] + given[place])[members] / price[members] - 1
        rows.append((day, book.sessions[place - 1], (weight * change).sum(), weight.max(), np.sort(weight)[-5:].sum(),
                     weight[weight > 0.045].sum()))
    columns = ["day", "before", "return_", "largest", "five_largest", "large"]
    return pd.DataFrame(rows, columns=columns).set_index("day")


def test_the_index_return_is_the_sum_of_capped_weight_times_return_every_day(book: Book, recomputed: pd.DataFrame):
    level = book.close["^NDX"]
    official = level[recomputed.index].to_numpy() / level[recomputed.before].to_numpy() - 1
    residual = pd.Series(np.abs(official - recomputed.return_), index=recomputed.index)
    assert len(residual) == len(book.sessions) - 1 == 1505
    assert residual.drop(AROUND_THE_HOLE).max() < 1e-9
    assert residual.max() < 1e-4


def test_the_true_return_reaches_over_the_session_that_every_stock_lacks(archive: Path, book: Book):
    truth = pd.read_parquet(archive / "truth" / "index_return.parquet")
    truth = truth.set_index(pd.to_datetime(truth.date))
    place = int(book.sessions.searchsorted(EVERY_STOCK_HOLE))
    before, after = book.sessions[place - 1], book.sessions[place]
    official = book.close["^NDX"][after] / book.close["^NDX"][before] - 1
    assert truth.loc[after, "span_sessions"] == 2
    assert truth.loc[after, "capped_return"] == pytest.approx(official, abs=1e-9)
    assert np.isnan(truth.loc[EVERY_STOCK_HOLE, "capped_return"])


def test_the_limits_hold_on_every_reset_up_to_what_prices_did_since_the_reference_date(
        book: Book, recomputed: pd.DataFrame):
    due = book.rebalances()
    assert len(due) == 24
    for day, (_, kind) in due.items():
        if kind != "quarterly":
            assert recomputed.loc[day].largest < 0.15
            assert recomputed.loc[day].large < 0.42


def test_the_truth_holds_these_weights_and_contributions(archive: Path, recomputed: pd.DataFrame):
    truth = pd.read_parquet(archive / "truth" / "index_weight.parquet")
    truth["date"] = pd.to_datetime(truth.date)
    opening = truth[truth.open_weight.notna()]
    sums = opening.groupby(["scheme", "date"])[["open_weight", "contribution"]].sum()
    assert sums.open_weight.sub(1).abs().max() < 1e-12
    capped = sums.loc["capped"].contribution.reindex(recomputed.index)
    assert (capped - recomputed.return_).drop(AROUND_THE_HOLE).abs().max() < 1e-9


def test_the_full_capitalization_weights_are_close_times_count_in_force(archive: Path, book: Book):
    truth = pd.read_parquet(archive / "truth" / "index_weight.parquet")
    truth["date"] = pd.to_datetime(truth.date)
    truth = truth[truth.scheme == "full_cap"].pivot(index="date", columns="issuer", values="open_weight")
    for day in ("2021-03-10", "2023-02-15", "2024-06-18", "2024-11-01", "2026-02-11", "2026-05-29"):
        place = book.sessions.get_loc(pd.Timestamp(day))
        members = book.members_on(place)
        before = book.sessions[place - 1]
        caps = (book.price.loc[before] * book.count.loc[before])[members]
        expected = caps / caps.sum()
        assert (truth.loc[day].dropna() - expected).abs().max() < 1e-12, day


def test_ten_issuers_carry_between_half_and_three_quarters(archive: Path):
    truth = pd.read_parquet(archive / "truth" / "index_weight.parquet")
    full = truth[truth.scheme == "full_cap"]
    top = full.groupby("date").close_weight.apply(lambda weights: weights.nlargest(10).sum())
    assert 0.55 < top.min() < top.max() < 0.78
    last = full[full.date == full.date.max()].nlargest(3, "close_weight")
    assert set(last.issuer) == {"NVDA", "AAPL", "MSFT"}


def test_a_wrong_count_never_gets_into_force_and_a_merger_does_after_21_sessions(book: Book):
    wrong = book.count["TXN"]["2026-02-05":"2026-02-20"]
    assert wrong.max() / wrong.min() < 1.01
    jump = book.count["FANG"]["2024-09-03":"2025-06-30"]
    grown = jump[jump / jump.iloc[0] > 1.5].index[0]
    assert book.sessions.get_loc(grown) - book.sessions.get_loc(pd.Timestamp("2024-10-15")) == 20


def test_the_published_lists_are_the_capped_weights_of_that_close_by_security(archive: Path, book: Book):
    lists = pd.read_parquet(archive / "index_weights.parquet")
    truth = pd.read_parquet(archive / "truth" / "index_weight.parquet")
    capped = truth[truth.scheme == "capped"].set_index(["date", "issuer"]).close_weight
    assert lists.date.nunique() == 50
    instruments = load().instruments
    for day, rows in lists.groupby("date"):
        assert rows.weight.sum() == pytest.approx(1, abs=1e-3)
        by_issuer = rows.weight.groupby(rows.symbol.map(lambda symbol: instruments[symbol].issuer)).sum()
        assert (by_issuer - capped[day]).abs().max() < 1.1e-5
        assert {"GOOGL", "GOOG"} <= set(rows.symbol)
        assert set(rows.published_on) == {book.sessions[book.sessions > pd.Timestamp(day)][0].date()}
