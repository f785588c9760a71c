/*
statement = "Risk appetite moves capital from certainty to elasticity"
lower = 0
and_also = "more than 95 % of the shifts of the bands against the dates give"
otherwise = "by the sign of the medians, ahead below 20 and behind elsewhere, which shifted dates show as often as stated"
shown_by = """\
select date, band, basket, rs_21d from marts.rotation_daily join marts.regime_daily using (date) where basket in \
('crypto_equity', 'defensive') order by date desc limit 42"""
*/
-- Crypto equity minus defensive, 21 sessions: its median with the VIX below 20 minus its median in the other bands.
-- Placebo: the bands moved against the dates by 21, 42, 63 ... sessions, round the end.
with day as (
    select row_number() over (order by date) - 1 as n, count(*) over () as days, band = 'below_20' as is_calm, spread
    from (
        select date,
            any_value(rs_21d) filter (basket = 'crypto_equity') - any_value(rs_21d) filter (basket = 'defensive')
            as spread
        from marts.rotation_daily group by date
    )
    join marts.regime_daily using (date)
    where spread is not null and band is not null
), shifted as (
    select shift.k,
        median(event_day.spread) filter (shifted_day.is_calm)
            - median(event_day.spread) filter (not shifted_day.is_calm) as difference
    from (select unnest(range(0, (select max(days) from day) - 20, 21)) as k) shift
    cross join day event_day
    join day shifted_day on shifted_day.n = (event_day.n + shift.k) % event_day.days
    group by shift.k
), chance as (
    select max(difference) filter (k = 0) as difference, count(*) filter (k > 0) as shifts,
        count(*) filter (k > 0 and difference >= (select difference from shifted where k = 0)) as as_great
    from shifted
), counted as (
    select count(*) filter (is_calm) as calm_days, median(spread) filter (is_calm) as calm,
        count(*) filter (not is_calm) as other_days, median(spread) filter (not is_calm) as other
    from day
)
select
    difference as observed,
    difference > 0 and 1 + as_great <= 0.05 * (1 + shifts) as holds,
    calm > 0 and other < 0 as holds_otherwise,
    format('Median 21-session relative strength of crypto equity over defensive: {:+.1f} % below 20 ({} sessions), '
        || '{:+.1f} % in the other bands ({}); windows overlap; {} of {} shifts of the bands give as '
        || 'much.', 100 * calm, calm_days,
        100 * other, other_days, as_great, shifts) as evidence
from chance, counted
where least(calm_days, other_days) >= 21
