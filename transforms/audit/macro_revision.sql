/*
doc = """
Every revision of a macro observation: the first value, the one before, and the one since known_at. Rows of the marts before
known_at keep what their own day knew; the revisions they rightly ignore are those here.
"""
grain = ["series_id", "date", "known_at"]

[columns]
series_id = "FRED's name of the series."
date = "Day or period the value is for."
first_value = "The value as first reported, in the series' unit."
previous_value = "The value until known_at; NULL when it had been taken back."
value = "The value from known_at on; NULL when it is taken back."
known_at = "When the world could first know this value (UTC)."

[assertions]
"a revision changes the value" = "value is distinct from previous_value"
*/
select
    series_id, date,
    first_value(value) over said as first_value,
    lag(value) over said as previous_value,
    value, known_at
from staging.macro_observation
window said as (partition by series_id, date order by known_at)
qualify row_number() over said > 1
order by series_id, date, known_at
