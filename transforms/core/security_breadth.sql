/*
doc = "Where each stock's close stands against its own last 50, 200 and 252 sessions."
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Session."
is_above_50d = "Close above the mean of the last 50 sessions' closes, split-free; NULL under 45 of them."
is_above_200d = "The same over 200 sessions; NULL under 180 closes."
is_new_high_252d = "Close above every earlier one of the last 252 sessions, split-free; NULL under 227 closes."
is_new_low_252d = "Close below every earlier one of the last 252 sessions, split-free; NULL under 227 closes."
known_at = "When the closes of the 252 sessions could be known (UTC)."

[assertions]
"no close is a high and a low at once" = "not (is_new_high_252d and is_new_low_252d)"
*/
with windowed as (
    select
        security_price.symbol, security_price.date, security_price.return_level as level,
        -- Decimals add exactly in any order: on an edge, a later row of another symbol must not tip the scale.
        count(*) over w50 as closes_50,
            sum(exact(security_price.return_level)) over w50 / count(*) over w50 as mean_50,
        count(*) over w200 as closes_200,
            sum(exact(security_price.return_level)) over w200 / count(*) over w200 as mean_200,
        count(*) over w252 as closes_252,
        max(security_price.return_level) over before_252 as highest_before,
            min(security_price.return_level) over before_252 as lowest_before,
        max(security_price.known_at) over w252 as known_at
    from core.security_price
    join staging.instrument on instrument.symbol = security_price.symbol and instrument.kind = 'stock'
    window
        w50 as (partition by security_price.symbol order by security_price.position range between 49 preceding
            and current row),
        w200 as (partition by security_price.symbol order by security_price.position range between 199 preceding
            and current row),
        w252 as (partition by security_price.symbol order by security_price.position range between 251 preceding
            and current row),
        before_252 as (partition by security_price.symbol order by security_price.position range between 251 preceding
            and 1 preceding)
)
select
    symbol,
    date,
    case when closes_50 >= 45 then level > mean_50 end as is_above_50d,
    case when closes_200 >= 180 then level > mean_200 end as is_above_200d,
    case when closes_252 >= 227 then level > highest_before end as is_new_high_252d,
    case when closes_252 >= 227 then level < lowest_before end as is_new_low_252d,
    known_at
from windowed
