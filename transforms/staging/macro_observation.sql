/*
doc = "Every vintage of every macro observation that the world knew and we had: one row per value said."
grain = ["series_id", "date", "known_at"]

[columns]
series_id = "FRED's name of the series."
date = "Day or period the value is for."
value = "The value in the series' unit; NULL where the source says there is none, or takes one back."
pit_quality = """\
How known_at was found: vintage (an observed release), snapshot (since we fetched it) or rule (a rule counts it from \
date)."""
known_at = "When the world could first know this value (UTC)."

[assertions]
"a value is a number" = "isfinite(value)"
"one of three qualities" = "pit_quality in ('vintage', 'snapshot', 'rule')"
*/
select series_id, date, if(is_withdrawn, null, value) as value, pit_quality, known_at
from raw.macro_observation
where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
qualify row_number() over (partition by series_id, date, known_at order by fetched_at desc) = 1
