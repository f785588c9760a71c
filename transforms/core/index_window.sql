/*
doc = """
The compounded return of each index and weighting over the last 5, 21 and 63 sessions. A row where the window is
whole: the sessions since its start are one chain (core.index_return).
"""
grain = ["date", "index_code", "weight_scheme", "window_sessions"]

[columns]
date = "Session with a return, the last of the window."
index_code = "Code of the universe."
weight_scheme = "How the universe is weighted (core.weight_scheme)."
window_sessions = """\
Sessions of the calendar that the window spans, today included: 5, 21 or 63. One on which nothing traded is one of \
them, and the next one's return covers both."""
start_date = """\
Session at whose close the window starts: that many sessions ago, or where it has no return the last one before, at \
most four earlier."""
first_date = "First session of the window with a return; its open weights are those the window opened with."
return_sessions = "Sessions of the window with a return."
log_return = "Sum of ln(1 + index return) since start_date."
index_return = "Compounded return since start_date."
link_factor = "Carino's factor of the whole window: log_return / index_return, 1 where that is 0."
known_at = "When all weights and returns of the window were known (UTC)."

[assertions]
"three windows" = "window_sessions in (5, 21, 63)"
"a window starts before it begins, and begins before it ends" = "start_date < first_date and first_date <= date"
"no more returns than sessions" = "return_sessions between 1 and window_sessions"
"returns and factors are numbers" = """\
index_return > -1 and isfinite(index_return) and link_factor > 0 and isfinite(link_factor)"""
*/
with windowed as (
    select index_return.date, index_return.index_code, index_return.weight_scheme, index_return.position,
        index_return.chain, window_length.window_sessions,
        first_value(struct_pack(date, start_date, start_position, chain)) over days as opening,
        count(*) over days as return_sessions,
        (sum(exact(index_return.index_return * index_return.link_factor)) over days)::double as log_return,
        max(index_return.known_at) over days as known_at
    from core.index_return
    cross join (values (5), (21), (63)) window_length(window_sessions)
    window days as (
        partition by index_code, weight_scheme, window_sessions
        order by position range between window_sessions - 1 preceding and current row
    )
), complete_window as (
    select *, exp(log_return) as growth
    from windowed
    where opening.chain = chain and opening.start_position <= position - window_sessions
)
select
    date, index_code, weight_scheme, window_sessions,
    opening.start_date as start_date,
    opening.date as first_date,
    return_sessions,
    log_return,
    growth - 1 as index_return,
    case when growth = 1 then 1 else ln(growth) / (growth - 1) end as link_factor,
    known_at
from complete_window
