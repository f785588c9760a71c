/*
statement = "They have pricing resilience: their gross margins hold"
upper = 0.03
otherwise = "for two of the three companies"
shown_by = """\
select issuer, period_end, gross_margin from marts.operating_leverage_quarterly where issuer in ('NVDA', 'AAPL', \
'MSFT') order by issuer, period_end"""
*/
-- The greatest of the three companies' standard deviations of the quarterly gross margin, over up to eight quarters held.
with quarter as (
    select issuer, period_end, gross_profit / revenue as margin from core.statement_quarter
    where issuer in ('NVDA', 'AAPL', 'MSFT') and revenue > 0 and gross_profit is not null
    qualify row_number() over (partition by issuer order by period_end desc) <= 8
), spread as (
    select issuer, count(*) as quarters, min(margin) as lowest, max(margin) as highest,
        stddev_samp(margin order by period_end) as deviation
    from quarter group by issuer having count(*) >= 4
)
select
    max(deviation) as observed,
    count(*) filter (deviation <= 0.03) = 2 as holds_otherwise,
    'Standard deviation of the quarterly gross margin: ' || string_agg(
        format('{} {:.1f} points ({} quarters, {:.1f} to {:.1f} %)', issuer, 100 * deviation, quarters, 100 * lowest,
            100 * highest), ', ' order by issuer) || '.' as evidence
from spread
having count(*) = 3
