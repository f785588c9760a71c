"""Plan the requests of a run: the data that the catalog declares for its window, less the data already received."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby

import duckdb

from flows.pipeline.fetch_history import STILL_TRADES, FetchHistory
from flows.sources import FetchKey
from warehouse.calendar import sessions
from warehouse.catalog import Catalog, Instrument, Series
from warehouse.catalog.reader import did_you_mean
from warehouse.errors import BadRequest

CLOSE_IS_KNOWN_AFTER = timedelta(minutes=15)
KEYS_A_BATCH = 60

# The share count in force when a range begins was published earlier, so a request reaches back this many days.
COUNT_BEFORE = timedelta(days=400)
# Quarterly statements and the full history of revised series are requested again after this many days.
WEEKLY = 7
# Days before the last observation that are requested again, by frequency.
REASK_OBSERVATIONS = {"daily": 10, "weekly": 60, "monthly": 200, "quarterly": 400}


@dataclass(frozen=True)
class Window:
    """The sessions that a run covers, both ends included."""

    start: date
    end: date

    def __str__(self) -> str:
        return str(self.end) if self.start == self.end else f"{self.start} to {self.end}"


class Feed(StrEnum):
    """The feeds that can be fetched again."""

    bars = "bars"
    shares = "shares"
    statements = "statements"
    observations = "observations"
    weights = "weights"


@dataclass(frozen=True)
class Again:
    """The feeds to fetch again as if for the first time; only one key of them if `key` names it."""

    feeds: frozenset[str] = frozenset()
    key: str | None = None


NOTHING_AGAIN = Again()


def requested_again(catalog: Catalog, feed: Feed, key: str | None) -> Again:
    """Select a feed to fetch again, for all its keys or one.

    Raises BadRequest for a key that the feed does not have, or whose ticker belongs to another company today.
    """
    if key is None:
        return Again(frozenset({feed}))
    keys = {Feed.observations: set(catalog.series), Feed.weights: set(catalog.universes)}.get(
        feed, {i.symbol for i in catalog.instruments.values() if _gives(i, feed)})
    if key not in keys:
        raise BadRequest(f"symbol {key!r}", f"the catalog has no {feed} for it{did_you_mean(key, keys)}",
                         "Leave out --symbol to fetch all keys of the feed")
    if key in catalog.instruments and catalog.instruments[key].ticker_reused:
        raise BadRequest(f"symbol {key!r}", "its ticker belongs to another company today",
                         "Its loaded data stays unchanged")
    return Again(frozenset({feed}), key)


class Chunk(StrEnum):
    """How to split a range; the tables are the same for every choice."""

    whole = "whole"
    year = "year"
    month = "month"
    week = "week"
    day = "day"


def chunks(window: Window, chunk: Chunk) -> list[Window]:
    """Split the window at calendar boundaries, in order; every chunk has a session."""
    days = [day for day, _, _ in sessions(window.end.year) if window.start <= day <= window.end]
    border = {Chunk.whole: lambda day: 0, Chunk.year: lambda day: day.year, Chunk.month: lambda day: (day.year, day.month),
              Chunk.week: lambda day: day.isocalendar()[:2], Chunk.day: lambda day: day}[chunk]
    cut = [list(part) for _, part in groupby(days, border)]
    return [Window(part[0], part[-1]) for part in cut]


@dataclass(frozen=True)
class Request:
    """One batch to fetch: a feed of one source, for some of the `watched` keys that the window needs.

    `other` is the title of the source if it is not the one that the catalog declares for the feed.
    """

    feed: str
    source: str
    part: int
    parts: int
    watched: int
    fetch_keys: tuple[FetchKey, ...]
    other: str = ""

    def __str__(self) -> str:
        of = f" of {self.other}" if self.other else ""
        return f"{self.feed}{of}" if self.parts == 1 else f"{self.feed}{of} {self.part}/{self.parts}"


def last_closed(now: datetime) -> date:
    """Return the last session whose close was known at `now`."""
    naive = now.replace(tzinfo=None)
    return max(day for day, _, closes in sessions(now.year + 1) if closes + CLOSE_IS_KNOWN_AFTER <= naive)


def requests(con: duckdb.DuckDBPyConnection, catalog: Catalog, window: Window, now: datetime,
             again: Again = NOTHING_AGAIN, replay: bool = False) -> list[Request]:
    """Return the pending requests of `window` in batches; the feeds in `again` are fetched as if for the first time.

    A new key is requested from its catalog `since`. A key that was requested up to a session before the window's end is
    requested from that session, minus its feed's `reask_days`, or from a bar that the last build held shortly before.
    Every range ends today, so that a response includes each later split. A key whose newest due bar is missing, or was
    held by the last build, is requested again while that session is younger than STILL_TRADES, even the same evening. An
    older gap is final once a response covered it.
    Weight lists are requested if the catalog declares them, and always from a replay server.
    """
    history = FetchHistory(con, now, again.feeds, again.key)
    naive = now.astimezone(UTC).replace(tzinfo=None)
    young = [(day, closes) for day, _, closes in sessions(now.year + 1) if naive - STILL_TRADES <= closes <= naive]
    fetch_keys: dict[tuple[str, str], list[FetchKey]] = defaultdict(list)
    watched: Counter[tuple[str, str]] = Counter()
    wanted = {instrument.symbol for instrument in needed(catalog, window)}
    for instrument in (i for _, i in sorted(catalog.instruments.items()) if i.symbol in wanted | {again.key}):
        for feed in ("bars", "shares", "statements"):
            if not _gives(instrument, feed) or not (instrument.symbol in wanted or feed in again.feeds):
                continue
            since = instrument.since - COUNT_BEFORE if feed == "shares" else instrument.since
            reask_days = catalog.feeds[feed].reask_days
            for source in (source.id for source in catalog.sources_of(feed, instrument)):
                watched[feed, source] += 1
                key = feed, source, instrument.symbol
                if feed == "statements" and history.within(key, WEEKLY):
                    continue
                start = history.start(key, since, window.end, reask_days)
                if start and feed == "bars":
                    start = history.start_with_held(instrument.symbol, start)
                elif feed == "bars" and (due := _newest_due(instrument, window, naive, young)):
                    start = history.start_of_late(key, instrument, due, reask_days)
                if start:
                    fetch_keys[feed, source].append(FetchKey(instrument.symbol, start, max(start, history.today)))
    for series, fetch_key in _observations(catalog, history, window):
        fetch_keys["observations", series.source].append(fetch_key)
    watched.update(("observations", series.source) for series in catalog.series.values())
    lists = catalog.feeds["weights"]
    for universe in catalog.universes.values():
        if replay or universe.published_weights:
            watched["weights", lists.source] += 1
            key = "weights", lists.source, universe.code
            start = history.start(key, universe.initial_date, window.end, lists.reask_days)
            if start:
                fetch_keys["weights", lists.source].append(FetchKey(universe.code, start, max(start, history.today)))
    return list(_batches(catalog, fetch_keys, watched))


def _batches(catalog: Catalog, fetch_keys: dict[tuple[str, str], list[FetchKey]],
             watched: Counter[tuple[str, str]]) -> Iterator[Request]:
    """Yield the requests feed by feed, first those to the source that the catalog declares for the feed."""
    own = {(feed.id, feed.source) for feed in catalog.feeds.values()}
    order = [str(feed) for feed in Feed]
    for feed, source in sorted(
            fetch_keys, key=lambda of: (order.index(of[0]), of not in own, catalog.sources[of[1]].priority)):
        parts = _parts(fetch_keys[feed, source])
        other = "" if feed not in catalog.feeds or (feed, source) in own else catalog.sources[source].title
        for part, keys in enumerate(parts, 1):
            yield Request(feed, source, part, len(parts), watched[feed, source], keys, other)


def needed(catalog: Catalog, window: Window) -> Iterator[Instrument]:
    """Yield the instruments that the marts of the window need: every index, fund and coin, and the member stocks.

    A stock that has just left its group is needed for its last days, whose bars may be late. A company with statements is
    always needed.
    """
    groups = (*catalog.universes.values(), *catalog.baskets.values())
    still_requested = window.start - timedelta(days=catalog.feeds["bars"].reask_days)
    members = {m.symbol for group in groups for m in group.members
               if m.valid_from <= window.end and (m.valid_to is None or m.valid_to > still_requested)}
    for instrument in catalog.to_fetch(window.start, window.end):
        if instrument.kind != "stock" or instrument.statements or instrument.symbol in members:
            yield instrument


def _gives(instrument: Instrument, feed: str) -> bool:
    return feed == "bars" or (instrument.kind == "stock" and (feed == "shares" or instrument.statements))


def _newest_due(instrument: Instrument, window: Window, now: datetime, young: list[tuple[date, datetime]]) -> date | None:
    """Return the newest session in `young` whose bar is due by its availability rule; None if there is no such session."""
    lag = timedelta(minutes=instrument.known.lag)
    around_the_clock = instrument.known.rule == "after_utc_midnight_minutes"
    last = min(window.end, instrument.until or window.end)
    return max((day for day, closes in young if instrument.since <= day <= last
                and (datetime.combine(day + timedelta(days=1), time()) if around_the_clock else closes) + lag <= now),
               default=None)


def _observations(catalog: Catalog, history: FetchHistory, window: Window) -> Iterator[tuple[Series, FetchKey]]:
    for series in catalog.series.values():
        key = "observations", series.source, series.id
        start = history.start(key, series.since, window.end, REASK_OBSERVATIONS[series.frequency])
        if start and _is_revised(series) and not history.within(key, WEEKLY, series.since):
            start = series.since
        if start:
            yield series, FetchKey(series.id, start, max(start, history.today), vintages=_is_revised(series))


def _is_revised(series: Series) -> bool:
    return series.known.rule == "vintage"


def _parts(fetch_keys: list[FetchKey]) -> list[tuple[FetchKey, ...]]:
    return [tuple(fetch_keys[i:i + KEYS_A_BATCH]) for i in range(0, len(fetch_keys), KEYS_A_BATCH)]
