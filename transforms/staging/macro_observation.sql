/*
doc = """\
Every vintage of every macro observation that the world knew and we had; for each date those of the first source by \
priority."""
grain = ["series_id", "date", "known_at"]

[columns]
series_id = "FRED's name of the series."
date = "Day or period the value is for."
value = "The value in the series' unit; NULL where the source has none or withdrew it."
pit_quality = """\
How known_at was found: vintage (an observed release), snapshot (since we fetched it) or rule (a rule counts it from \
date)."""
source = "The source that gave it (staging.source)."
known_at = "When the world could first know this value (UTC)."

[assertions]
"a value is a number" = "isfinite(value)"
"one of three qualities" = "pit_quality in ('vintage', 'snapshot', 'rule')"
*/
with versions as (
    select *
    from raw.macro_observation
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (partition by series_id, date, known_at, source order by fetched_at desc) = 1
)
select series_id, date, if(is_withdrawn, null, value) as value, pit_quality, source, known_at
from versions
left join staging.source using (source)
-- All vintages of a date are one source's: another one's word is no revision.
qualify dense_rank() over (partition by series_id, date order by priority nulls last, source) = 1
