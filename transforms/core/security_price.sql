/*
doc = """
Prices by security and session with the return since the last close and a level that splits do not break. Splits
are carried forward only: what one original share has become, so that a later split changes no earlier row. A stock
has no row once it has left every index and basket: nobody asks it any longer, and whether a source was asked further
must change no table.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Session. A coin's session is the last UTC day that had ended at the New York close."
position = "Number of the session in staging.session."
close = "Close as traded, neither split- nor dividend-adjusted."
split_product = "Product of all split ratios with an ex-date up to the bar's day: shares that one original share became."
level = "Value of one original share: close x split_product; its changes are price returns."
high_level = "The day's high x split_product; NULL where the source has no highs."
low_level = "The day's low x split_product; NULL where the source has no lows."
previous_date = "Session of the last close within the five sessions before; NULL when there is none."
gap_sessions = "Sessions skipped since previous_date, 0 normally; NULL without one."
price_return = "close x splits since / close of previous_date - 1, without dividends; NULL without previous_date."
log_return = "ln(1 + price_return)."
known_at = "When the session had closed, and both closes and the splits between them could be known (UTC)."

[promises]
"levels are positive" = "level > 0"
"a return has a start, and a start a return" = "(price_return is null) = (previous_date is null)"
"a return spans five sessions at most" = "gap_sessions between 0 and 4"
"a return loses less than everything" = "price_return > -1"
*/
with last_stay as (
    select symbol, max(coalesce(valid_to, date '9999-12-31')) as valid_to
    from (select symbol, valid_to from staging.universe_member union all select symbol, valid_to from staging.basket_member)
    group by symbol
), session_bar as (
    select b.symbol, s.date, s.position, b.date as bar_date, b.close, b.high, b.low, b.known_at
    from core.price_bar b
    join staging.instrument i on i.symbol = b.symbol and i.kind <> 'crypto'
    join staging.session s on s.date = b.date
    left join last_stay l on l.symbol = b.symbol and i.kind = 'stock'
    where l.valid_to is null or b.date < l.valid_to
    union all
    -- A coin trades through nights and weekends: a session takes the last UTC day that had ended at its close.
    select b.symbol, s.date, s.position, b.date, b.close, b.high, b.low, greatest(b.known_at, s.known_at)
    from (
        select b.*, b.date + interval 1 day as ended_at
        from core.price_bar b
        join staging.instrument i on i.symbol = b.symbol and i.kind = 'crypto'
    ) b
    asof join staging.session s on s.close_at >= b.ended_at
    qualify row_number() over (partition by b.symbol, s.date order by b.date desc) = 1
), split_steps as (
    -- exp(sum(ln)) would lose the last digits of a product of whole ratios.
    select symbol, date, known_at,
        product(ratio) over (partition by symbol order by date) as split_product
    from staging.split
), leveled as (
    select b.*, coalesce(p.split_product, 1) as split_product, p.date as split_date, p.known_at as split_known_at
    from session_bar b
    asof left join split_steps p on p.symbol = b.symbol and p.date <= b.bar_date
), linked as (
    select *,
        lag(date) over bars as last_date,
        lag(position) over bars as last_position,
        lag(close) over bars as last_close,
        lag(bar_date) over bars as last_bar_date,
        lag(split_product) over bars as last_product,
        lag(known_at) over bars as last_known_at
    from leveled
    window bars as (partition by symbol order by position)
), returned as (
    select *,
        case when position - last_position <= 5 then close * (split_product / last_product) / last_close - 1 end
            as price_return
    from linked
)
select
    symbol,
    date,
    position,
    close,
    split_product,
    close * split_product as level,
    high * split_product as high_level,
    low * split_product as low_level,
    case when price_return is not null then last_date end as previous_date,
    case when price_return is not null then position - last_position - 1 end as gap_sessions,
    price_return,
    ln(1 + price_return) as log_return,
    greatest(
        known_at,
        case when price_return is not null then last_known_at end,
        case when price_return is not null and split_date > last_bar_date then split_known_at end
    ) as known_at
from returned
