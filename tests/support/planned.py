"""A small catalog for tests of the plan, and the record of requests and responses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from flows.pipeline.plan import Window, last_closed, requests
from flows.sources import FetchKey
from warehouse import catalog
from warehouse.catalog import Availability, Catalog, Instrument, Membership, Series

SINCE = date(2024, 1, 2)
CLOSE = Availability(after_close_minutes=15)
A_COINS_DAY = {("bars", "BTC-USD")}  # a coin's day ends after the session's evening and is requested later
MONDAY, TUESDAY, WEDNESDAY, FRIDAY = (date(2026, 3, day) for day in (2, 3, 4, 6))


def at(day: date, clock: str = "17:00") -> datetime:
    """Convert a New York wall clock time to UTC."""
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)


def on(day: date) -> Window:
    return Window(day, day)


def small_catalog() -> Catalog:
    """Return stocks of a basket, one delisted, one with a reused ticker; a fund, an index, a coin; and two series."""
    packaged = catalog.load()

    def instrument(symbol: str, kind: str = "stock", **more) -> Instrument:
        return Instrument(symbol=symbol, name=symbol, kind=kind, **{"since": SINCE, "known": CLOSE, **more})

    def series(series_id: str, frequency: str, known: Availability) -> Series:
        return replace(packaged.series["DGS10"], id=series_id, frequency=frequency, known=known, since=SINCE)

    instruments = [
        instrument("AAA"), instrument("BBB", statements=True), instrument("OUT"), instrument("ALONE"),
        instrument("GONE", until=date(2025, 6, 30)), instrument("REUSED", ticker_reused=True),
        instrument("LATE", since=date(2026, 3, 4)),
        instrument("XLK", "fund"), instrument("^VIX", "index"),
        instrument("BTC-USD", "crypto", known=Availability(after_utc_midnight_minutes=15)),
    ]
    members = (Membership("AAA", SINCE), Membership("OUT", SINCE, date(2026, 1, 20)), Membership("GONE", SINCE),
               Membership("REUSED", SINCE), Membership("LATE", SINCE))
    basket = replace(packaged.baskets["ai_leaders"], members=members)
    all_series = [series("DGS10", "daily", Availability(lag_business_days=1)),
                  series("CPIAUCSL", "monthly", Availability(vintage=True))]
    sources = {source.id: source for source in packaged.sources.values() if source.id != "cboe"}
    return replace(packaged, sources=MappingProxyType(sources), universes=MappingProxyType({}),
                   baskets=MappingProxyType({"ai_leaders": basket}),
                   instruments=MappingProxyType({i.symbol: i for i in instruments}),
                   series=MappingProxyType({s.id: s for s in all_series}))


def fetch_keys(con, small: Catalog, window: Window, now: datetime) -> dict[tuple[str, str], FetchKey]:
    """Return the requested keys, by feed and key."""
    return {(request.feed, ask.key): ask for request in requests(con, small, window, now) for ask in request.fetch_keys}


def answer(con, requested: dict[tuple[str, str], FetchKey], now: datetime, **status: str) -> None:
    """Record responses to all requests at `now`, by default as fully received; `status` overrides it for some keys."""
    answer_up_to(con, requested, now, None, **status)


def answer_up_to(con, requested: dict[tuple[str, str], FetchKey], now: datetime, newest: date | None,
                 **status: str) -> None:
    """Record responses whose newest accepted bar is of `newest`, by default of the last completed session or day."""
    if not requested:
        return
    con.executemany(
        "insert into raw.fetch_outcome by name "
        "select 'b' as batch_id, ? as source, ? as feed, ? as key, ? as asked_from, ? as asked_to, "
        "? as status, 1 as rows, '' as reason, ? as fetched_at, 'run' as run_id, ? as covered_to",
        [("fred" if feed == "observations" else "yahoo", feed, key,
          ask.start, ask.end, status.get(key, "received"), now.replace(tzinfo=None),
          min(newest or (now.date() - timedelta(days=1) if key == "BTC-USD" else last_closed(now)), ask.end))
         for (feed, key), ask in requested.items()])
