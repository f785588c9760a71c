/*
statement = "The S&P 500's small decline is a signal, not panic: credit stays calm"
lower = 0.5
otherwise = "on the days when the Nasdaq closed at a record, not on all days of decline"
shown_by = "select date, is_divergent_day, sp500_decline_calm_credit from marts.divergence_daily order by date desc limit 63"
*/
-- Of the S&P 500's days of decline in the last 63 sessions: the share on which the high-yield spread did not widen.
with recent as (
    from marts.divergence_daily order by date desc limit 63
)
select
    count(*) filter (sp500_decline_calm_credit) / count(sp500_decline_calm_credit) filter (sp500_return < 0) as observed,
    count(*) filter (sp500_decline_calm_credit and is_divergent_day) >= 0.5 * count(*) filter (is_divergent_day)
        and count(*) filter (is_divergent_day) > 0 as holds_otherwise,
    format('The S&P 500 fell on {} of the 63 sessions to {}; on {} of these the high-yield spread did not widen. Of '
        || '{} days with a record of the Nasdaq it did not on '
        || '{}.', count(sp500_decline_calm_credit) filter (sp500_return < 0), max(date),
        count(*) filter (sp500_decline_calm_credit), count(*) filter (is_divergent_day),
        count(*) filter (sp500_decline_calm_credit and is_divergent_day)) as evidence
from recent
having count(sp500_decline_calm_credit) filter (sp500_return < 0) >= 10
