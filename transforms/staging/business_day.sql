/*
doc = "Federal business days, on which the Federal Reserve's Board is open, as the calendar was recorded then."
grain = ["date"]

[columns]
date = "Day."
position = "Number of the day, in order."

[assertions]
"a business day is no weekend" = "isodow(date) <= 5"
*/
select date, row_number() over (order by date) as position
from raw.catalog_business_day
where fetched_at = (
        select max(fetched_at) from raw.catalog_business_day where fetched_at <= getvariable('recorded_by')
    )
    and date is not null
