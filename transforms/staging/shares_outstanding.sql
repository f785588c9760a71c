/*
doc = "Share counts as the feed reported them: of each the latest version known by as_of and recorded by recorded_by."
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Day the feed dates the count."
shares_outstanding = "Shares, as of that day's splits; for some lines those of the whole company."
known_at = "When this version could be known (UTC)."

[assertions]
"a company has shares" = "shares_outstanding > 0"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with latest as (
    select *
    from raw.shares_outstanding
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (partition by symbol, date, source order by known_at desc, fetched_at desc) = 1
)
select symbol, date, shares_outstanding, known_at
from latest
left join staging.source using (source)
where not is_withdrawn and shares_outstanding is not null
qualify row_number() over (partition by symbol, date order by priority nulls last, source) = 1
