/*
doc = """
Weeks of the exchange's calendar (ISO, Monday to Sunday) as it was recorded then. The calendar is published years ahead,
so the last session of a week is known before the week is over; as_of therefore does not cut it.
"""
grain = ["week"]

[columns]
week = "Monday of the ISO week."
last_session = "Its last New York Stock Exchange session."

[assertions]
"a week begins on Monday and holds its session" = "isodow(week) = 1 and last_session between week and week + 6"
*/
select date_trunc('week', date)::date as week, max(date) as last_session
from raw.catalog_session
where fetched_at = (
    select max(fetched_at) from raw.catalog_session where fetched_at <= getvariable('recorded_by')
)
group by week
