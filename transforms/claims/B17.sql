/*
statement = "The record high sorts models: leaders minus laggards widen"
upper = 0
and_also = "a dispersion across the members above its own mean of 252 sessions"
otherwise = "across the members, not between AI leaders and physical sectors"
shown_by = """\
select date, cyclicals_minus_ai_leaders_rs_21d, dispersion from marts.divergence_daily join marts.rotation_speed_daily \
using (date) order by date desc limit 21"""
*/
with leader as (
    select date, cyclicals_minus_ai_leaders_rs_21d as physical from marts.divergence_daily
    where cyclicals_minus_ai_leaders_rs_21d is not null order by date desc limit 1
), spread as (
    select avg(dispersion order by n) filter (n <= 21) as recent, avg(dispersion order by n) as mean, count(*) as sessions
    from (
        select dispersion, row_number() over (order by date desc) as n from marts.rotation_speed_daily
        where dispersion is not null
    )
    where n <= 252
)
select
    physical as observed,
    recent > mean as holds,
    physical >= 0 and recent > mean as holds_otherwise,
    format('Mean 21-session relative strength of XLF, XLI, XLRE and XLE minus that of the AI leaders {:+.1f} % on '
        || '{}; dispersion of the members'' daily returns {:.2f} % over 21 sessions, {:.2f} % over '
        || '{}.', 100 * physical, date, 100 * recent,
        100 * mean, sessions) as evidence
from leader, spread
where sessions >= 227
