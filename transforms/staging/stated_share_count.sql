/*
doc = """
Share counts as companies state them on the cover of a filing: of each the latest version known by as_of and recorded by
recorded_by. No source fills it yet; a count that is not here proves nothing.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker of the issuer's primary line."
date = "Day the company dates the count."
shares_outstanding = "Shares, as of that day's splits; of all classes together."
known_at = "When this version could be known (UTC)."

[assertions]
"a company has shares" = "shares_outstanding > 0"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with latest as (
    select *
    from raw.stated_share_count
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (partition by symbol, date, source order by known_at desc, fetched_at desc) = 1
)
select symbol, date, shares_outstanding, known_at
from latest
left join staging.source using (source)
where not is_withdrawn and shares_outstanding is not null
qualify row_number() over (partition by symbol, date order by priority nulls last, source) = 1
