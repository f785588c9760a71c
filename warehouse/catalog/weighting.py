"""The declared weighting of an index: when the publisher sets index shares, and under which limits."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Literal

from annotated_types import Ge

from warehouse.catalog.values import Day, FiveTexts, Number, Text, Whole

Problems = Iterator[tuple[str, str]]
RebalanceKind = Literal["quarterly", "annual", "special"]
LIST_COLUMNS = ("index", "date", "published_on", "symbol", "weight")


@dataclass(frozen=True)
class WeightLimit:
    """A weight above `above` is reduced to `to`, and the excess is distributed to the other issuers in proportion.

    The weight is that of one issuer, the sum over all issuers that each weigh more than `size`, or the sum over the `size`
    largest issuers. For such a group, no other issuer ends above the group's smallest, nor above `others_at_most`.
    """

    of: Literal["issuer", "issuers_over", "largest_issuers"]
    above: Annotated[Number, Ge(0)]
    to: Annotated[Number, Ge(0)]
    size: Annotated[Number, Ge(0)] | None = None
    others_at_most: Annotated[Number, Ge(0)] | None = None

    def problems(self) -> Problems:
        if not 0 < self.to <= self.above < 1:
            yield "to", f"is {self.to:g}, but must lie above 0 and not above the limit of {self.above:g}, itself below 1"
        if (self.of == "issuer") != (self.size is None):
            yield "size", "is needed for a group of issuers and for nothing else"
        if self.of == "issuers_over" and self.size is not None and not 0 < self.size < 1:
            yield "size", f"is {self.size:g}, but must be a weight between 0 and 1"
        if self.of == "largest_issuers" and self.size is not None and (self.size < 1 or self.size % 1):
            yield "size", f"is {self.size:g}, but must be a number of issuers"
        if self.of == "issuer" and self.others_at_most is not None:
            yield "others_at_most", "is for a group of issuers only"


@dataclass(frozen=True)
class SpecialRebalance:
    """A rebalance outside the calendar, in force from the open of `effective`, based on data known on `reference`."""

    effective: Day
    reference: Day

    def problems(self) -> Problems:
        if self.reference >= self.effective:
            yield "reference", f"is {self.reference}, not before effective ({self.effective})"


@dataclass(frozen=True)
class Rebalancing:
    """Index shares are set for the session after the third Friday of `months`, on the last session of the month before.

    A quarterly rebalance updates the share counts. The capping factors stay, unless the weights in force break a limit.
    The rebalance of `annual_month` and the special ones compute every weight again from uncapped capitalizations. The
    annual one also applies `annual_limits`.
    """

    months: tuple[Whole, ...]
    annual_month: Whole
    limits: tuple[WeightLimit, ...]
    annual_limits: tuple[WeightLimit, ...] = ()
    specials: tuple[SpecialRebalance, ...] = field(default=())

    def problems(self) -> Problems:
        if any(month not in range(1, 13) for month in self.months) or list(self.months) != sorted(set(self.months)):
            yield "months", f"is {list(self.months)}, but must name months from 1 to 12, each once, in order"
        if self.annual_month not in self.months:
            yield "annual_month", f"is {self.annual_month}, which is not among months"

    def dates(self, sessions: Sequence[date], since: date) -> Iterator[tuple[date, date, RebalanceKind]]:
        """(effective session, reference session, kind) of every rebalance after `since` that `sessions` reach, in order."""
        found: list[tuple[date, date, RebalanceKind]] = []
        for year in range(since.year, sessions[-1].year + 1):
            for month in self.months:
                effective = bisect_right(sessions, _third_friday(year, month))
                reference = bisect_left(sessions, date(year, month, 1)) - 1
                if effective < len(sessions) and reference >= 0:
                    kind: RebalanceKind = "annual" if month == self.annual_month else "quarterly"
                    found.append((sessions[effective], sessions[reference], kind))
        found.extend((special.effective, special.reference, "special") for special in self.specials)
        return (entry for entry in sorted(found) if entry[0] > since)


@dataclass(frozen=True)
class PublishedWeights:
    """The source of complete published lists of an index's weights: a CSV file at `url`, or a local `file`.

    `columns` lists the file's headers for index, date, published_on, symbol and weight, in this order. Rows of other
    indices are ignored. A relative `file` is relative to the catalog folder.
    """

    url: Text | None = None
    file: Text | None = None
    columns: FiveTexts = LIST_COLUMNS
    unit: Literal["fraction", "percent"] = "fraction"

    def problems(self) -> Problems:
        if (self.url is None) == (self.file is None):
            yield "url", "or file must be given, and not both"
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            yield "url", f"is {self.url!r}, but must begin with https:// or http://"


def _third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)
