/*
doc = """
Operating leverage of a basket of companies: sums over sums, never a mean of ratios. One row per basket, calendar quarter
and basis with a company that has all three margins now and a year before; coverage_share is the part of it that has them.
"""
grain = ["basket", "quarter", "basis"]

[columns]
basket = "Name of the basket."
quarter = "First day of the calendar quarter that holds the middle of the company's fiscal one."
basis = "trailing_four_quarters or same_quarter; companies of different bases are not added up."
members = "Companies in the basket on the quarter's last day."
covered_members = """\
Those of them that have revenue, gross profit, operating income and free cash flow now and a year before, in the \
currency named."""
coverage_share = "covered_members / members; 0 to 1."
currency = """\
Currency of the amounts, the one that most members with all figures report in; NULL where the source did not report it. \
Amounts of two currencies are never added."""
revenue = "Revenue of the covered companies."
revenue_change_return = "Their revenue over that of the span a year before - 1."
gross_margin = "Their gross profit / their revenue."
operating_margin = "Their operating income / their revenue."
free_cash_flow_margin = "Their free cash flow / their revenue."
gross_margin_change = "Gross margin minus that of a year before, as a fraction."
operating_margin_change = "Operating margin minus that of a year before, as a fraction."
free_cash_flow_margin_change = "Free-cash-flow margin minus that of a year before, as a fraction."
margin_stack = "How many of the three margins rose, 0 to 3."
degree_of_operating_leverage = """\
Relative change of operating income over that of revenue; NULL where revenue changed by under 2 %, or the base's \
operating income is not above 0."""
incremental_margin = "Change of operating income / change of revenue."
capex_members = "Covered companies that state capital expenditure now and a year before."
capex_to_revenue = "Capital expenditure / revenue of these."
capex_change_return = "Capital expenditure of these over that of a year before - 1."
pit_quality = """\
The weakest of the companies': rule when the moment of any figure is when its report was due, then snapshot, then \
vintage."""
known_at = "When the last figure used could be known (UTC)."

[assertions]
"coverage is a share of the members" = """\
coverage_share > 0 and coverage_share <= 1 and covered_members <= members and capex_members <= covered_members"""
"a stack counts the margins that rose" = """\
margin_stack = (gross_margin_change > 0)::integer + (operating_margin_change > 0)::integer + \
(free_cash_flow_margin_change > 0)::integer"""
"leverage needs a change to lever" = "degree_of_operating_leverage is null or abs(revenue_change_return) >= 0.02"
*/
with stated as (
    select date_trunc('quarter', period_end - 45)::date as quarter, *,
        quarter + interval 3 month - interval 1 day as last_day
    from core.statement_year_on_year
    where basis is not null
), member as (
    select distinct basket_member.basket, calendar_quarter.quarter, instrument.issuer
    from (select distinct quarter, last_day from stated) calendar_quarter
    join staging.basket_member on calendar_quarter.last_day >= basket_member.valid_from
        and calendar_quarter.last_day < coalesce(basket_member.valid_to, date 'infinity')
    join staging.instrument on instrument.symbol = basket_member.symbol and instrument.kind = 'stock'
), covered as (
    select member.basket, stated.*, span.capital_expenditure is not null
        and base.capital_expenditure is not null as has_capex
    from stated
    join member using (quarter, issuer)
    where span.gross_profit + span.operating_income + span.free_cash_flow is not null
        and base.gross_profit + base.operating_income + base.free_cash_flow is not null
), common as (
    select basket, quarter, basis, currency
    from covered
    group by basket, quarter, basis, currency
    qualify row_number() over (partition by basket, quarter, basis order by count(*) desc, currency nulls last) = 1
), summed as (
    select covered.basket, covered.quarter, covered.basis, covered.currency,
        count(*) as covered_members,
        sum(span.revenue order by issuer) as revenue,
        sum(base.revenue order by issuer) as base_revenue,
        sum(span.gross_profit order by issuer) / revenue as gross_margin,
        sum(base.gross_profit order by issuer) / base_revenue as base_gross_margin,
        sum(span.operating_income order by issuer) as operating_income,
        sum(base.operating_income order by issuer) as base_operating_income,
        sum(span.free_cash_flow order by issuer) / revenue as free_cash_flow_margin,
        sum(base.free_cash_flow order by issuer) / base_revenue as base_free_cash_flow_margin,
        count(*) filter (has_capex) as capex_members,
        sum(span.capital_expenditure order by issuer) filter (has_capex) as capex,
        sum(base.capital_expenditure order by issuer) filter (has_capex) as base_capex,
        sum(span.revenue order by issuer) filter (has_capex) as capex_revenue,
        min(pit_quality) as pit_quality,     -- in the alphabet the weakest stands first
        max(known_at) as known_at
    from covered
    join common on common.basket = covered.basket and common.quarter = covered.quarter and common.basis = covered.basis
        and common.currency is not distinct from covered.currency
    group by covered.basket, covered.quarter, covered.basis, covered.currency
    having revenue > 0 and base_revenue > 0
), sized as (
    select basket, quarter, count(*) as members from member group by basket, quarter
)
select
    basket,
    quarter,
    basis,
    members,
    covered_members,
    covered_members / members as coverage_share,
    currency,
    revenue,
    revenue / base_revenue - 1 as revenue_change_return,
    gross_margin,
    operating_income / revenue as operating_margin,
    free_cash_flow_margin,
    gross_margin - base_gross_margin as gross_margin_change,
    operating_income / revenue - base_operating_income / base_revenue as operating_margin_change,
    free_cash_flow_margin - base_free_cash_flow_margin as free_cash_flow_margin_change,
    (gross_margin_change > 0)::integer + (operating_margin_change > 0)::integer
        + (free_cash_flow_margin_change > 0)::integer as margin_stack,
    case when abs(revenue_change_return) >= 0.02 and base_operating_income > 0
        then (operating_income / base_operating_income - 1) / revenue_change_return end
        as degree_of_operating_leverage,
    case when revenue <> base_revenue
        then (operating_income - base_operating_income) / (revenue - base_revenue) end as incremental_margin,
    capex_members,
    case when capex_revenue > 0 then capex / capex_revenue end as capex_to_revenue,
    case when base_capex > 0 then capex / base_capex - 1 end as capex_change_return,
    pit_quality,
    known_at
from summed
join sized using (basket, quarter)
