/*
statement = "A fall of that size is typical of a rapid release of risk premium"
upper = 0.05
otherwise = "against the changes over as many sessions as it took, whether or not they began at a high"
shown_by = """\
select date, vix_close, vix_from_peak_21d_points, vix_from_peak_21d_return from marts.regime_daily where date between \
'2026-03-25' and '2026-04-17'"""
*/
-- The fall from the highest close of 21 sessions, in points, among those of the 2,520 sessions that end with it.
with day as (
    select date, vix_close, vix_peak_21d, row_number() over (order by date) as n, vix_from_peak_21d_points as points,
        vix_from_peak_21d_return as relative
    from marts.regime_daily where vix_from_peak_21d_points is not null
), back as (
    select *, n - (select max(n) from day earlier_day where earlier_day.date < day.date
        and earlier_day.vix_close = day.vix_peak_21d) as span
    from day
    where date between '2026-04-13' and '2026-04-17'
    order by abs(vix_close - 18.3), date limit 1
), compared as (
    select day.*, back.date as back_date, back.points as back_points, back.relative as back_relative, back.span as span,
        day.vix_close - started.vix_close as change
    from back
    join day on day.n between back.n - 2519 and back.n
    left join day started on started.n = day.n - back.span
)
select
    case when count(*) >= 1260 then count(*) filter (points <= back_points) / count(*) end as observed,
    count(*) filter (change <= back_points) / count(change) <= 0.05 as holds_otherwise,
    format('{:.2f} points below the 21-session high on {}: of {} sessions to then (windows overlap) {} were as far '
        || 'below theirs in points and {} in percent; {} had fallen as far in {} '
        || 'sessions.', -any_value(back_points), any_value(back_date),
        count(*), count(*) filter (points <= back_points), count(*) filter (relative <= back_relative),
        count(*) filter (change <= back_points), any_value(span)) as evidence
from compared
where (select max(date) from marts.regime_daily) >= date '2026-04-17'
having count(*) > 0
