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
high = "Highest price, as traded; NULL where the source has none, or reports one below the close."
low = "Lowest price, as traded; NULL where the source has none, or reports one above the close."
close = "Last price, as traded."
volume = "Units traded."
source = "Source of the bar."
high_known_at = "When the high was known, and everything that known_at covers (UTC); NULL without a high."
known_at = "When the close, its acceptance, the verdict on held bars before it and its splits could be known (UTC)."

[assertions]
"prices are positive" = "close > 0"
*/
with judged as (
    select price_bar.*, price_bar_verdict.status, price_bar_verdict.known_at as judged_at,
        max(case when price_bar_verdict.status = 'held' then price_bar_verdict.known_at end) over (
            partition by price_bar.symbol order by price_bar.date rows between 10 preceding and 1 preceding
        ) as held_before_at
    from staging.price_bar
    left join core.price_bar_verdict using (symbol, date)
), split_step as (
    select symbol, date, max(known_at) over (partition by symbol order by date) as known_at
    from staging.split
)
select judged.symbol, judged.date, judged.open, judged.high, judged.low, judged.close, judged.volume, judged.source,
    case when judged.high is not null
        then greatest(judged.high_known_at, judged.known_at, judged.judged_at, judged.held_before_at,
            split_step.known_at) end as high_known_at,
    greatest(judged.known_at, judged.judged_at, judged.held_before_at, split_step.known_at) as known_at
from judged
asof left join split_step on split_step.symbol = judged.symbol and split_step.date <= judged.date
where judged.status is distinct from 'held'
