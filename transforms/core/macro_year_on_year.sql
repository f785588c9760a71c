/*
doc = """
The newest vintage of each observation of the weekly, monthly and quarterly series, beside that of the same period a year
before. For what was known on a past evening, build as of it, or read core.macro_as_known.
"""
grain = ["series_id", "date"]

[columns]
series_id = "FRED's name of the series."
date = "Period the value is for: its first day, or a week's last."
value = "Newest value known, in the series' unit."
year_before = "Newest value known of the same period a year before (within five days); NULL without one."
change = "value - year_before, in the series' unit."
change_return = "value / year_before - 1; NULL unless year_before is above 0."
known_at = "When both vintages could be known (UTC)."

[assertions]
"a change has both ends" = "(change is null) = (year_before is null)"
"a change is a number" = "isfinite(change) and coalesce(isfinite(change_return), true)"
*/
with newest as (
    select o.series_id, o.date, o.value, o.known_at
    from staging.macro_observation o
    join staging.series s using (series_id)
    where s.frequency <> 'daily'
    qualify row_number() over (partition by series_id, o.date order by o.known_at desc) = 1
), said as (
    select * from newest where value is not null
)
select
    n.series_id,
    n.date,
    n.value,
    b.value as year_before,
    n.value - b.value as change,
    case when b.value > 0 then n.value / b.value - 1 end as change_return,
    greatest(n.known_at, b.known_at) as known_at
from said n
left join said b on b.series_id = n.series_id and b.date between n.date - interval 1 year - interval 5 day
    and n.date - interval 1 year + interval 5 day
qualify row_number() over (
    partition by n.series_id, n.date order by abs(b.date - (n.date - interval 1 year)::date) nulls last, b.date
) = 1
