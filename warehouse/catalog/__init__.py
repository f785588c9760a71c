"""Read and validate the catalog, which declares what the pipeline holds: the TOML files in definitions/ or your own."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from warehouse.catalog.entries import Availability, Feed, Gives, Instrument, Kind, Series, Source
from warehouse.catalog.groups import Basket, Change, Membership, SpinOff, Universe
from warehouse.catalog.reader import Reader, Reference, did_you_mean
from warehouse.errors import CatalogError

__all__ = [
    "Availability",
    "Basket",
    "Catalog",
    "Change",
    "Feed",
    "Gives",
    "Instrument",
    "Kind",
    "Membership",
    "Series",
    "Source",
    "SpinOff",
    "Universe",
    "load",
]


@dataclass(frozen=True)
class Catalog:
    """Everything the pipeline holds, by id; `hash` is the sha256 of the files' content, independent of formatting."""

    sources: Mapping[str, Source]
    feeds: Mapping[str, Feed]
    series: Mapping[str, Series]
    instruments: Mapping[str, Instrument]
    universes: Mapping[str, Universe]
    baskets: Mapping[str, Basket]
    hash: str
    folder: Path
    spinoffs: Mapping[str, SpinOff] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def primary_index(self) -> Universe | None:
        """The index that the regime, signals, claims and, by default, the page are about; None without indices.

        A catalog with a single index need not declare it.
        """
        declared = [universe for universe in self.universes.values() if universe.primary]
        return next(iter(declared or self.universes.values()), None)

    @property
    def tiers(self) -> tuple[Basket, ...]:
        """The baskets whose leadership is tracked, in the expected order."""
        tiers = (basket for basket in self.baskets.values() if basket.role == "tier")
        return tuple(sorted(tiers, key=lambda tier: tier.rank or 0))

    def of_kind(self, *kinds: Kind) -> tuple[Instrument, ...]:
        """The instruments of these kinds, by symbol."""
        return tuple(i for _, i in sorted(self.instruments.items()) if i.kind in kinds)

    def lines(self, issuer: str) -> tuple[Instrument, ...]:
        """A company's listed lines, the primary one first."""
        lines = (i for i in self.instruments.values() if i.issuer == issuer)
        return tuple(sorted(lines, key=lambda line: (not line.primary_line, line.symbol)))

    def sources_of(self, feed: str, instrument: Instrument) -> tuple[Source, ...]:
        """The sources of an instrument's records of a feed: the feed's own source, then others that provide it too."""
        own = self.feeds[feed].source
        others = (s for s in self.sources.values() if s.id != own and s.gives.includes(feed, instrument))
        return self.sources[own], *sorted(others, key=lambda source: (source.priority, source.id))

    def to_fetch(self, start: date, end: date) -> tuple[Instrument, ...]:
        """The instruments that traded between both days and whose ticker was not reused, by symbol."""
        return tuple(
            i
            for _, i in sorted(self.instruments.items())
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
    "spinoffs.toml": ("spinoffs", SpinOff),
}
# A catalog without such entries does not need these files.
OPTIONAL = {"spinoffs.toml"}
# The feeds that every run requests: the code refers to these entries by name.
FEEDS = ("bars", "shares", "statements", "weights")
LARGEST_FILE = 16 << 20
PACKAGED = Path(__file__).with_name("definitions")


def load(folder: Path | None = None) -> Catalog:
    """Load the packaged catalog; entries of `folder` are added to it, or replace entries of the same name.

    A folder that has every file of the packaged catalog replaces it. Raises CatalogError for the first invalid entry.
    """
    tables_by_file: dict[str, dict[str, tuple[Reader, Any]]] = {}
    defaults: dict[str, dict[str, Any]] = {}
    readers: list[Reader] = []
    for prefix, files in _layers(folder):
        for file, path in files.items():
            readers.append(reader := Reader(f"{prefix}{file}"))
            tables_by_file.setdefault(file, {}).update(_entries(reader, file, _toml(reader.file, path), defaults))
    found: dict[str, dict[str, Any]] = {name: {} for name, _ in FILES.values()} | {"universes": {}}
    for file, entries in tables_by_file.items():
        collection, cls = FILES.get(file, ("universes", Universe))
        for name, (reader, table) in entries.items():
            if name in found[collection]:
                raise reader.fail(name, "-", f"is in {collection} twice, here and in another file")
            found[collection][name] = reader.entry(cls, name, table)
    _check_together(found, [used for reader in readers for used in reader.references])
    tables = {file: {name: table for name, (_, table) in entries.items()} for file, entries in tables_by_file.items()}
    return Catalog(
        **{name: MappingProxyType(entries) for name, entries in found.items()},
        hash=hashlib.sha256(json.dumps(tables, sort_keys=True, default=str).encode()).hexdigest(),
        folder=folder or PACKAGED,
    )


def overlay(folder: Path | None) -> str:
    """Describe the folder that is layered over the packaged catalog, as half a sentence; empty if there is none."""
    return f", those of {folder} over the packaged ones" if folder and len(_layers(folder)) == 2 else ""


def _layers(folder: Path | None) -> list[tuple[str, dict[str, Path]]]:
    """Return the layers to read, in order: the prefix of file names in errors, and the files by their relative path."""
    if folder is None:
        return [("", _files(PACKAGED))]
    files = _files(folder)
    if not files:
        problem = (f"has none of the files of a catalog: {', '.join(FILES)} or universes/CODE.toml" if folder.is_dir()
                   else f"{'is not a folder' if folder.exists() else 'does not exist'}; name a folder with --catalog or "
                        "RALLYSCOPE_CATALOG")
        raise CatalogError(str(folder), "-", "-", problem)
    whole = FILES.keys() - OPTIONAL <= files.keys()
    return [("", files)] if whole else [("", _files(PACKAGED)), (f"{folder}/", files)]


def _files(folder: Path) -> dict[str, Path]:
    paths = sorted((*folder.glob("*.toml"), *folder.glob("*/*.toml")))
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    for file in sorted(files.keys() - FILES.keys()):
        if Path(file).parent.as_posix() != "universes":
            guess = did_you_mean(file, FILES) or f"; a catalog has {', '.join(FILES)} and universes/CODE.toml"
            raise CatalogError(file, "-", "-", f"is in {folder}, but is not a catalog file{guess}")
    return files


def _toml(file: str, path: Path) -> dict[str, Any]:
    """Parse one TOML file; raise CatalogError if it is not a regular file or cannot be parsed."""
    try:
        if not path.is_file():  # opening a pipe would block until another process writes to it
            raise CatalogError(file, "-", "-", f"is not a file: {_instead(path)} is in its place")
        if path.stat().st_size > LARGEST_FILE:
            raise CatalogError(file, "-", "-", f"has more than {LARGEST_FILE >> 20} MB, which no file of a catalog has")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(file, "-", "-", f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise CatalogError(file, "-", "-", f"is not UTF-8 text (byte 0x{error.object[error.start]:02x} at position "
                                           f"{error.start}); save it as UTF-8") from None
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise CatalogError(file, "-", "-", f"is not TOML: {error}") from None
    except RecursionError:
        raise CatalogError(file, "-", "-", "cannot be parsed: its brackets are nested too deeply") from None


def _instead(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "a pipe or a device" if path.exists() else "a link that leads nowhere"


def _entries(reader: Reader, file: str, tables: dict[str, Any],
             defaults: dict[str, dict[str, Any]]) -> dict[str, tuple[Reader, Any]]:
    """Return the entries of a file. For keys that an entry omits, the `defaults` of the file apply, then those of the
    packaged file of the same name."""
    if file not in FILES:
        return {Path(file).stem: (reader, tables)}
    own = reader.known_keys(FILES[file][1], "defaults", tables.get("defaults", {}))
    in_force = defaults[file] = {**defaults.get(file, {}), **own}
    return {name: (reader, {**in_force, **table} if isinstance(table, dict) else table)
            for name, table in tables.items() if name != "defaults"}


def _check_together(found: dict[str, dict[str, Any]], references: list[Reference]) -> None:
    """Check across entries: missing feeds, unknown names, issuers that are not a primary line, duplicate ranks."""
    for used in references:
        known = found[used.collection]
        if used.name not in known:
            guess = did_you_mean(used.name, known)
            raise used.wrong(f"names {used.name!r}, which is not in {used.collection}{guess or '; add it there'}")
        if used.key == "issuer" and not known[used.name].primary_line:
            raise used.wrong(f"names {used.name}, whose own issuer is {known[used.name].issuer}")
    for feed in FEEDS:
        if feed not in found["feeds"]:
            raise CatalogError("feeds.toml", feed, "-", "is missing, and every run needs it")
    _check_sources(found)
    for spinoff in found["spinoffs"].values():
        if spinoff.symbol not in found["instruments"]:
            guess = did_you_mean(spinoff.symbol, found["instruments"])
            raise CatalogError("spinoffs.toml", spinoff.symbol, "-", f"is not in instruments{guess}")
    primary = [universe.code for universe in found["universes"].values() if universe.primary]
    if len(primary) > 1 or (not primary and len(found["universes"]) > 1):
        problem = f"is true in {' and in '.join(primary)}" if primary else "is not set on any index"
        raise CatalogError("universes", "-", "primary", f"{problem}; set primary = true on exactly one")
    ranks: dict[int, str] = {}
    for basket in found["baskets"].values():
        if basket.rank is not None and ranks.setdefault(basket.rank, basket.id) != basket.id:
            problem = f"is {basket.rank}, the same as that of {ranks[basket.rank]}"
            raise CatalogError("baskets.toml", basket.id, "rank", problem)


def _check_sources(found: dict[str, dict[str, Any]]) -> None:
    """Check that sources of bars declare a price convention, and that `gives` lists symbols or kinds of instruments."""
    kinds = get_args(Kind)
    for source in found["sources"].values():
        named = [(field.name, name) for field in fields(Gives) for name in getattr(source.gives, field.name)]
        for feed, name in named:
            if name not in kinds and name not in found["instruments"]:
                guess = did_you_mean(name, [*kinds, *found["instruments"]])
                raise CatalogError("sources.toml", source.id, f"gives.{feed}",
                                   f"names {name!r}, which is neither in instruments nor a kind of them{guess}")
        if source.price_convention is None and (source.gives.bars or found["feeds"]["bars"].source == source.id):
            raise CatalogError("sources.toml", source.id, "price_convention",
                               "is missing, and it gives bars: say split_adjusted or as_traded")
