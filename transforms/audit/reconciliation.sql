/*
doc = """
Two sources of one fact, wherever both say it: the close of an index by the exchange's feed and by FRED; the return of a
universe by our weights and as published; the weight of its largest issuers by the published rules and by the published
lists. What is not within its tolerance is a defect of one of the two, or of how we read it.
"""
grain = ["date", "fact", "first_source", "second_source"]

[columns]
date = "Session, or the day both sources date a close."
fact = "What both say: close of a symbol (index points), return of a universe (fraction), top1_weight or top10_weight of a universe (fraction)."
first_source = "Who says first_value: yahoo, or a weighting."
second_source = "Who says second_value: a FRED series, the published index, or a weighting."
first_value = "The fact by the first source, in the fact's unit."
second_value = "The fact by the second source, in the fact's unit."
difference = "first_value - second_value."
tolerance = "Largest difference in size that is rounding or known to be there: 0.01 index points for a close, 0.0015 for a return (15 bp), 0.01 for a weight."
is_within = "Whether the difference is within the tolerance, up to the last digit of a double."
known_at = "When both values could be known (UTC)."

[assertions]
"a difference is the difference" = "difference = first_value - second_value"
"within is within" = "is_within = (abs(difference) <= tolerance + 1e-9)"
"two sources are two" = "first_source <> second_source"
*/
with close as (
    select
        b.date, 'close of ' || b.symbol as fact, b.source as first_source, s.series_id as second_source,
        b.close as first_value, o.value as second_value, 0.01 as tolerance,
        greatest(b.known_at, o.known_at) as known_at
    from staging.series s
    join staging.instrument i on i.symbol = s.fallback_for and i.kind = 'index'
    join core.price_bar b on b.symbol = i.symbol
    join (
        select * from staging.macro_observation
        qualify row_number() over (partition by series_id, date order by known_at desc) = 1
    ) o on o.series_id = s.series_id and o.date = b.date
    where o.value is not null
), returned as (
    select
        c.date, 'return of ' || c.index_code as fact, c.weight_scheme as first_source, u.published_index as second_source,
        c.index_return as first_value, c.official_return as second_value, 0.0015 as tolerance, c.known_at
    from marts.concentration_daily c
    join staging.universe u using (index_code)
    where c.index_return is not null and c.official_return is not null
), weighed as (
    select date, index_code, weight_scheme, known_at, unnest([
        struct_pack(name := 'top1_weight', weight := top1_weight), struct_pack(name := 'top10_weight', weight := top10_weight)
    ], recursive := true)
    from marts.concentration_daily
    where weight_scheme in ('capped', 'anchored') and top1_weight is not null
), largest as (
    select
        c.date, c.name || ' of ' || c.index_code as fact, c.weight_scheme as first_source, a.weight_scheme as second_source,
        c.weight as first_value, a.weight as second_value, 0.01 as tolerance,
        greatest(c.known_at, a.known_at) as known_at
    from weighed c
    join weighed a using (date, index_code, name)
    where c.weight_scheme = 'capped' and a.weight_scheme = 'anchored'
), stated as (
    from close
    union all
    from returned
    union all
    from largest
)
select
    date, fact, first_source, second_source, first_value, second_value,
    first_value - second_value as difference,
    tolerance,
    abs(first_value - second_value) <= tolerance + 1e-9 as is_within,
    known_at
from stated
