/*
statement = "The S&P 500's small decline is a signal, not panic: credit stays calm"
lower = 0.5
otherwise = "by what the evenings knew (is_decline_without_credit_stress): the spread of the day before"
shown_by = """\
select date, sp500_return, is_divergent_day, hy_oas_change_1d_bp, hy_oas_pct_date, is_decline_without_credit_stress \
from marts.divergence_daily order by date desc limit 63"""
*/
-- Of the S&P 500's days of decline in the last 63 sessions: the share on which the high-yield spread did not widen.
-- The spread
-- of a day is known on the next evening, so the mart's flag speaks of the day before; here each decline meets its
-- own day's.
with recent as (
    from marts.divergence_daily order by date desc limit 63
), spread as (
    select observation_date as date, arg_max(value, date) as pct
    from core.macro_as_known where series_id = 'BAMLH0A0HYM2' group by observation_date
), same_day as (
    select date, pct - lag(pct) over (order by date) as change from spread
), figure as (
    select max(recent.date) as date,
        count(*) filter (sp500_return < 0 and change is not null) as declines,
        count(*) filter (sp500_return < 0 and change <= 0) as calm,
        count(*) filter (sp500_return < 0 and is_decline_without_credit_stress is not null) as evenings,
        count(*) filter (is_decline_without_credit_stress) as flagged
    from recent left join same_day using (date)
)
select
    calm / declines as observed,
    flagged >= 0.5 * evenings as holds_otherwise,
    format('The S&P 500 fell on {} of the 63 sessions to {} whose high-yield spread is known; '
        || 'it did not widen on {} of them. '
        || 'By what the evenings knew, the day before''s spread, {} of {} were calm.', declines, date, calm, flagged,
        evenings) as evidence
from figure
where declines >= 10
