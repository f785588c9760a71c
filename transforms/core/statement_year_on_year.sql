/*
doc = """
A company's latest four quarters beside the four before them, where eight are there; else a quarter beside the same quarter
a year before; else the quarter alone.
"""
grain = ["issuer", "period_end"]

[columns]
issuer = "Symbol of the company's primary line."
period_end = "Last day of the fiscal quarter."
basis = "trailing_four_quarters, same_quarter, or NULL where neither has a year before it."
quarters = "Quarters in the span: 4 or 1."
currency = """\
Currency of span and base; NULL where the source did not report it. A span is never compared with one in another \
currency."""
span = "Figures of the span, named as in core.statement_span."
base = "The same figures of the span that ended a year before (20 days more or less); NULL without a basis."
pit_quality = "The weakest of the quarters used."
known_at = "When the last of the quarters used could be known (UTC)."

[assertions]
"a basis we know" = "basis in ('trailing_four_quarters', 'same_quarter')"
"a basis has its base" = "(basis is null) = (base is null)"
"four quarters only against four" = """\
quarters = if(basis = 'trailing_four_quarters', 4, 1) or basis is null and quarters = 1"""
*/
select
    span.issuer,
    span.period_end,
    case when base.issuer is null then null when span.quarters = 4 then 'trailing_four_quarters' else 'same_quarter' end
        as basis,
    span.quarters,
    coalesce(span.currency, base.currency) as currency,
    span,
    case when base.issuer is not null then base end as base,
    least(span.pit_quality, base.pit_quality) as pit_quality,
    greatest(span.known_at, base.known_at) as known_at
from core.statement_span span
left join core.statement_span base
    on base.issuer = span.issuer and base.quarters = span.quarters and coalesce(base.currency = span.currency, true)
    and base.period_end + interval 1 year between span.period_end - 20 and span.period_end + 20
qualify row_number() over (
    partition by span.issuer, span.period_end
    order by base.issuer is null, if(base.issuer is null, -span.quarters, span.quarters) desc, base.period_end desc
) = 1
