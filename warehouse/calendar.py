"""The sessions of the New York Stock Exchange, and the federal business days that releases and filings follow."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache

from warehouse.errors import BadRequest

FIRST_YEAR = 1990
INAUGURATION_YEARS = range(1993, 2200, 4)
# Full days on which presidents closed the federal government. The Board posts no H.15 on them (its notices of 2008-12-26
# and 2014-12-26), although bonds may trade. If a closure is missing here, values become known a day early.
DECLARED = tuple(map(date.fromisoformat, (
    "1994-04-27", "2001-12-24", "2003-12-26", "2004-06-11", "2007-01-02", "2007-12-24", "2008-12-26", "2012-12-24",
    "2014-12-26", "2018-12-05", "2018-12-24", "2019-12-24", "2020-12-24", "2024-12-24", "2025-01-09", "2025-12-24",
    "2025-12-26",
)))


@cache
def sessions(last_year: int) -> list[tuple[date, datetime, datetime]]:
    """Return (date, open, close) of every New York Stock Exchange session since 1990, in UTC without zone."""
    from exchange_calendars import get_calendar

    schedule = get_calendar("XNYS", start=f"{FIRST_YEAR}-01-01", end=f"{last_year}-12-31").schedule
    return [(day.date(), opens.to_pydatetime().replace(tzinfo=None), closes.to_pydatetime().replace(tzinfo=None))
            for day, opens, closes in zip(schedule.index, schedule["open"], schedule["close"], strict=True)]


@cache
def federal_days(last_year: int) -> list[date]:
    """Return every federal business day since 1990.

    The Board observes the federal holidays. Unlike the Reserve Banks, it closes on the Friday before a holiday that falls
    on a Saturday. It also closes on Inauguration Day (K.8, Holidays Observed by the Federal Reserve System).
    """
    import pandas as pd
    from pandas.tseries.holiday import USFederalHolidayCalendar

    first, last = f"{FIRST_YEAR}-01-01", f"{last_year}-12-31"
    closed = {day.date() for day in USFederalHolidayCalendar().holidays(first, f"{last_year + 1}-01-31")}
    closed |= {date(year, 1, 20) for year in INAUGURATION_YEARS} | set(DECLARED)
    return [day.date() for day in pd.bdate_range(first, last) if day.date() not in closed]


def day_of(text: str) -> date:
    """Parse a date that a user wrote; raise BadRequest, which shows the expected format, if it is invalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        written = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
        raise BadRequest(f"date {text!r}", "there is no such day" if written else "it is not a date",
                         "Write year, month and day, e.g. 2026-03-27") from None
