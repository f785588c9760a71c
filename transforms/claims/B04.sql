/*
statement = "They build AI infrastructure without more operating drag"
lower = 0.75
otherwise = "for more of the leaders than not"
shown_by = """\
select issuer, period_end, basis, capex_to_revenue_change, operating_expense_to_revenue_change from \
marts.operating_leverage_quarterly where issuer in ('NVDA', 'MSFT', 'AAPL', 'GOOGL', 'AMZN', 'META') and period_end >= \
'2026-01-01' order by issuer"""
*/
-- Of the AI leaders whose capital expenditure grows as a share of revenue: the share whose operating expense does not.
with newest as (
    select issuer, period_end, capex_to_revenue_change, operating_expense_to_revenue_change
    from marts.operating_leverage_quarterly
    where issuer in ('NVDA', 'MSFT', 'AAPL', 'GOOGL', 'AMZN', 'META')
    qualify row_number() over (partition by issuer order by period_end desc) = 1
), builder as (
    select *, capex_to_revenue_change + operating_expense_to_revenue_change is not null as is_known,
        capex_to_revenue_change > 0 and operating_expense_to_revenue_change is not null as builds
    from newest
), share as (
    select count(*) filter (is_known) as known, count(*) filter (builds) as builders,
        count(*) filter (builds and operating_expense_to_revenue_change <= 0) as without_drag,
        string_agg(format('{} capex {:+.1f}, operating expense {:+.1f} points', issuer, 100 * capex_to_revenue_change,
            100 * operating_expense_to_revenue_change), '; ' order by issuer) filter (is_known) as figures
    from builder
)
select
    case when known >= 3 and builders > 0 then without_drag / builders end as observed,
    observed > 0.5 as holds_otherwise,
    format('{} of {} builders without more operating expense per revenue; {} of 6 leaders have statements that '
        || 'reach back a year (at least 3 are needed){}.', without_drag, builders, known,
        coalesce(': ' || figures, '')) as evidence
from share
