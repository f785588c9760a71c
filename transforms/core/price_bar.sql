/*
doc = """
Daily bars as traded that figures are made from: those of staging.price_bar without those that evidence holds
(core.price_bar_held).
"""
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
high_known_at = "When the high could be known, and all that known_at says (UTC); NULL without a high."
known_at = "When the close, its acceptance, the verdict on held bars before it and its splits could be known (UTC)."

[assertions]
"prices are positive" = "close > 0"
*/
with judged as (
    select b.*, v.status, v.known_at as judged_at,
        max(case when v.status = 'held' then v.known_at end) over (
            partition by b.symbol order by b.date rows between 10 preceding and 1 preceding
        ) as held_before_at
    from staging.price_bar b
    left join core.price_bar_verdict v using (symbol, date)
), split_step as (
    select symbol, date, max(known_at) over (partition by symbol order by date) as known_at
    from staging.split
)
select j.symbol, j.date, j.open, j.high, j.low, j.close, j.volume, j.source,
    case when j.high is not null
        then greatest(j.high_known_at, j.known_at, j.judged_at, j.held_before_at, p.known_at) end as high_known_at,
    greatest(j.known_at, j.judged_at, j.held_before_at, p.known_at) as known_at
from judged j
asof left join split_step p on p.symbol = j.symbol and p.date <= j.date
where j.status is distinct from 'held'
