/*
statement = "With the VIX above 30 the market is risk-averse, below 20 capital returns"
upper = 0
and_also = "a deeper median fall than 95 % of the shifts of the bands against the dates give"
otherwise = "by the medians alone, which shifted dates show as often as stated"
shown_by = """\
select band, count(*) as sessions, median(forward_21d_drawdown_return) as median_fall, median(forward_21d_return) as \
median_return from core.forward_window join marts.regime_daily using (date) group by band"""
*/
-- Placebo: the bands moved against the dates by 63, 126, 189 ... sessions, round the end; both keep their own clusters.
with day as (
    select row_number() over (order by date) - 1 as n, count(*) over () as days, band,
        band is distinct from lag(band) over (order by date) as is_new, forward_21d_drawdown_return as fall
    from core.forward_window join marts.regime_daily using (date)
    where band is not null
), shifted as (
    select shift.k,
        median(event_day.fall) filter (shifted_day.band = 'above_30')
            - median(event_day.fall) filter (shifted_day.band = 'below_20') as deeper
    from (select unnest(range(0, (select max(days) from day), 63)) as k) shift
    cross join day event_day
    join day shifted_day on shifted_day.n = (event_day.n + shift.k) % event_day.days
    group by shift.k
), chance as (
    select max(deeper) filter (k = 0) as deeper,
        count(*) filter (k > 0) as shifts,
        count(*) filter (k > 0 and deeper <= (select deeper from shifted where k = 0)) as as_deep
    from shifted
), counted as (
    select
        count(*) filter (band = 'above_30') as high_days, count(*) filter (band = 'above_30' and is_new) as high_spells,
        median(fall) filter (band = 'above_30') as high_fall,
        count(*) filter (band = 'below_20') as low_days, count(*) filter (band = 'below_20' and is_new) as low_spells,
        median(fall) filter (band = 'below_20') as low_fall
    from day
)
select
    deeper as observed,
    deeper < 0 and 1 + as_deep <= 0.05 * (1 + shifts) as holds,
    deeper < 0 as holds_otherwise,
    format('Median 21-session forward fall of the Nasdaq: {:.2f} % above 30 ({} sessions in {} spells), {:.2f} % '
        || 'below 20 ({} in {}); windows overlap; {} of {} shifts of the bands are as '
        || 'deep.', 100 * high_fall, high_days, high_spells,
        100 * low_fall, low_days, low_spells, as_deep, shifts) as evidence
from chance, counted
where least(high_days, low_days) >= 21
