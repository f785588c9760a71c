/*
doc = """
Bars that repeat the one before, their volume included: the feed stood still, not the market. One alone is proved by a
line whose volume is another one every day, or, without any volume, by the same open, high and low; most bars of a
session prove each other.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar."
close = "Close as traded, as reported by the source."
is_proved = "Whether the line's own bars prove it; if not, most bars of the session do."
known_at = "When that could be known (UTC)."

[assertions]
"a repeated bar has a close" = "close > 0"
*/
with repeated as (
    -- On the day of a split a source repeats the bar in its new units: the close divided, the volume multiplied.
    select symbol, date, number, close, volume, greatest(known_at, last_known_at) as known_at,
        high > low and is_repeated(high, last_high, split) and is_repeated(low, last_low, split)
            and is_repeated(open, last_open, split) as is_range_repeated
    from (
        select price_step.*, bar.close, bar.volume, bar.open, bar.high, bar.low,
            lag(close) over bars as last_close, lag(volume) over bars as last_volume,
            lag(open) over bars as last_open, lag(high) over bars as last_high, lag(low) over bars as last_low,
            split_product / lag(split_product) over bars as split
        from core.price_step
        join staging.price_bar bar using (symbol, date)
        window bars as (partition by symbol order by date)
    )
    where is_repeated(close, last_close, split)
        and coalesce(is_repeated(open, last_open, split), true) and coalesce(is_repeated(high, last_high, split), true)
        and coalesce(is_repeated(low, last_low, split), true)
        and (is_repeated(volume, last_volume, 1 / split) and volume > 0
            or coalesce(volume, 0) = 0 and coalesce(last_volume, 0) = 0)
), frozen as (
    -- Most bars of a session once more are the feed's doing, not the market's.
    select member_bar.date, max(member_bar.known_at) as known_at
    from core.price_step member_bar
    left join repeated using (symbol, date)
    where member_bar.kind <> 'crypto'
    group by member_bar.date
    having count(repeated.symbol) >= 3 and count(repeated.symbol) > 0.5 * count(*)
)
-- The same volume twice, or none twice, is no chance where a line's volume is another one every day; where there is
-- never any, the same open, high and low twice are not.
select repeated.symbol, repeated.date, any_value(repeated.close) as close,
    (any_value(repeated.volume) > 0 or any_value(repeated.volume) is null)
        and count(earlier_bar.volume) filter (earlier_bar.volume > 0) >= 5
            and count(distinct earlier_bar.volume) >= 0.75 * count(*)
        or coalesce(any_value(repeated.volume), 0) = 0 and any_value(repeated.is_range_repeated) as is_proved,
    if(is_proved, any_value(repeated.known_at), any_value(frozen.known_at)) as known_at
from repeated
left join core.price_step earlier_step on earlier_step.symbol = repeated.symbol
    and earlier_step.number between repeated.number - 20 and repeated.number - 1
left join staging.price_bar earlier_bar on earlier_bar.symbol = earlier_step.symbol and earlier_bar.date = earlier_step.date
left join frozen on frozen.date = repeated.date
group by repeated.symbol, repeated.date
having is_proved or any_value(frozen.date) is not null
