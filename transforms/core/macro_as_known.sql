/*
doc = """
What each session's evening knew of each macro series: the newest observation whose value was known by 23:59:59 New York,
in its latest vintage of that moment. A later vintage changes the rows from its own day on, never before.
"""
grain = ["date", "series_id"]

[columns]
date = "Session."
series_id = "FRED's name of the series."
value = "Newest value known, in the series' unit; an observation missing or taken back gives way to the one before it."
observation_date = "Day or period that value is for."
pit_quality = "How the moment of that value was found: vintage, snapshot or rule (staging.macro_observation)."
known_at = """\
When the row could first be known (UTC): with the session's prices, or with the last vintage of its evening behind it."""

[assertions]
"known by the end of its day" = "known_at <= new_york(date, time '23:59:59')"
"a number with its date" = "isfinite(value) and observation_date is not null"
*/
with evening as (
    select date, position, known_at, new_york(date, time '23:59:59') as cutoff from staging.session
), arrival as (
    -- A vintage arrives on the first evening that knew it; of several on one evening the last stands.
    select macro_observation.series_id, macro_observation.date, macro_observation.value, macro_observation.pit_quality,
        macro_observation.known_at, evening.position
    from staging.macro_observation asof join evening on macro_observation.known_at <= evening.cutoff
    qualify row_number() over (partition by series_id, macro_observation.date,
        evening.position order by macro_observation.known_at desc) = 1
), spell as (
    select *,
        lead(position) over (partition by series_id, date order by position) as superseded,
        bool_and(value is not null) over (
            partition by series_id, date order by position rows between current row and unbounded following
        ) as stays
    from arrival
), hidden as (
    -- From here on a newer observation has a value for good, so this one is never looked at again.
    select series_id, date, min(min(position) filter (stays)) over (
        partition by series_id order by date rows between 1 following and unbounded following
    ) as since
    from spell group by series_id, date
), in_sight as (
    select series_id, date, value, pit_quality, known_at, unnest(range(
        position,
        least(superseded, since, (select max(position) + 1 from evening))
    )) as position
    from spell join hidden using (series_id, date)
)
select evening.date, series_id,
    -- arg_max passes over the NULLs of missing and withdrawn values
    arg_max(value, in_sight.date) as value,
    max(in_sight.date) filter (value is not null) as observation_date,
    arg_max(pit_quality, in_sight.date) filter (value is not null) as pit_quality,
    greatest(max(in_sight.known_at), max(evening.known_at)) as known_at
from in_sight join evening using (position)
group by evening.date, series_id
having count(value) > 0
