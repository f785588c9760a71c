/*
doc = """
A company's quarters twice: each alone, and with the three before it where four in a row are there. Flows are summed over
the span (NULL where one of its quarters lacks the item), stocks are those of its end.
"""
grain = ["issuer", "period_end", "quarters"]

[columns]
issuer = "Symbol of the company's primary line."
period_end = "Last day of the span's last quarter."
quarters = "Quarters in the span: 1 or 4."
currency = "Currency of all amounts; NULL where the source did not report it. Quarters in two currencies make no year."
revenue = "Sum over the span."
cost_of_revenue = "Sum over the span."
gross_profit = "Sum over the span."
operating_income = "Sum over the span."
operating_expense = "Sum over the span."
sga = "Sum over the span."
operating_cash_flow = "Sum over the span."
capital_expenditure = "Sum over the span, as spent."
free_cash_flow = "Sum over the span."
total_assets = "On period_end."
inventory = "On period_end."
receivables = "On period_end."
payables = "On period_end."
pit_quality = "The weakest of its quarters'."
known_at = "When the last of its quarters could be known (UTC)."

[assertions]
"a quarter or a year" = "quarters in (1, 4)"
*/
select
    quarter.issuer,
    quarter.period_end,
    span.quarters,
    any_value(earlier_quarter.currency) as currency,
    case when count(columns(earlier_quarter.* exclude (
            issuer, period_end, currency, total_assets, inventory, receivables, payables, pit_quality,
                known_at))) = span.quarters
        then sum(columns(earlier_quarter.* exclude (
            issuer, period_end, currency, total_assets, inventory, receivables, payables, pit_quality, known_at))
            order by earlier_quarter.period_end) end,
    quarter.total_assets,
    quarter.inventory,
    quarter.receivables,
    quarter.payables,
    min(earlier_quarter.pit_quality) as pit_quality,
    max(earlier_quarter.known_at) as known_at
from core.statement_quarter quarter
-- Four quarters in a row: exactly four end within 295 days, the first at least 240 before the last; a fiscal quarter may
-- have 12 to 17 weeks.
cross join (values (1, 0, 0), (4, 240, 295)) span(quarters, shortest_days, longest_days)
join core.statement_quarter earlier_quarter
    on earlier_quarter.issuer = quarter.issuer
        and earlier_quarter.period_end between quarter.period_end - span.longest_days and quarter.period_end
group by quarter.issuer, quarter.period_end, span.quarters, span.shortest_days, quarter.total_assets,
    quarter.inventory, quarter.receivables, quarter.payables
having count(*) = span.quarters and count(distinct earlier_quarter.currency) <= 1
    and quarter.period_end - min(earlier_quarter.period_end) >= span.shortest_days
