/*
doc = "Macro series of the catalog, as it was recorded then."
grain = ["series_id"]

[columns]
series_id = "FRED's name of the series."
title = "What it measures."
unit = "Unit of its values."
frequency = "daily, weekly, monthly or quarterly."
is_vintage = "Whether its revisions are known by their day of release; else a rule gives the moment a value was known."
fallback_for = "Symbol of the index whose missing closes it fills; NULL for all others."
since = "First date asked of the source."
stale_after_days = "Calendar days after which its newest value counts as stale."

[assertions]
"a series may go stale only after a day at least" = "stale_after_days > 0"
*/
select series_id, title, unit, frequency, is_vintage, fallback_for, since, stale_after_days
from raw.catalog_series
where fetched_at = (
        select max(fetched_at) from raw.catalog_series where fetched_at <= getvariable('recorded_by')
    )
    and series_id is not null
