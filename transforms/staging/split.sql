/*
doc = "Stock splits by ex-date: of each the latest version known by as_of and recorded by recorded_by."
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Ex-date: the first day that trades in new shares."
ratio = "New shares for one old share."
known_at = "When this version could be known (UTC)."

[assertions]
"a split has a positive ratio" = "ratio > 0"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with latest as (
    select *
    from raw.corporate_action
    where kind = 'split' and known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (partition by symbol, date, source order by known_at desc, fetched_at desc) = 1
)
select symbol, date, value as ratio, known_at
from latest
left join staging.source using (source)
where not is_withdrawn and value is not null
qualify row_number() over (partition by symbol, date order by priority nulls last, source) = 1
