/*
statement = "Sustained weakness of semiconductors or AI leaders hits the index"
upper = 0
and_also = "a lower mean than 95 % of the shifts of the weak spells against the dates give"
shown_by = """\
select date, basket, relative_strength, relative_strength_mean_50d, sessions_below_mean from core.basket_trend where \
basket in ('semiconductors', 'ai_leaders') order by date desc, basket limit 42"""
*/
-- Weak: a basket's relative strength has been below its 50-session mean for ten sessions in a row. The index's
-- return of the
-- day after such a day, against that of the day after all others. Placebo: the spells moved against the dates by 5, 10, 15
-- ... sessions, round the end.
with weak as (
    select date, bool_or(sessions_below_mean >= 10) as is_weak
    from core.basket_trend
    where basket in ('semiconductors', 'ai_leaders') and sessions_below_mean is not null
    group by date
), day as (
    select row_number() over (order by index_level.date) - 1 as n, count(*) over () as days, weak_day.is_weak,
        weak_day.is_weak and not coalesce(lag(weak_day.is_weak) over (order by index_level.date), false) as is_new,
            index_level.price_return
    from core.index_level
    join (select date, lag(is_weak) over (order by date) as is_weak from weak) weak_day using (date)
    where index_level.symbol = '^IXIC' and index_level.price_return is not null and weak_day.is_weak is not null
), shifted as (
    select shift.k,
        avg(shifted_day.price_return order by shifted_day.n) filter (weak_day.is_weak)
            - avg(shifted_day.price_return order by shifted_day.n) filter (not weak_day.is_weak) as difference
    from (select unnest(range(0, (select max(days) from day) - 4, 5)) as k) shift
    cross join day shifted_day
    join day weak_day on weak_day.n = (shifted_day.n + shift.k) % shifted_day.days
    group by shift.k
), chance as (
    select max(difference) filter (k = 0) as difference, count(*) filter (k > 0) as shifts,
        count(*) filter (k > 0 and difference <= (select difference from shifted where k = 0)) as as_low
    from shifted
), counted as (
    select count(*) filter (is_weak) as weak_days, count(*) filter (is_new) as spells,
        avg(price_return order by n) filter (is_weak) as weak, count(*) filter (not is_weak) as other_days,
        avg(price_return order by n) filter (not is_weak) as other
    from day
)
select
    difference as observed,
    difference < 0 and 1 + as_low <= 0.05 * (1 + shifts) as holds,
    format('Mean return of the Nasdaq the day after a weak one {:+.1f} bp ({} sessions in {} spells), after the '
        || 'others {:+.1f} bp ({}); {} of {} shifts of the spells give as low a '
        || 'difference.', 1e4 * weak, weak_days, spells, 1e4 * other,
        other_days, as_low, shifts) as evidence
from chance, counted
where least(weak_days, other_days) >= 21
