/*
statement = "With the VIX above 30 defensives lead, at 25 to 20 technology leaders, below 20 semiconductors and high beta"
lower = 3
and_also = "each lead is greater than 95 % of the shifts of the bands against the dates give"
otherwise = "in those bands alone whose tier leads by more than shifted dates give"
shown_by = """\
select b.band, r.basket, count(*) as sessions, avg(r.basket_return - r.benchmark_return) * 1e4 as mean_bp from (select \
date, lag(band) over (order by date) as band from marts.regime_daily) b join marts.rotation_daily r using (date) where \
r.basket in ('defensive', 'ai_leaders', 'semiconductors', 'crypto_equity') group by all"""
*/
-- Each tier's daily return over the benchmark's, by yesterday's confirmed band, over the sessions on which all four tiers
-- have one. A band's tiers lead by the least of their means minus the best mean of a tier not named for it. Placebo: the
-- bands moved against the dates by 5, 10, 15 ... sessions, round the end.
with named(band, basket) as (
    values ('above_30', 'defensive'), ('20_to_25', 'ai_leaders'), ('below_20', 'semiconductors'),
        ('below_20', 'crypto_equity')
), excess as (
    select date, list((basket, basket_return - benchmark_return) order by basket) as tiers
    from marts.rotation_daily
    where basket in ('defensive', 'ai_leaders', 'semiconductors', 'crypto_equity') and basket_return is not null
    group by date having count(*) = 4
), day as (
    select row_number() over (order by date) - 1 as n, count(*) over () as days, band, tiers
    from excess
    join (select date, lag(band) over (order by date) as band from marts.regime_daily) using (date)
    where band is not null
), shifted as (
    select shift.k, shifted_day.n, shifted_day.band, unnest(event_day.tiers) as tier
    from (select unnest(range(0, (select max(days) from day) - 4, 5)) as k) shift
    cross join day event_day
    join day shifted_day on shifted_day.n = (event_day.n + shift.k) % event_day.days
    where shifted_day.band in ('above_30', '20_to_25', 'below_20')
), mean as (
    select k, band, tier[1] as basket, avg(tier[2] order by n) as excess, count(*) as sessions
    from shifted group by k, band, basket
), lead as (
    select k, band, any_value(sessions) as sessions,
        min(excess) filter (named.basket is not null) as named_excess,
        min(excess) filter (named.basket is not null) - max(excess) filter (named.basket is null) as ahead,
        arg_max(mean.basket, excess) as best
    from mean left join named using (band, basket)
    group by k, band
), judged as (
    select band, sessions, named_excess, ahead, best,
        (select count(*) from lead placebo_lead where placebo_lead.band = lead.band and placebo_lead.k > 0) as shifts,
        (select count(*) from lead placebo_lead where placebo_lead.band = lead.band and placebo_lead.k > 0
            and placebo_lead.ahead >= lead.ahead) as as_great
    from lead where k = 0
)
select
    count(*) filter (ahead > 0) as observed,
    bool_and(1 + as_great <= 0.05 * (1 + shifts)) as holds,
    count(*) filter (ahead > 0 and 1 + as_great <= 0.05 / 3 * (1 + shifts)) >= 1 as holds_otherwise,  -- one of three tries
    'Bands in which the tiers named have the highest mean excess the day after, of 3. ' || string_agg(
        format('{}: {} sessions, named {:+.1f} bp a day, highest is {}, {} of {} shifts lead by as much', band,
            sessions,
            1e4 * named_excess, best, as_great, shifts), '; ' order by band) || '.' as evidence
from judged
having count(*) = 3 and min(sessions) >= 10
