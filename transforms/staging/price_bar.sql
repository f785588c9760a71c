/*
doc = "Daily bars as traded: of each bar the latest version known by as_of and recorded by recorded_by."
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar: a session, or for coins the UTC day."
open = "First price, neither split- nor dividend-adjusted; NULL where the source has none."
high = "Highest price, as traded; NULL where the source has none."
low = "Lowest price, as traded; NULL where the source has none."
close = "Last price, as traded."
volume = "Units traded."
source = "Who said it."
known_at = "When this version of the bar could be known (UTC)."

[promises]
"prices are positive" = "close > 0"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with latest as (
    select *
    from raw.price_bar
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (partition by symbol, date order by known_at desc, fetched_at desc) = 1
)
select symbol, date, open, high, low, close, volume, source, known_at
from latest
where not is_withdrawn and close is not null
