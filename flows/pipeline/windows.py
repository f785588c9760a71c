"""Parse and check the times that a user requests (a session, a range, an instant); decide whether today needs a run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from flows.pipeline.fetch_history import NEW_YORK
from flows.pipeline.plan import Window, last_closed
from flows.settings import LIVE, Clock, Settings
from warehouse.calendar import sessions
from warehouse.catalog.values import YEARS
from warehouse.errors import BadRequest, NothingPublished


def own_clock(settings: Settings) -> Clock:
    """Return the present for a command that fetches nothing and so reads no source clock; call it with the writer's lock.

    For a simulated market or a replay server it is the latest time recorded in the data folder. For the real market it is
    the wall clock.
    """
    newest, simulated = None, False
    if settings.home.working.exists():
        with settings.home.warehouse() as con:
            newest, simulated = con.execute("""
                select greatest(max(fetched_at), (select max(started_at) from audit.run where first_session is not null)),
                    coalesce(bool_or(is_simulated), false)
                from audit.batch""").fetchall()[0]
    if newest and (simulated or settings.source != LIVE):
        return Clock(newest.replace(tzinfo=UTC), simulated)
    return Clock(datetime.now(UTC), simulated)


def session_window(settings: Settings, day: date | None) -> Window:
    """Return the window of the requested session, by default the last closed one.

    Raises BadRequest if the day is not a closed session.
    """
    now = settings.clock().now
    last = last_closed(now)
    if day is None:
        return Window(last, last)
    open_days = [d for d, _, _ in sessions(now.year + 1)]
    if day < open_days[0]:
        raise BadRequest(f"date {day}", f"the calendar begins on {open_days[0]}", "Give that date or a later one")
    if day < open_days[-1] and day not in open_days:
        before = min(last, max(d for d in open_days if d < day))
        raise BadRequest(f"date {day}", "the New York Stock Exchange is closed on that day",
                         f"The last closed session before it is {before}")
    if day > last:
        raise BadRequest(f"date {day}", f"its session has not closed yet at {now:%Y-%m-%d %H:%M} UTC",
                         f"The last closed session is {last}")
    return Window(day, day)


def nothing_to_do(settings: Settings) -> str | None:
    """Explain why today needs no run: it has no session, and the last session is published without gaps; otherwise None."""
    now = settings.clock().now
    today, last = now.astimezone(NEW_YORK).date(), last_closed(now)
    if today in {day for day, _, _ in sessions(today.year)}:
        return None
    try:
        with settings.home.marts() as con:
            published = con.execute("""select (select max(date) from marts.regime_daily), arg_max(status, started_at)
                                       from audit.run""").fetchone()
    except NothingPublished:
        return None
    if published != (last, "completed"):
        return None
    return f"{today:%A, %-d %B %Y} has no session; {last}, the last one, is published"


def range_window(settings: Settings, start: date, end: date) -> Window:
    """Return the window of the closed sessions between two dates; raise BadRequest if the range is invalid or has none."""
    if end < start:
        raise BadRequest(f"range {start} to {end}", "it ends before it begins", "Give the earlier date first")
    last = last_closed(settings.clock().now)
    if start > last:
        raise BadRequest(f"range {start} to {end}", "none of its sessions has closed yet",
                         f"The last closed session is {last}")
    if start.year < 1990:
        raise BadRequest(f"range {start} to {end}", "it begins before 1990", "Sessions begin on 1990-01-02")
    open_days = [day for day, _, _ in sessions(last.year + 1)]
    if not any(start <= day <= min(end, last) for day in open_days):
        before, after = max((d for d in open_days if d < start), default=None), min(d for d in open_days if d > start)
        raise BadRequest(f"range {start} to {end}", "the New York Stock Exchange has no session in it",
                         f"The sessions around it are {before} and {after}" if before else f"The first is {after}")
    return Window(start, min(end, last))


def parse_instant(text: str) -> datetime:
    """Parse ISO text as a UTC instant; raise BadRequest if it is invalid.

    A date without a time, in any ISO format, means 23:59:59 in New York. A time without a zone is UTC.
    """
    try:
        day = _day_of(text)
        instant = datetime.combine(day, time(23, 59, 59), NEW_YORK) if day else datetime.fromisoformat(text)
        instant = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        if instant.year not in YEARS:
            raise ValueError(instant)
    except (ValueError, OverflowError):
        raise BadRequest(f"moment {text!r}", f"it is neither a date nor an instant from {YEARS[0]} to {YEARS[-1]}",
                         "Write 2026-03-27, or 2026-03-27T21:15:00Z") from None
    return instant


def refuse_future(now: datetime, **instants: datetime | None) -> None:
    """Raise BadRequest for the first of the named instants after `now`: what will be known then is not known yet."""
    for what, instant in instants.items():
        if instant and instant > now:
            raise BadRequest(f"{what} {instant:%Y-%m-%dT%H:%M:%SZ}", "it lies in the future",
                             f"The clock says {now:%Y-%m-%dT%H:%M:%SZ}")


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
