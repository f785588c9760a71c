/*
doc = """
What followed each session within a month: one row per session whose next 21 sessions have passed and have a close. For the
claim ledger, which looks back on what followed what; never for a figure of the session itself.
"""
grain = ["date"]

[columns]
date = "Session the window follows."
position = "Number of that session."
end_date = "The 21st session after it."
forward_21d_return = "Nasdaq Composite at the window's end over its close on date - 1."
forward_21d_drawdown_return = "Its lowest close in the window over its close on date - 1; 0 where it never closed lower."
forward_vix_change_21d_points = "VIX at the window's end minus that on date, index points; NULL without one of the two."
known_at = "When the window's last close was known (UTC): weeks after date."

[assertions]
"a fall is at most the rise at the end" = """\
forward_21d_drawdown_return <= 0 and forward_21d_drawdown_return <= forward_21d_return"""
"the window follows" = "end_date > date"
"it is known when it has passed" = "known_at > end_date"
*/
with day as (
    select position, date, nasdaq_close, vix_state.vix_close,
        greatest(nasdaq_state.known_at, vix_state.known_at) as known_at
    from core.nasdaq_state
    left join core.vix_state using (date, position)
), ahead as (
    select *,
        lead(date, 21) over by_session as end_date,
        lead(position, 21) over by_session as end_position,
        lead(nasdaq_close, 21) over by_session as end_close,
        lead(vix_close, 21) over by_session as end_vix,
        min(nasdaq_close) over (by_session rows between 1 following and 21 following) as lowest,
        max(known_at) over (by_session rows between current row and 21 following) as all_known_at
    from day
    window by_session as (order by position)
)
select
    date,
    position,
    end_date,
    end_close / nasdaq_close - 1 as forward_21d_return,
    least(lowest / nasdaq_close - 1, 0) as forward_21d_drawdown_return,
    end_vix - vix_close as forward_vix_change_21d_points,
    all_known_at as known_at
from ahead
where end_position = position + 21
