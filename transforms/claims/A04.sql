/*
statement = "That is a fall of 12.7 points, about 41 %, within a month"
lower = -12.9
upper = -12.5
and_also = "a fall of 39.5 to 42.5 % within 21 sessions"
shown_by = "select date, vix_close from marts.regime_daily where date between '2026-03-15' and '2026-04-17'"
*/
with peak as (
    select max(vix_close) as vix, arg_max(date, vix_close) as date
    from marts.regime_daily where date between '2026-03-15' and '2026-03-31'
), back as (
    select arg_min(vix_close, abs(vix_close - 18.3)) as vix, arg_min(date, abs(vix_close - 18.3)) as date
    from marts.regime_daily where date between '2026-04-13' and '2026-04-17'
), fall as (
    select back.vix - peak.vix as points, back.vix / peak.vix - 1 as relative, peak.date as start, back.date as stop,
        (select count(*) from marts.regime_daily where regime_daily.date > peak.date
            and regime_daily.date <= back.date) as sessions
    from peak, back
)
select
    points as observed,
    relative between -0.425 and -0.395 and sessions <= 21 as holds,
    format('{:.2f} points, {:.1f} %, in {} sessions from {} to {}.', points, 100 * relative, sessions, start, stop)
        as evidence
from fall
where (select max(date) from marts.regime_daily) >= date '2026-04-17'
