/*
statement = "Capital expenditure on AI infrastructure grows by more than 25 % in 2026"
lower = 0.25
and_also = "statements of at least three of the five builders that reach back a year"
otherwise = "over the companies whose statements do reach back a year"
shown_by = """\
select issuer, period_end, basis, capex_change_return from marts.operating_leverage_quarterly where issuer in ('MSFT', \
'AMZN', 'GOOGL', 'META', 'ORCL') and period_end >= '2026-01-01'"""
*/
with newest as (
    select * from core.statement_year_on_year
    where issuer in ('MSFT', 'AMZN', 'GOOGL', 'META', 'ORCL') and period_end >= '2026-01-01'
        and span.capital_expenditure is not null and base.capital_expenditure > 0
    qualify row_number() over (partition by issuer order by period_end desc) = 1
), one_currency as (
    select * from newest
    where currency is not distinct from (
        select currency from newest group by currency order by count(*) desc, currency nulls last limit 1)
)
select
    sum(span.capital_expenditure order by issuer) / sum(base.capital_expenditure order by issuer) - 1 as observed,
    count(*) >= 3 as holds,
    observed >= 0.25 as holds_otherwise,
    format('{:+.1f} % year on year, sum over sum, of {} of 5 builders ({}), quarters to {}.', 100 * observed, count(*),
        string_agg(issuer || if(quarters = 4, ', four quarters', ', one quarter'), '; ' order by issuer),
            max(period_end))
        as evidence
from one_currency
having count(*) > 0
