/*
doc = """
What a company keeps of what it sells, what it spends to grow, and how both change within a year: one row per company and
fiscal quarter with a revenue. Where `basis` is NULL there is no year before: the levels are the quarter's, the changes
NULL.
"""
grain = ["issuer", "period_end"]

[columns]
issuer = "Symbol of the company's primary line; statements filed under another line of it are its own."
period_end = "Last day of the fiscal quarter."
basis = """\
What the figures are of: trailing_four_quarters (against the four before), same_quarter (against that of a year \
before), NULL without a year before."""
currency = """\
Currency of revenue, in which the company reports: TWD for one in Taiwan; NULL where the source did not report it. Ratios \
and changes have none."""
revenue = "Revenue of the span that basis names, in the currency named: comparable only with that of the same currency."
revenue_change_return = "Revenue over that of the span a year before - 1."
gross_margin = "Gross profit / revenue."
operating_margin = "Operating income / revenue; NULL where the company states none, as insurers do."
free_cash_flow_margin = "(Operating cash flow - capital expenditure) / revenue."
gross_margin_change = "Gross margin minus that of a year before, as a fraction."
operating_margin_change = "Operating margin minus that of a year before, as a fraction."
free_cash_flow_margin_change = "Free-cash-flow margin minus that of a year before, as a fraction."
margin_stack = "How many of the three margins rose, 0 to 3; NULL unless all three changes are known."
degree_of_operating_leverage = """\
Relative change of operating income over that of revenue; NULL where revenue changed by under 2 %, or the base's \
operating income is not above 0."""
incremental_margin = "Change of operating income / change of revenue, in money; NULL where revenue did not change."
capex_to_revenue = "Capital expenditure / revenue."
capex_to_revenue_change = "capex_to_revenue minus its value a year earlier, as a fraction."
capex_change_return = "Capital expenditure over that of a year before - 1."
capex_to_operating_cash_flow = "Capital expenditure / operating cash flow; NULL where operations brought no cash."
operating_expense_to_revenue = "Operating expense (between gross profit and operating income) / revenue."
operating_expense_to_revenue_change = "operating_expense_to_revenue minus its value a year earlier, as a fraction."
sga_to_revenue = "Selling, general and administrative expense / revenue."
gross_profit_to_assets = "Gross profit, a year's worth (a single quarter times four), / total assets on period_end."
cash_conversion_cycle_days = """\
Days of inventory (on cost of revenue) + days of receivables (on revenue) - days of payables (on cost of revenue), \
stocks on period_end; NULL where the company states no inventory."""
pit_quality = """\
rule: known_at of some figure is when its report was due (45 days after a quarter, 90 after a fiscal year, 60 for a \
filer the catalog dates as large, 120 for a foreign one, on the next federal business day); snapshot where all were \
corrected, and known since we fetched them."""
known_at = "When the last figure used could be known (UTC)."

[assertions]
"a basis we know" = "basis in ('trailing_four_quarters', 'same_quarter')"
"no change without a year before" = """\
basis is not null or coalesce(revenue_change_return, gross_margin_change, operating_margin_change, \
free_cash_flow_margin_change, degree_of_operating_leverage, incremental_margin, capex_change_return, \
capex_to_revenue_change, operating_expense_to_revenue_change, margin_stack) is null"""
"leverage needs a change to lever" = "degree_of_operating_leverage is null or abs(revenue_change_return) >= 0.02"
"a stack counts the margins that rose" = """\
margin_stack = (gross_margin_change > 0)::integer + (operating_margin_change > 0)::integer + \
(free_cash_flow_margin_change > 0)::integer"""
"a figure is a number" = """\
isfinite(gross_margin) and isfinite(operating_margin) and isfinite(incremental_margin) and \
isfinite(capex_to_operating_cash_flow)"""
"quality is one of three" = "pit_quality in ('rule', 'snapshot', 'vintage')"
"nothing is known before its day" = "known_at >= period_end"
*/
with ratio as (
    -- Over a revenue that is not above 0 nothing is a share of it.
    select *,
        case when span.revenue > 0 then span.revenue end as revenue,
        case when base.revenue > 0 then base.revenue end as base_revenue,
        span.gross_profit / revenue as gross_margin,
        span.operating_income / revenue as operating_margin,
        span.free_cash_flow / revenue as free_cash_flow_margin,
        span.capital_expenditure / revenue as capex_to_revenue,
        span.operating_expense / revenue as operating_expense_to_revenue,
        revenue / base_revenue - 1 as revenue_change,
        gross_margin - base.gross_profit / base_revenue as gross_margin_change,
        operating_margin - base.operating_income / base_revenue as operating_margin_change,
        free_cash_flow_margin - base.free_cash_flow / base_revenue as free_cash_flow_margin_change,
        365 * quarters / 4 as days
    from core.statement_year_on_year
)
select
    issuer,
    period_end,
    basis,
    currency,
    span.revenue,
    revenue_change as revenue_change_return,
    gross_margin,
    operating_margin,
    free_cash_flow_margin,
    gross_margin_change,
    operating_margin_change,
    free_cash_flow_margin_change,
    (gross_margin_change > 0)::integer + (operating_margin_change > 0)::integer
        + (free_cash_flow_margin_change > 0)::integer as margin_stack,
    case when abs(revenue_change) >= 0.02 and base.operating_income > 0
        then (span.operating_income / base.operating_income - 1) / revenue_change end as degree_of_operating_leverage,
    case when span.revenue <> base.revenue
        then (span.operating_income - base.operating_income) / (span.revenue - base.revenue) end as incremental_margin,
    capex_to_revenue,
    capex_to_revenue - base.capital_expenditure / base_revenue as capex_to_revenue_change,
    case when base.capital_expenditure > 0 then span.capital_expenditure / base.capital_expenditure - 1 end
        as capex_change_return,
    case when span.operating_cash_flow > 0 then span.capital_expenditure / span.operating_cash_flow end
        as capex_to_operating_cash_flow,
    operating_expense_to_revenue,
    operating_expense_to_revenue - base.operating_expense / base_revenue as operating_expense_to_revenue_change,
    span.sga / revenue as sga_to_revenue,
    case when span.total_assets > 0 then span.gross_profit * 4 / quarters / span.total_assets end
        as gross_profit_to_assets,
    days * case when span.cost_of_revenue > 0 then (span.inventory - span.payables) / span.cost_of_revenue end
        + days * span.receivables / revenue as cash_conversion_cycle_days,
    pit_quality,
    known_at
from ratio
