/*
doc = """
Closes of the indices by session: that of the first source by priority that has one which no evidence holds, and where no
source of bars has one, FRED's close of the same date. Never mixed within a day.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Index."
date = "Session."
position = "Number of the session."
close = "Close in index points."
high = "Day's high in index points; NULL where the source gives none, as FRED never does."
source = "The source of the close (staging.source); fred where a series fills a hole."
previous_date = "Session of the last close within the five sessions before; NULL when there is none."
gap_sessions = "Sessions without a close between the two, 0 normally."
price_return = "Close over the previous close - 1; over all the sessions of a gap."
log_return = "Natural logarithm of the close over the previous close."
high_known_at = "When the high was known (UTC); NULL without one."
known_at = "When both closes were known (UTC)."

[assertions]
"an index is above zero" = "close > 0"
"the high is not below the close" = "high >= close - 1e-6 * close"
"FRED has no highs" = "high is null or source <> 'fred'"
"a return spans at most five sessions" = "gap_sessions between 0 and 4"
*/
with close_by_source as (
    select price_bar.symbol, price_bar.date, price_bar.close, price_bar.high, price_bar.source, 1 as choice,
        price_bar.known_at, price_bar.high_known_at
    from core.price_bar join staging.instrument using (symbol)
    where instrument.kind = 'index' and price_bar.close is not null
    union all
    -- Where the first source's bar is held, the next source's stands in, unless it reports the same.
    select other.symbol, other.date, other.close, other.high, other.source, 1 + coalesce(choice.priority, 1000),
        greatest(other.known_at, held.known_at), greatest(other.high_known_at, held.known_at)
    from core.price_bar_held held
    join staging.price_bar_by_source other using (symbol, date)
    join staging.instrument using (symbol)
    left join staging.source choice on choice.source = other.source
    where instrument.kind = 'index' and abs(other.close / held.close - 1) > 0.01
    union all
    select series.fallback_for, macro_observation.date, macro_observation.value, null, macro_observation.source, 10000,
        macro_observation.known_at, null
    from staging.macro_observation join staging.series using (series_id)
    where series.fallback_for is not null
    qualify row_number() over (partition by series_id,
        macro_observation.date order by macro_observation.known_at desc) = 1
), latest_close_by_source as (
    select symbol, date, position, close, high, source, close_by_source.known_at, close_by_source.high_known_at
    from close_by_source join staging.session using (date)
    where close is not null
    qualify row_number() over (partition by symbol, date order by choice, source) = 1
), with_previous as (
    select *, last_value(struct_pack(date, position, close, known_at)) over (
        partition by symbol order by position range between 5 preceding and 1 preceding
    ) as previous
    from latest_close_by_source
)
select symbol, date, position, close, high, source,
    previous.date as previous_date,
    position - previous.position - 1 as gap_sessions,
    close / previous.close - 1 as price_return,
    ln(close / previous.close) as log_return,
    high_known_at,
    greatest(known_at, previous.known_at) as known_at
from with_previous
