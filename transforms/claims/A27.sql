/*
statement = "The VIX above 22 again means that risk appetite contracts"
upper = 0
and_also = "the VIX higher after it than after all sessions, and a lower return than 95 % of the shifts of its dates give"
shown_by = """\
select date, vix_close, forward_21d_return, forward_vix_change_21d_points from marts.regime_daily join \
core.forward_window using (date) where is_recontraction order by date desc limit 40"""
*/
-- An event is the first day the signal fires after 21 sessions without it, so that no window is counted twice. Placebo: the
-- events moved against the dates by 63, 126, 189 ... sessions, round the end.
with day as (
    select date, row_number() over (order by date) - 1 as n, count(*) over () as days, forward_21d_return as forward,
        forward_vix_change_21d_points as vix_change,
        is_recontraction and not coalesce(bool_or(is_recontraction) over (
            order by date rows between 21 preceding and 1 preceding), false) as is_event
    from core.forward_window join marts.regime_daily using (date)
    where is_recontraction is not null
), shifted as (
    select shift.k, median(shifted_day.forward) as after
    from (select unnest(range(0, (select max(days) from day), 63)) as k) shift
    cross join day event_day
    join day shifted_day on shifted_day.n = (event_day.n + shift.k) % event_day.days
    where event_day.is_event
    group by shift.k
), chance as (
    select count(*) filter (k > 0) as shifts,
        count(*) filter (k > 0 and after <= (select after from shifted where k = 0)) as as_low
    from shifted
), counted as (
    select count(*) filter (is_event) as events, count(*) as sessions,
        median(forward) filter (is_event) as after, median(forward) as always,
        median(vix_change) filter (is_event) as vix_after, median(vix_change) as vix_always
    from day
)
select
    after - always as observed,
    after < always and vix_after > vix_always and 1 + as_low <= 0.05 * (1 + shifts) as holds,
    format('Median 21-session forward return {:+.2f} % after {} events without overlap, {:+.2f} % after all {} '
        || 'sessions; median change of the VIX {:+.2f} against {:+.2f} points; {} of {} shifts of the dates give as '
        || 'low a return.', 100 * after, events,
        100 * always, sessions, vix_after, vix_always, as_low, shifts) as evidence
from counted, chance
where events >= 10
