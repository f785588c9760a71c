"""Catalog entries for groups of instruments: spin-offs, memberships, universes and baskets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from annotated_types import Ge, Le

from warehouse.catalog.entries import Problems, Symbol
from warehouse.catalog.values import Day, Flag, Number, Text, Whole
from warehouse.catalog.weighting import PublishedWeights, Rebalancing


@dataclass(frozen=True)
class SpinOff:
    """From the open of `ex_date` on, `gives` shares of `symbol` were distributed for every `for_every` shares of `of`."""

    symbol: Text
    of: Symbol
    ex_date: Day
    gives: Annotated[Number, Ge(1e-6), Le(1e6)]
    for_every: Annotated[Number, Ge(1e-6), Le(1e6)] = 1.0

    def problems(self) -> Problems:
        if self.of == self.symbol:
            yield "of", "is the distributed line itself"

    @property
    def per_share(self) -> float:
        """Shares of the distributed line per share of the other line."""
        return self.gives / self.for_every


@dataclass(frozen=True)
class Membership:
    """A symbol is a member from `valid_from` on, up to but not on `valid_to` (None: it still is)."""

    symbol: Symbol
    valid_from: Day
    valid_to: Day | None = None

    def problems(self) -> Problems:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            yield "valid_to", f"is {self.valid_to}, not after valid_from ({self.valid_from})"

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def _members_on(members: Iterable[Membership], day: date) -> frozenset[str]:
    return frozenset(member.symbol for member in members if member.holds_on(day))


@dataclass(frozen=True)
class Change:
    """The symbols that enter and leave a universe before the open of `date`."""

    date: Day
    add: tuple[Symbol, ...] = ()
    remove: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class Universe:
    """The dated members of a published index, as a complete list and the later changes in order, and its weighting."""

    code: Text
    title: Text
    published_index: Symbol
    initial_date: Day
    initial_symbols: tuple[Symbol, ...]
    changes: tuple[Change, ...]
    primary: Flag = False
    """The one index that regime, signals, claims and, by default, the page speak of."""
    rebalancing: Rebalancing | None = None
    """When index shares are set and under which limits; without it the universe has no capped weights."""
    published_weights: PublishedWeights | None = None
    """Where its lists of weights are published; a replay server is asked for its own."""

    def problems(self) -> Problems:
        inside: set[str] = set()
        last = date.min
        whole = Change(self.initial_date, add=self.initial_symbols)
        for i, change in enumerate((whole, *self.changes)):
            key = f"changes[{i - 1}]" if i else "initial_symbols"
            if change.date <= last:
                yield key, f"is dated {change.date}, not after the change before it ({last})"
            for symbol in change.remove:
                if symbol not in inside:
                    yield key, f"removes {symbol} on {change.date}, when it is no member"
                inside.discard(symbol)
            for symbol in change.add:
                if symbol in inside or symbol in change.remove:
                    yield key, f"adds {symbol} on {change.date}, when it is a member already"
                inside.add(symbol)
            last = change.date

    @cached_property
    def members(self) -> tuple[Membership, ...]:
        """Every membership of every symbol, by symbol and start."""
        entered = dict.fromkeys(self.initial_symbols, self.initial_date)
        stays: list[Membership] = []
        for change in self.changes:
            stays += [Membership(symbol, entered.pop(symbol), change.date) for symbol in change.remove]
            entered |= dict.fromkeys(change.add, change.date)
        stays += [Membership(symbol, start) for symbol, start in entered.items()]
        return tuple(sorted(stays, key=lambda stay: (stay.symbol, stay.valid_from)))

    def members_on(self, day: date) -> frozenset[str]:
        """The symbols that are members on `day`; empty before the initial list."""
        return _members_on(self.members, day)


@dataclass(frozen=True)
class Basket:
    """Dated members weighted equally; tiers carry the order in which the thesis expects them to lead."""

    id: Text
    title: Text
    role: Literal["tier", "sector_fund", "fund", "asset"]
    weighting: Literal["equal"]
    members: tuple[Membership, ...]
    rank: Annotated[Whole, Ge(1), Le(1_000)] | None = None

    def problems(self) -> Problems:
        if (self.role == "tier") != (self.rank is not None):
            yield "rank", "is needed for a tier and for nothing else"
        if not self.members:
            yield "members", "is empty"
        stays = sorted(self.members, key=lambda stay: (stay.symbol, stay.valid_from))
        for one, two in pairwise(stays):
            if one.symbol == two.symbol and (one.valid_to is None or two.valid_from < one.valid_to):
                yield "members", f"adds {two.symbol} on {two.valid_from}, which is a member already"

    def members_on(self, day: date) -> frozenset[str]:
        """The symbols that are members on `day`."""
        return _members_on(self.members, day)
