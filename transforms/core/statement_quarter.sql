/*
doc = """
One row per company and fiscal quarter that has a revenue: the items the marts need, under one name whatever the source
calls them. An item the company does not state is NULL: no inventory is not an inventory of 0, and an insurer that states
no operating income is not given its EBIT, which holds the gains of its investments.
"""
grain = ["issuer", "period_end"]

[columns]
issuer = "Symbol of the company's primary line; statements filed under another line of it are its own."
period_end = "Last day of the fiscal quarter."
currency = """\
Currency of the revenue, and so of all amounts: an item stated in another is left out; NULL where the source did not \
say."""
revenue = "Total Revenue, else Operating Revenue."
cost_of_revenue = "Cost Of Revenue, else Reconciled Cost Of Revenue."
gross_profit = "Gross Profit, else revenue - cost_of_revenue."
operating_income = """\
Operating Income, else Total Operating Income As Reported: EBIT from operations, without interest and investment \
gains."""
operating_expense = "Operating Expense: what is spent between gross profit and operating income."
sga = "Selling General And Administration, else the sum of its two parts."
operating_cash_flow = "Operating Cash Flow, else that from continuing operations."
capital_expenditure = """\
Capital Expenditure, else Purchase Of PPE, as spent: the source reports it below 0; NULL where it reports an inflow."""
free_cash_flow = "Free Cash Flow, else operating_cash_flow - capital_expenditure."
total_assets = "Total Assets on period_end."
inventory = "Inventory on period_end."
receivables = "Accounts Receivable, else Receivables, on period_end."
payables = "Accounts Payable, else Payables, on period_end."
pit_quality = "The weakest of its items': rule when the moment of any follows from the rule."
known_at = "When the last of these items could be known (UTC)."

[assertions]
"a company sells something" = "revenue is not null"
"capital expenditure is spent" = "capital_expenditure >= 0"
*/
with wanted(name, choice, statement, item) as (
    values
        ('revenue', 1, 'income', 'Total Revenue'),
        ('revenue', 2, 'income', 'Operating Revenue'),
        ('cost_of_revenue', 1, 'income', 'Cost Of Revenue'),
        ('cost_of_revenue', 2, 'income', 'Reconciled Cost Of Revenue'),
        ('gross_profit', 1, 'income', 'Gross Profit'),
        ('operating_income', 1, 'income', 'Operating Income'),
        ('operating_income', 2, 'income', 'Total Operating Income As Reported'),
        ('operating_expense', 1, 'income', 'Operating Expense'),
        ('sga', 1, 'income', 'Selling General And Administration'),
        ('selling', 1, 'income', 'Selling And Marketing Expense'),
        ('administration', 1, 'income', 'General And Administrative Expense'),
        ('operating_cash_flow', 1, 'cashflow', 'Operating Cash Flow'),
        ('operating_cash_flow', 2, 'cashflow', 'Cash Flow From Continuing Operating Activities'),
        ('capex', 1, 'cashflow', 'Capital Expenditure'),
        ('capex', 2, 'cashflow', 'Purchase Of PPE'),
        ('free_cash_flow', 1, 'cashflow', 'Free Cash Flow'),
        ('total_assets', 1, 'balance', 'Total Assets'),
        ('inventory', 1, 'balance', 'Inventory'),
        ('receivables', 1, 'balance', 'Accounts Receivable'),
        ('receivables', 2, 'balance', 'Receivables'),
        ('payables', 1, 'balance', 'Accounts Payable'),
        ('payables', 2, 'balance', 'Payables')
), reported_item as (
    -- Where several lines of a company have statements, the primary one's stand.
    select instrument.issuer, statement_item.period_end, wanted.name, statement_item.value, statement_item.currency,
        statement_item.pit_quality, statement_item.known_at
    from staging.statement_item
    join wanted using (statement, item)
    join staging.instrument using (symbol)
    qualify row_number() over (
        partition by instrument.issuer, statement_item.period_end, wanted.name order by wanted.choice,
            instrument.is_primary_line desc, statement_item.symbol
    ) = 1
), priced as (
    select *, max(currency) filter (name = 'revenue') over (partition by issuer,
        period_end) as revenue_currency from reported_item
), quarter as (
    select issuer, period_end,
        any_value(currency) as currency,
        any_value(value) filter (name = 'revenue') as revenue,
        any_value(value) filter (name = 'cost_of_revenue') as cost_of_revenue,
        coalesce(any_value(value) filter (name = 'gross_profit'), revenue - cost_of_revenue) as gross_profit,
        any_value(value) filter (name = 'operating_income') as operating_income,
        any_value(value) filter (name = 'operating_expense') as operating_expense,
        coalesce(
            any_value(value) filter (name = 'sga'),
            any_value(value) filter (name = 'selling') + any_value(value) filter (name = 'administration')
        ) as sga,
        any_value(value) filter (name = 'operating_cash_flow') as operating_cash_flow,
        any_value(-value) filter (name = 'capex' and value <= 0) as capital_expenditure,
        coalesce(any_value(value) filter (name = 'free_cash_flow'), operating_cash_flow - capital_expenditure)
            as free_cash_flow,
        any_value(value) filter (name = 'total_assets') as total_assets,
        any_value(value) filter (name = 'inventory') as inventory,
        any_value(value) filter (name = 'receivables') as receivables,
        any_value(value) filter (name = 'payables') as payables,
        min(pit_quality) as pit_quality,     -- in the alphabet the weakest stands first
        max(known_at) as known_at
    from priced
    where coalesce(currency = revenue_currency, true)
    group by issuer, period_end
)
select * from quarter where revenue is not null
