"""The requests that were answered and the bars that are held: what a plan asks about the past."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb

from warehouse.catalog import Instrument

NEW_YORK = ZoneInfo("America/New_York")
# A key whose newest bar is more than this before a session no longer trades. A key with a newer bar is late.
STILL_TRADES = timedelta(days=10)

Key = tuple[str, str, str]
"""Feed, source, and the requested symbol, series or index."""


class FetchHistory:
    """The answered requests up to `now`, by feed, source and key, without those of `forgotten_feeds`.

    If `forgotten_key` is given, only the requests for that key are left out. Each request has its first date,
    the last closed session that it covers, and the day of the request.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, now: datetime, forgotten_feeds: frozenset[str] = frozenset(),
                 forgotten_key: str | None = None) -> None:
        self.today = now.astimezone(NEW_YORK).date()
        rows = con.execute("""
            with closed as (select date as session, close_at + interval 15 minute as known_at
                            from raw.catalog_session
                            where fetched_at = (select max(fetched_at) from raw.catalog_session))
            select feed, source, key, asked_from, least(asked_to, session),
                timezone('America/New_York', timezone('UTC', fetched_at))::date,
                -- Releases that did not record what an answer covers counted it as covering what was requested.
                if(status = 'received', coalesce(covered_to, least(asked_to, session)), null)
            from raw.fetch_outcome asof left join closed on fetched_at >= known_at
            where status in ('received', 'empty') and fetched_at <= ?
                and not (list_contains(?::varchar[], feed) and key = coalesce(?, key))""",
            [now.replace(tzinfo=None), sorted(forgotten_feeds), forgotten_key]).fetchall()
        self.answers: dict[Key, list[tuple[date, date, date]]] = {}
        self.newest: dict[Key, date] = {}
        """The last date with an accepted row."""
        for feed, source, name, *answer, covered_to in rows:
            key = feed, source, name
            self.answers.setdefault(key, []).append(tuple(answer))  # type: ignore[arg-type]
            if covered_to:
                self.newest[key] = max(covered_to, self.newest.get(key, covered_to))
        self.held = _held_bars(con)
        """The dates of the bars that the last build held, by symbol."""

    def start(self, key: Key, since: date, until: date, reask_days: int) -> date | None:
        """Return the first date to request so that sessions up to `until` are covered; None if they already are."""
        answers = self.answers.get(key)
        if not answers or min(first for first, _, _ in answers) > since:
            return since
        covered = max(last for _, last, _ in answers)
        return None if covered >= min(until, self.today) else max(since, covered - timedelta(days=reask_days))

    def start_with_held(self, symbol: str, start: date) -> date:
        """Return `start`, or the date of the first bar before it that the last build held, as far as STILL_TRADES back."""
        return min([start, *(day for day in self.held.get(symbol, []) if start - STILL_TRADES <= day < start)])

    def start_of_late(self, key: Key, instrument: Instrument, due: date, reask_days: int) -> date | None:
        """Return the first date to request if a bar is missing from a response or was held by the last build; else None."""
        newest = self.newest.get(key, instrument.since - timedelta(days=1))
        held = self.held.get(instrument.symbol, [])
        newest = min([newest, *(day - timedelta(days=1) for day in held if due - STILL_TRADES < day <= due)])
        is_late = due - STILL_TRADES <= newest < due
        return max(instrument.since, newest - timedelta(days=reask_days)) if is_late else None

    def within(self, key: Key, days: int, since: date = date.max) -> bool:
        """Return whether a response that reached back to `since` is younger than `days`."""
        return any(self.today - requested_on < timedelta(days=days) and first <= since
                   for first, _, requested_on in self.answers.get(key, []))


def _held_bars(con: duckdb.DuckDBPyConnection) -> dict[str, list[date]]:
    """Return the dates of the bars that the last build held, by symbol; an empty dict before the first build."""
    built = con.execute("select 1 from duckdb_tables() where schema_name = 'core' and table_name = 'price_bar_held'")
    if not built.fetchone():
        return {}
    return dict(con.execute("select symbol, list(date) from core.price_bar_held group by symbol").fetchall())
