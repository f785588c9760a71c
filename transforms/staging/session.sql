/*
doc = "New York Stock Exchange sessions that had ended by the build's as_of."
grain = ["date"]

[columns]
date = "Session, a New York date."
position = "Number of the session, 1 for the first one recorded; windows count by it."
open_at = "Opening bell (UTC)."
close_at = "Closing bell, early ones too (UTC)."
known_at = "When the session's prices are known: its close plus 15 minutes (UTC)."

[assertions]
"a session closes after it opens" = "close_at > open_at"
"prices are known after the close" = "known_at > close_at"
*/
select
    date,
    row_number() over (order by date)::integer as position,
    open_at,
    close_at,
    close_at + interval 15 minute as known_at
from raw.catalog_session
where fetched_at = (
        select max(fetched_at) from raw.catalog_session where fetched_at <= getvariable('recorded_by')
    )
    and close_at + interval 15 minute <= getvariable('as_of')
