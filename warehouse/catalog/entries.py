"""The kinds of catalog entries: one frozen dataclass each, whose fields are the schema of its TOML table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Annotated, Literal

from annotated_types import Ge, Le

from warehouse.catalog.values import Day, Flag, Names, Number, Pair, Text, Whole

Symbol = Annotated[Text, Names("instruments")]
SourceId = Annotated[Text, Names("sources")]
Days = Annotated[Whole, Ge(0), Le(36_500)]
StaleDays = Annotated[Whole, Ge(1), Le(36_500)]
Kind = Literal["stock", "fund", "index", "crypto"]
Problems = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class YearEndDays:
    """Calendar days from the end of a fiscal year's last period to its report, by category of filer."""

    other: Days
    large_accelerated: Days
    foreign: Days


@dataclass(frozen=True)
class Availability:
    """The rule that derives when a value is known from its date; exactly one rule is set."""

    lag_business_days: Days | None = None
    """NYSE sessions after the date, at 23:59:00 New York."""
    lag_federal_business_days: Days | None = None
    """Federal business days (the Federal Reserve Board's) after the date, at 23:59:00 New York."""
    lag_days: Days | None = None
    """Calendar days after the date, at 23:59:00 New York."""
    vintage: Flag | None = None
    """The source says it with each value: its vintage."""
    after_close_minutes: Days | None = None
    """Minutes after the close of the date's NYSE session."""
    after_utc_midnight_minutes: Days | None = None
    """Minutes after the end of the date's UTC day."""
    after_period_end_days: Days | None = None
    """Calendar days after the end of the reported period, and the first federal business day from then on."""
    after_year_end_days: YearEndDays | None = None
    """No rule of its own: what `after_period_end_days` is for the last period of a fiscal year."""

    def problems(self) -> Problems:
        rules = self._rules()
        if len(rules) != 1:
            yield "", f"must hold exactly one rule, but holds {', '.join(rules) or 'none'}"
        if self.vintage is False:
            yield "vintage", "can only be true; name another rule instead"
        if self.after_year_end_days and self.after_period_end_days is None:
            yield "after_year_end_days", "is only for the rule after_period_end_days"

    def _rules(self) -> list[str]:
        return [field.name for field in fields(self)
                if field.name != "after_year_end_days" and getattr(self, field.name) is not None]

    @property
    def rule(self) -> str:
        """The name of the one rule that is set."""
        return self._rules()[0]

    @property
    def lag(self) -> int:
        """The rule's number of days or minutes; 0 for a vintage, which has none."""
        return 0 if self.vintage else getattr(self, self.rule)


@dataclass(frozen=True)
class Gives:
    """What a source provides besides the feeds that name it: for each feed, symbols or entire kinds of instruments."""

    bars: tuple[Text, ...] = ()
    shares: tuple[Text, ...] = ()
    statements: tuple[Text, ...] = ()

    def includes(self, feed: str, instrument: Instrument) -> bool:
        named = getattr(self, feed, ())
        return instrument.symbol in named or instrument.kind in named


@dataclass(frozen=True)
class Source:
    """A service that data is fetched from, with its timeouts and retries and the terms of use of its data.

    `flows/sources/<id>.py` is its client. If several sources have a value, the models use the one with the lowest
    `priority`. The others fill its gaps, and audit.reconciliation compares them.
    """

    id: Text
    title: Text
    requests_per_second: Annotated[Number, Ge(0.01), Le(1_000)]
    timeout_seconds: Annotated[Number, Ge(0.1), Le(600)]
    tries: Annotated[Whole, Ge(1), Le(20)]
    terms: Text
    priority: Annotated[Whole, Ge(1), Le(1_000)] = 1_000
    price_convention: Literal["split_adjusted", "as_traded"] | None = None
    """What its bars are: divided by every later split, which the load undoes, or as they traded; None without bars."""
    gives: Gives = Gives()
    hosts: tuple[Text, ...] = ()
    """Where its client sends its requests; `rallyscope doctor` asks each whether it responds."""

    def problems(self) -> Problems:
        for host in self.hosts:
            if not re.fullmatch(r"https://[A-Za-z0-9.-]+", host):
                yield "hosts", f"has {host!r}, but each must be https:// and the name of a host"


@dataclass(frozen=True)
class Feed:
    """One kind of record that a source provides for many symbols: bars, actions, shares, statements, weights."""

    id: Text
    title: Text
    source: SourceId
    known: Availability
    reask_days: Days
    """Calendar days before the last known record that are asked again, to catch corrections."""
    stale_after_days: StaleDays
    license: Text


@dataclass(frozen=True)
class Series:
    """A macro series; `range` bounds plausible values, `fallback_for` is the symbol whose gaps it fills.

    `max_change` (in its unit) or `max_ratio` bounds a true move from one observation to the next. A value that jumps
    further is held until another observation confirms it. For a daily series without either, the bound is a tenth of its
    range.
    """

    id: Text
    title: Text
    source: SourceId
    unit: Text
    frequency: Literal["daily", "weekly", "monthly", "quarterly"]
    known: Availability
    since: Day
    stale_after_days: StaleDays
    range: Pair
    license: Text
    fallback_for: Symbol | None = None
    max_change: Number | None = None
    max_ratio: Number | None = None

    def problems(self) -> Problems:
        low, high = self.range
        if low >= high:
            yield "range", f"runs from {low:g} to {high:g}, but the lower bound must come first"
        if self.max_change is not None and not 0 < self.max_change < float("inf"):
            yield "max_change", f"is {self.max_change:g}, but must be a number above 0"
        if self.max_ratio is not None and not 1 < self.max_ratio < float("inf"):
            yield "max_ratio", f"is {self.max_ratio:g}, but must be a number above 1"
        if self.max_ratio is not None and low <= 0:
            yield "max_ratio", f"is of no use for a series that may be {low:g}: declare max_change"
        if self.max_change is not None and self.max_ratio is not None:
            yield "max_change", "cannot be combined with max_ratio: declare only one"

    @property
    def largest_change(self) -> float:
        """The largest true difference of two consecutive values, by default a tenth of the range.

        It does not apply if a ratio is declared.
        """
        low, high = self.range
        return self.max_change or (high - low) / 10


@dataclass(frozen=True)
class Filer:
    """A company's category of filer for periods that end on or after `since`; it decides when annual reports are due."""

    category: Literal["other", "large_accelerated", "foreign"]
    since: Day


@dataclass(frozen=True)
class Instrument:
    """A listed line, index or coin, requested from `since` to its last trading day `until` (None: still trades)."""

    symbol: Text
    name: Text
    kind: Kind
    since: Day
    known: Availability
    until: Day | None = None
    issuer: Symbol = ""
    """The symbol of the company's primary line; itself when the company has one line."""
    share_class: Text | None = None
    gics_sector: Text | None = None
    nasdaq_sector: Text | None = None
    statements: Flag = False
    counts_whole_company: Flag = False
    """The feed's share count of this line is that of all the company's lines together."""
    fiscal_year_end_month: Annotated[Whole, Ge(1), Le(12)] = 12
    filer: tuple[Filer, ...] = ()
    """Its categories of filer in order; `other` before the first."""
    ticker_reused: Flag = False
    """The ticker means another company today: a feed that knows only tickers must not be asked for it."""

    def __post_init__(self) -> None:
        if not self.issuer:
            object.__setattr__(self, "issuer", self.symbol)

    def problems(self) -> Problems:
        if self.until is not None and self.until < self.since:
            yield "until", f"is {self.until}, before since ({self.since})"
        for one, two in pairwise(self.filer):
            if two.since <= one.since:
                yield "filer", f"dates {two.category} {two.since}, not after the category before it ({one.since})"

    @property
    def primary_line(self) -> bool:
        """Whether this line's price represents the company."""
        return self.issuer == self.symbol
