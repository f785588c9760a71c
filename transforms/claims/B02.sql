/*
statement = "NVIDIA, Apple and Microsoft are paid for stacked margins"
lower = 3
otherwise = "with two of the three margins up, not all"
shown_by = """\
select issuer, period_end, basis, gross_margin_change, operating_margin_change, free_cash_flow_margin_change, \
margin_stack from marts.operating_leverage_quarterly where issuer in ('NVDA', 'AAPL', 'MSFT') order by issuer, \
period_end desc"""
*/
-- The least of the three companies' newest stacks: how many of gross, operating and free-cash-flow margin rose in a year.
with newest as (
    select issuer, period_end, basis, margin_stack from marts.operating_leverage_quarterly
    where issuer in ('NVDA', 'AAPL', 'MSFT')
    qualify row_number() over (partition by issuer order by period_end desc) = 1
)
select
    case when count(margin_stack) = 3 then min(margin_stack) end as observed,
    observed >= 2 as holds_otherwise,
    coalesce(
        'Margins that rose in a year, of 3: ' || string_agg(format('{} {} (to {}, '
            || '{})', issuer, margin_stack, period_end, basis),
            ', ' order by issuer) filter (margin_stack is not null)
            || case when count(margin_stack) = 3 then '.' end,
        format('{} of the 3 companies have statements that reach back a year.', count(margin_stack))) as evidence
from newest
