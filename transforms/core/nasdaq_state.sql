/*
doc = """
The Nasdaq Composite by session against its own past: records, drawdown from the highest close, realised volatility.
A session without a close has no row, but windows count it.
"""
grain = ["date"]

[columns]
date = "Session with a close."
position = "Number of the session."
nasdaq_close = "Nasdaq Composite at the close, index points."
nasdaq_source = "yahoo, or fred where it fills a hole."
is_ath_close = "Strictly above every earlier close of the history held; so the first one is."
is_ath_intraday = "The day's high above every earlier high, or close where a day has no high; NULL without today's high."
drawdown_return = "Close over the highest close up to today - 1: 0 at it, else negative."
sessions_since_ath = "Sessions since the last close that was a record; 0 on its day."
is_correction = "drawdown_return <= -0.10."
is_bear_market = "drawdown_return <= -0.20."
realized_vol_21d = """\
Sample standard deviation of the log returns of the last 21 sessions that traded, times sqrt(252): a return over a \
session without a close is one of two days. NULL under 19 returns, or where the history does not reach back 21 \
sessions."""
known_at = "When the closes and highs since the first were known (UTC): the drawdown and the records carry them all."

[assertions]
"nothing is above its running maximum" = "drawdown_return > -1 and drawdown_return <= 0"
"a record closes without drawdown" = """\
(is_ath_close = (sessions_since_ath = 0)) and (drawdown_return = 0 or not is_ath_close)"""
"a bear market is a correction" = "is_correction or not is_bear_market"
"volatility is not negative" = "realized_vol_21d >= 0"
*/
with nasdaq as (
    select date, position, close, source, high, log_return,
        coalesce(close > max(close) over before, true) as is_ath_close,
        -- A day that has no high reached at least its close.
        case when high is not null then coalesce(high > max(coalesce(high, close)) over before, true) end
            as is_ath_intraday,
        close / max(close) over (order by position rows between unbounded preceding and current row) - 1 as drawdown,
        max(greatest(known_at, high_known_at)) over (order by position rows between unbounded preceding
            and current row) as known_at
    from core.index_level where symbol = '^IXIC'
    window before as (order by position rows between unbounded preceding and 1 preceding)
)
select
    date,
    position,
    close as nasdaq_close,
    source as nasdaq_source,
    is_ath_close,
    is_ath_intraday,
    drawdown as drawdown_return,
    position - max(position) filter (is_ath_close) over so_far as sessions_since_ath,
    drawdown <= -0.10 as is_correction,
    drawdown <= -0.20 as is_bear_market,
    -- A session without a close leaves a hole of one in the window: nine tenths of them are enough.
    case when count(log_return) over last_21 >= 19
            and min(position) filter (log_return is not null) over so_far <= position - 20
        then stddev_samp(log_return) over last_21 * sqrt(252) end as realized_vol_21d,
    known_at
from nasdaq
window
    so_far as (order by position rows between unbounded preceding and current row),
    last_21 as (order by position range between 20 preceding and current row)
