/*
doc = "When the index shares of each universe are set, as the catalog was recorded; dates to come too."
grain = ["index_code", "effective_date"]

[columns]
index_code = "Code of the universe."
effective_date = "First session with the new index shares."
reference_date = "Session whose closes and share counts they are set on."
kind = "quarterly (counts renewed, limits only when broken), annual or special (all weights set anew)."

[assertions]
"a kind we know" = "kind in ('quarterly', 'annual', 'special')"
"set on what was known" = "reference_date < effective_date"
*/
select index_code, effective_date, reference_date, kind
from raw.catalog_rebalance
where fetched_at = (
        select max(fetched_at) from raw.catalog_rebalance where fetched_at <= getvariable('recorded_by')
    )
    and index_code is not null
