/*
doc = """
Closes of the indices by session: the exchange's from Yahoo, and where those have a hole, FRED's close of the same date.
Never mixed within a day: the first source stands wherever it has a close.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Index."
date = "Session."
position = "Number of the session."
close = "Close in index points."
high = "Day's high in index points; NULL where the source gives none, as FRED never does."
source = "yahoo, or fred where it fills a hole."
previous_date = "Session of the last close within the five sessions before; NULL when there is none."
gap_sessions = "Sessions without a close between the two, 0 normally."
price_return = "Close over the previous close - 1; over all the sessions of a gap."
log_return = "Natural logarithm of the close over the previous close."
high_known_at = "When the high was known (UTC); NULL without one."
known_at = "When both closes were known (UTC)."

[assertions]
"an index is above zero" = "close > 0"
"the high is not below the close" = "high >= close - 1e-6 * close"
"one of two sources" = "source in ('yahoo', 'fred')"
"only Yahoo has highs" = "high is null or source = 'yahoo'"
"a return spans at most five sessions" = "gap_sessions between 0 and 4"
*/
with close_by_source as (
    select price_bar.symbol, price_bar.date, price_bar.close, price_bar.high, 'yahoo' as source, price_bar.known_at,
        price_bar.high_known_at
    from core.price_bar join staging.instrument using (symbol)
    where instrument.kind = 'index' and price_bar.close is not null
    union all
    select series.fallback_for, macro_observation.date, macro_observation.value, null, 'fred',
        macro_observation.known_at, null
    from staging.macro_observation join staging.series using (series_id)
    where series.fallback_for is not null
    qualify row_number() over (partition by series_id,
        macro_observation.date order by macro_observation.known_at desc) = 1
), latest_close_by_source as (
    select symbol, date, position, close, high, source, close_by_source.known_at, close_by_source.high_known_at
    from close_by_source join staging.session using (date)
    where close is not null
    qualify row_number() over (partition by symbol, date order by source desc) = 1
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
