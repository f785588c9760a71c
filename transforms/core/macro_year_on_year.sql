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
    select macro_observation.series_id, macro_observation.date, macro_observation.value, macro_observation.known_at
    from staging.macro_observation
    join staging.series using (series_id)
    where series.frequency <> 'daily'
    qualify row_number() over (partition by series_id,
        macro_observation.date order by macro_observation.known_at desc) = 1
), month_value as (
    select * from newest where value is not null
)
select
    newer.series_id,
    newer.date,
    newer.value,
    year_before.value as year_before,
    newer.value - year_before.value as change,
    case when year_before.value > 0 then newer.value / year_before.value - 1 end as change_return,
    greatest(newer.known_at, year_before.known_at) as known_at
from month_value newer
left join month_value year_before on year_before.series_id = newer.series_id
    and year_before.date between newer.date - interval 1 year - interval 5 day
    and newer.date - interval 1 year + interval 5 day
qualify row_number() over (
    partition by newer.series_id,
        newer.date order by abs(year_before.date - (newer.date - interval 1 year)::date) nulls last, year_before.date
) = 1
