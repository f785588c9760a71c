/*
doc = "Daily bars as traded: of each bar the latest version known by as_of and recorded by recorded_by."
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar: a session, or for coins the UTC day."
open = "First price, neither split- nor dividend-adjusted; NULL where the source has none."
high = "Highest price, as traded; NULL where the source has none, or says one below the close."
low = "Lowest price, as traded; NULL where the source has none, or says one above the close."
close = "Last price, as traded."
volume = "Units traded."
source = "Who said it."
known_at = "When this version of the bar could be known (UTC)."

[promises]
"prices are positive" = "close > 0"
"the day's range holds its close" = "high >= close * (1 - 1e-6) and low <= close * (1 + 1e-6)"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with latest as (
    select *
    from raw.price_bar
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (partition by symbol, date order by known_at desc, fetched_at desc) = 1
)
-- A high below the close (or a low above it) is a mistake of the feed; the close is worth keeping all the same.
select
    symbol, date, open, if(high >= close * (1 - 1e-6), high, null) as high,
    if(low <= close * (1 + 1e-6), low, null) as low, close, volume, source, known_at
from latest
where not is_withdrawn and close is not null
