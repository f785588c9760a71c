/*
doc = """
Relative rotation of each basket against the Nasdaq Composite by week: RS = 100 x basket level / benchmark level at the
last session of the week that has both, standardised over 14 weeks, and the same of its rate of change. One row per basket
and week that is over, from its first level on. The method is zscore_14w, our own; the trademarked one is secret and is
not claimed.
"""
grain = ["basket", "date"]

[columns]
basket = "Name of the basket."
date = "Last session of the ISO week, by the exchange's calendar: from its close on the row stands."
rs_ratio = """\
100 + z14(RS), where z14 is a value minus the mean of the last 14 weeks' over their sample standard deviation; NULL \
unless all 14 have a level that was not broken in between, and where RS never changes."""
rs_momentum = """\
100 + z14(one-week rate of change of rs_ratio); NULL unless the last 14 weeks have one, and where it never changes."""
known_at = "When the week's last session had closed and the levels so far were known (UTC)."

[assertions]
"momentum needs a ratio" = "rs_ratio is not null or rs_momentum is null"
"none of 14 is further from their mean" = """\
abs(rs_ratio - 100) <= 13 / sqrt(14) + 1e-9 and abs(rs_momentum - 100) <= 13 / sqrt(14) + 1e-9"""
"nothing is known before its day" = "known_at >= date"
*/
with point as (
    select basket, date_trunc('week', date)::date as week,
        arg_max(struct_pack(run, rs := 100 * exp(relative_log_level), known_at), date) as point
    from core.basket_level
    where relative_log_level is not null
    group by basket, date_trunc('week', date)
), weekly as (
    select basket_span.basket, session.date, (trading_week.week - date '1970-01-05') // 7 as number,
        point.point.run as run, point.point.rs as rs,
        greatest(session.known_at, point.point.known_at) as known_at
    from (select basket, min(week) as first_week from point group by basket) basket_span
    join staging.trading_week on trading_week.week >= basket_span.first_week
    join staging.session on session.date = trading_week.last_session
    left join point on point.basket = basket_span.basket and point.week = trading_week.week
), standardised as (
    -- A list of fixed length adds in its own order, so that what comes later moves no last digit.
    select basket, date, number, run, rs,
        list(rs) over last_14 as window_rs,
        count(rs) over last_14 = 14 and min(run) over last_14 = max(run) over last_14 as is_whole,
        max(known_at) over (partition by basket order by number rows between unbounded preceding and current row)
            as known_at
    from weekly
    window last_14 as (partition by basket order by number range between 13 preceding and current row)
), ratio as (
    -- What varies below the 12th digit is rounding.
    select basket, date, number, known_at,
        100 + case when is_whole and list_stddev_samp(window_rs) > 1e-12 * rs
            then (rs - list_avg(window_rs)) / list_stddev_samp(window_rs) end as rs_ratio
    from standardised
), changed as (
    select *, rs_ratio / lag(rs_ratio) over (partition by basket order by number) - 1 as change
    from ratio
), windowed as (
    select *, list(change) over last_14 as window_change, count(change) over last_14 = 14 as is_whole
    from changed
    window last_14 as (partition by basket order by number range between 13 preceding and current row)
)
select
    basket, date, rs_ratio,
    100 + case when is_whole and list_stddev_samp(window_change) > 1e-12
        then (change - list_avg(window_change)) / list_stddev_samp(window_change) end as rs_momentum,
    known_at
from windowed
