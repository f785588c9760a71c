"""What the pipeline holds, as data: the TOML files of warehouse/catalog read into frozen dataclasses, every entry checked."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from warehouse.entry import AtLeast, Names, Reader, Reference, did_you_mean
from warehouse.errors import CatalogError

Symbol = Annotated[str, Names("instruments")]
SourceId = Annotated[str, Names("sources")]
Days = Annotated[int, AtLeast(0)]
Kind = Literal["stock", "fund", "index", "crypto"]
Problems = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Availability:
    """How the moment a value is known follows from its date; exactly one rule is set."""

    lag_business_days: Days | None = None
    """NYSE sessions after the date, at 23:59:00 New York."""
    lag_days: Days | None = None
    """Calendar days after the date, at 23:59:00 New York."""
    vintage: bool | None = None
    """The source says it with each value: its vintage."""
    after_close_minutes: Days | None = None
    """Minutes after the close of the date's NYSE session."""
    after_utc_midnight_minutes: Days | None = None
    """Minutes after the end of the date's UTC day."""
    after_period_end_days: Days | None = None
    """Calendar days after the end of the reported period."""

    def problems(self) -> Problems:
        rules = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        if len(rules) != 1:
            yield "-", f"must hold exactly one rule, but holds {', '.join(rules) or 'none'}"
        if self.vintage is False:
            yield "vintage", "can only be true; name another rule instead"

    @property
    def rule(self) -> str:
        """The name of the one rule that is set."""
        return next(field.name for field in fields(self) if getattr(self, field.name) is not None)


@dataclass(frozen=True)
class Source:
    """A service that is asked, how patiently, and on what terms its data may be used."""

    id: str
    title: str
    requests_per_second: Annotated[float, AtLeast(0.01)]
    timeout_seconds: Annotated[float, AtLeast(0.1)]
    tries: Annotated[int, AtLeast(1)]
    terms: str


@dataclass(frozen=True)
class Feed:
    """One kind of record a source gives for many symbols: bars, actions, shares, statements, weights."""

    id: str
    title: str
    source: SourceId
    known: Availability
    reask_days: Days
    """Calendar days before the last known record that are asked again, to catch corrections."""
    stale_after_days: Annotated[int, AtLeast(1)]
    license: str


@dataclass(frozen=True)
class Series:
    """A macro series; `range` bounds what is plausible, `fallback_for` names the symbol whose holes it fills."""

    id: str
    title: str
    source: SourceId
    unit: str
    frequency: Literal["daily", "weekly", "monthly", "quarterly"]
    known: Availability
    since: date
    stale_after_days: Annotated[int, AtLeast(1)]
    range: tuple[float, float]
    license: str
    fallback_for: Symbol | None = None

    def problems(self) -> Problems:
        low, high = self.range
        if low >= high:
            yield "range", f"runs from {low:g} to {high:g}, but must run upwards"


@dataclass(frozen=True)
class Instrument:
    """A listed line, index or coin, asked from `since` to its last trading day `until` (None: it still trades)."""

    symbol: str
    name: str
    kind: Kind
    since: date
    known: Availability
    until: date | None = None
    issuer: Symbol = ""
    """The symbol of the company's primary line; itself when the company has one line."""
    share_class: str | None = None
    gics_sector: str | None = None
    nasdaq_sector: str | None = None
    statements: bool = False
    counts_whole_company: bool = False
    """The feed's share count of this line is that of all the company's lines together."""
    ticker_reused: bool = False
    """The ticker belongs to another company today: a feed that knows only tickers must not be asked for it."""

    def __post_init__(self) -> None:
        if not self.issuer:
            object.__setattr__(self, "issuer", self.symbol)

    def problems(self) -> Problems:
        if self.until is not None and self.until < self.since:
            yield "until", f"is {self.until}, before since ({self.since})"

    @property
    def primary_line(self) -> bool:
        """Whether this line's price stands for the company."""
        return self.issuer == self.symbol


@dataclass(frozen=True)
class Membership:
    """A symbol belongs from `valid_from` on, up to but not on `valid_to` (None: it still does)."""

    symbol: Symbol
    valid_from: date
    valid_to: date | None = None

    def problems(self) -> Problems:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            yield "valid_to", f"is {self.valid_to}, not after valid_from ({self.valid_from})"

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def _members_on(members: Iterable[Membership], day: date) -> frozenset[str]:
    return frozenset(member.symbol for member in members if member.holds_on(day))


@dataclass(frozen=True)
class Change:
    """What enters and leaves a universe before the open of `date`."""

    date: date
    add: tuple[Symbol, ...] = ()
    remove: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class Universe:
    """The dated members of a published index: a whole list and the changes since, in order."""

    code: str
    title: str
    published_index: Symbol
    initial_date: date
    initial_symbols: tuple[Symbol, ...]
    changes: tuple[Change, ...]

    def problems(self) -> Problems:
        inside, last = set(self.initial_symbols), self.initial_date
        if len(inside) < len(self.initial_symbols):
            twice = sorted({s for s in self.initial_symbols if self.initial_symbols.count(s) > 1})
            yield "initial_symbols", f"names {', '.join(twice)} twice"
        for i, change in enumerate(self.changes):
            if change.date <= last:
                yield f"changes[{i}].date", f"is {change.date}, not after the one before it ({last})"
            for symbol in change.remove:
                if symbol not in inside:
                    yield f"changes[{i}].remove", f"removes {symbol} on {change.date}, which is no member then"
                inside.remove(symbol)
            for symbol in change.add:
                if symbol in inside or symbol in change.remove:
                    yield f"changes[{i}].add", f"adds {symbol} on {change.date}, which is a member already"
                inside.add(symbol)
            last = change.date

    @cached_property
    def members(self) -> tuple[Membership, ...]:
        """Every stay of every symbol, by symbol and start."""
        entered = dict.fromkeys(self.initial_symbols, self.initial_date)
        stays: list[Membership] = []
        for change in self.changes:
            stays += [Membership(symbol, entered.pop(symbol), change.date) for symbol in change.remove]
            entered |= dict.fromkeys(change.add, change.date)
        stays += [Membership(symbol, start) for symbol, start in entered.items()]
        return tuple(sorted(stays, key=lambda stay: (stay.symbol, stay.valid_from)))

    def members_on(self, day: date) -> frozenset[str]:
        """The symbols that belong on `day`; none before the initial list."""
        return _members_on(self.members, day)


@dataclass(frozen=True)
class Basket:
    """Dated members weighted equally; tiers carry the order in which the thesis expects them to lead."""

    id: str
    title: str
    role: Literal["tier", "sector_fund", "fund", "asset"]
    weighting: Literal["equal"]
    members: tuple[Membership, ...]
    rank: Annotated[int, AtLeast(1)] | None = None

    def problems(self) -> Problems:
        if (self.role == "tier") != (self.rank is not None):
            yield "rank", "is needed for a tier and for nothing else"
        if not self.members:
            yield "members", "is empty"
        stays = sorted(self.members, key=lambda stay: (stay.symbol, stay.valid_from))
        for one, two in zip(stays, stays[1:], strict=False):
            if one.symbol == two.symbol and (one.valid_to is None or two.valid_from < one.valid_to):
                yield "members", f"adds {two.symbol} on {two.valid_from}, which is a member already"

    def members_on(self, day: date) -> frozenset[str]:
        """The symbols that belong on `day`."""
        return _members_on(self.members, day)


@dataclass(frozen=True)
class Catalog:
    """Everything the pipeline holds, by id; `hash` is the sha256 of what the files say, not of how they are written."""

    sources: Mapping[str, Source]
    feeds: Mapping[str, Feed]
    series: Mapping[str, Series]
    instruments: Mapping[str, Instrument]
    universes: Mapping[str, Universe]
    baskets: Mapping[str, Basket]
    hash: str
    folder: Path

    @property
    def tiers(self) -> tuple[Basket, ...]:
        """The baskets whose leadership is watched, in the expected order."""
        return tuple(sorted((b for b in self.baskets.values() if b.role == "tier"), key=lambda b: b.rank or 0))

    def of_kind(self, *kinds: Kind) -> tuple[Instrument, ...]:
        """The instruments of these kinds, by symbol."""
        return tuple(i for _, i in sorted(self.instruments.items()) if i.kind in kinds)

    def lines(self, issuer: str) -> tuple[Instrument, ...]:
        """A company's listed lines, the primary one first."""
        lines = (i for i in self.instruments.values() if i.issuer == issuer)
        return tuple(sorted(lines, key=lambda line: (not line.primary_line, line.symbol)))

    def to_ask(self, start: date, end: date) -> tuple[Instrument, ...]:
        """The instruments that traded between both days and whose ticker still means them, by symbol."""
        return tuple(
            i for _, i in sorted(self.instruments.items())
            if i.since <= end and (i.until is None or i.until >= start) and not i.ticker_reused
        )


FILES: dict[str, tuple[str, type]] = {
    "sources.toml": ("sources", Source),
    "feeds.toml": ("feeds", Feed),
    "macro.toml": ("series", Series),
    "stocks.toml": ("instruments", Instrument),
    "funds.toml": ("instruments", Instrument),
    "indices.toml": ("instruments", Instrument),
    "baskets.toml": ("baskets", Basket),
}


def load(folder: Path | None = None) -> Catalog:
    """The catalogue in `folder` (None: the packaged one); raises CatalogError for the first entry that is wrong."""
    folder = folder or Path(__file__).with_suffix("")
    said = _parse(folder)
    found: dict[str, dict[str, Any]] = {name: {} for name, _ in FILES.values()} | {"universes": {}}
    references: list[Reference] = []
    for file, tables in said.items():
        reader = Reader(file)
        if file in FILES:
            _read_entries(reader, FILES[file], tables, found)
        else:
            code = Path(file).stem
            found["universes"][code] = reader.entry(Universe, code, tables)
        references += reader.references
    _check_together(found, references)
    canonical = json.dumps(said, sort_keys=True, default=str)
    return Catalog(
        **{name: MappingProxyType(entries) for name, entries in found.items()},
        hash=hashlib.sha256(canonical.encode()).hexdigest(),
        folder=folder,
    )


def _parse(folder: Path) -> dict[str, dict[str, Any]]:
    """What every file of the folder says, by its path in it; none may be missing, and none unknown."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.toml"))}
    for missing in FILES.keys() - files.keys():
        raise CatalogError(missing, "-", "-", f"is not in {folder}")
    for file in files.keys() - FILES.keys():
        if Path(file).parent.as_posix() != "universes":
            raise CatalogError(file, "-", "-", f"is no file of the catalogue{did_you_mean(file, FILES)}")
    said = {}
    for file, path in files.items():
        try:
            said[file] = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
            raise CatalogError(file, "-", "-", f"is not TOML: {error}") from error
    return said


def _read_entries(
    reader: Reader, kind: tuple[str, type], tables: dict[str, Any], found: dict[str, dict[str, Any]]
) -> None:
    """Add every entry of a file; its `defaults` table stands for the keys an entry leaves out."""
    collection, cls = kind
    defaults = reader.known_keys(cls, "defaults", tables.get("defaults", {}))
    for name, table in tables.items():
        if name == "defaults":
            continue
        if name in found[collection]:
            raise reader.fail(name, "-", f"is in {collection} twice, here and in another file")
        found[collection][name] = reader.entry(cls, name, {**defaults, **table} if isinstance(table, dict) else table)


def _check_together(found: dict[str, dict[str, Any]], references: list[Reference]) -> None:
    """What no entry can know alone: names that nobody has, issuers that are no primary line, two tiers of one rank."""
    for used in references:
        known = found[used.collection]
        if used.name not in known:
            problem = f"names {used.name!r}, which is not in {used.collection}{did_you_mean(used.name, known)}"
            raise CatalogError(used.file, used.entry, used.key, problem)
    for instrument in found["instruments"].values():
        primary = found["instruments"][instrument.issuer]
        if not primary.primary_line:
            problem = f"names {primary.symbol}, whose own issuer is {primary.issuer}"
            raise CatalogError("stocks.toml", instrument.symbol, "issuer", problem)
    ranks: dict[int, str] = {}
    for basket in found["baskets"].values():
        if basket.rank is not None and ranks.setdefault(basket.rank, basket.id) != basket.id:
            problem = f"is {basket.rank}, the same as that of {ranks[basket.rank]}"
            raise CatalogError("baskets.toml", basket.id, "rank", problem)
