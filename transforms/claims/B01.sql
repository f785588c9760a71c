/*
statement = "The Nasdaq is at a record while the S&P 500 falls slightly"
lower = 1
otherwise = "on days when the S&P 500 fell by more than half a percent"
shown_by = """\
select date, sp500_return, spread_1d_return, spread_63d_return from marts.divergence_daily where is_divergent_day \
order by date desc limit 10"""
*/
with recent as (
    from marts.divergence_daily order by date desc limit 63
), last as (
    select max(date) as date from marts.divergence_daily where is_divergent_day
)
select
    count(*) filter (is_divergent_day and sp500_return >= -0.005) as observed,
    count(*) filter (is_divergent_day) >= 1 as holds_otherwise,
    format('In the 63 sessions to {} the Nasdaq closed at a record on {} days while the S&P 500 fell, on {} of them by at '
        || 'most half a percent{}; the last such day known: {}; Nasdaq minus S&P 500 over 63 sessions {}.',
        max(date), count(*) filter (is_divergent_day), count(*) filter (is_divergent_day and sp500_return >= -0.005),
        coalesce(': ' || string_agg(format('{} ({:+.2f} %)', date, 100 * sp500_return), ', ' order by date)
            filter (is_divergent_day), ''), coalesce((select date::varchar from last), 'none'),
        coalesce(format('{:+.1f} %', 100 * arg_max_null(spread_63d_return, date)), 'unknown')) as evidence
from recent
having count(is_divergent_day) >= 57
