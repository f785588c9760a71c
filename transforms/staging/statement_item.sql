/*
doc = "Items of quarterly statements: of each the latest version known by as_of and recorded by recorded_by."
grain = ["symbol", "statement", "period_end", "item"]

[columns]
symbol = "Line under which the source gives the company's statements."
statement = "income, balance or cashflow."
period_end = "Last day of the fiscal quarter."
item = "The source's name of the item."
value = "In the currency named; shares and per-share items in their own unit."
currency = "Three-letter code of the currency, as reported by the source; NULL where it was fetched before it was kept."
pit_quality = """\
How known_at was found: rule (when its report was due: 45 days after a quarter, 90 after a fiscal year, 60 for a filer \
the catalog dates as large, 120 for a foreign one, or the next federal business day) or snapshot (a correction, known \
since we fetched it)."""
known_at = "When this version could be known (UTC)."

[assertions]
"a value is a number" = "isfinite(value)"
"a currency is three letters" = "regexp_full_match(currency, '[A-Z]{3}')"
"one of three statements" = "statement in ('income', 'balance', 'cashflow')"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with latest as (
    select *
    from raw.statement_item
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (
        partition by symbol, statement, period_end, item, source order by known_at desc, fetched_at desc
    ) = 1
)
select symbol, statement, period_end, item, value, currency, pit_quality, known_at
from latest
left join staging.source using (source)
where not is_withdrawn and value is not null
-- A statement is one source's: another one calls its items, and cuts them, otherwise.
qualify dense_rank() over (partition by symbol, statement, period_end order by priority nulls last, source) = 1
