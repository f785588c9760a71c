/*
statement = "Revenue growth no longer offsets cost elsewhere"
lower = 0.5
otherwise = "for a third of the companies at least, not for most"
shown_by = """\
select issuer, period_end, basis, revenue_change_return, operating_margin_change from \
marts.operating_leverage_quarterly where basis is not null order by period_end desc, issuer"""
*/
-- Elsewhere: not the AI leaders. Of the companies whose revenue rose, the share whose operating margin fell.
with newest as (
    select issuer, revenue_change_return, operating_margin_change from marts.operating_leverage_quarterly
    where issuer not in ('NVDA', 'MSFT', 'AAPL', 'GOOGL', 'AMZN', 'META')
    qualify row_number() over (partition by issuer order by period_end desc) = 1
), grown as (
    select count(*) as companies, count(*) filter (operating_margin_change < 0) as squeezed
    from newest where revenue_change_return > 0 and operating_margin_change is not null
)
select
    case when companies >= 10 then squeezed / companies end as observed,
    observed >= 1 / 3 as holds_otherwise,
    format('{} of {} companies outside the AI leaders whose revenue rose in a year have a lower operating margin '
        || '(at least 10 with a year before are needed).', squeezed, companies) as evidence
from grown
