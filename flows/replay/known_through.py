"""Determine when the rows of an archive became known: a bar after its close, a release at the end of its day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
BAR_DELAY = timedelta(minutes=15)
RELEASE_TIME = time(23, 59)
CLOSE, EARLIEST_CLOSE = time(16), time(13)


def end_of_day(day: date) -> datetime:
    """Return the instant that a date without a time means: 23:59:59 in New York."""
    return datetime.combine(day, time(23, 59, 59), NEW_YORK).astimezone(UTC)


def bars_known_through(now: datetime) -> date:
    """Return the last New York day whose bars are known at `now`; a bar is known 15 minutes after the session's close."""
    today = now.astimezone(NEW_YORK).date()
    local = (now - BAR_DELAY).astimezone(NEW_YORK)
    if local.date() < today or local.time() < EARLIEST_CLOSE:
        return today - timedelta(days=1)
    # The calendar is slow to import, so use it only between an early close and the usual one.
    if local.time() >= CLOSE or _close(today) <= now - BAR_DELAY:
        return today
    return today - timedelta(days=1)


def _close(day: date) -> datetime:
    import exchange_calendars

    around = timedelta(days=10)
    calendar = exchange_calendars.get_calendar("XNYS", start=day - around, end=day + around)
    if calendar.is_session(day.isoformat()):
        return calendar.session_close(day.isoformat()).to_pydatetime()
    return datetime.combine(day, CLOSE, NEW_YORK)


def utc_days_known_through(now: datetime) -> date:
    """Return the last UTC day whose bar is known at `now`, for instruments that trade around the clock."""
    return (now.astimezone(UTC) - BAR_DELAY).date() - timedelta(days=1)


def releases_known_through(now: datetime) -> date:
    """Return the last real-time start known at `now`; a release is known from 23:59:00 in New York on its day."""
    local = now.astimezone(NEW_YORK)
    return local.date() if local.time() >= RELEASE_TIME else local.date() - timedelta(days=1)
