/*
doc = """
Facts that two sources report: a close by each source of bars, and of an index by FRED; the return of a
universe by our weights and as published; the weight of its largest issuers by the published rules and by the published
lists. What is not within its tolerance is a defect of one of the two, or of how we read it.
"""
grain = ["date", "fact", "first_source", "second_source"]

[columns]
date = "Session, or the day both sources date a close."
fact = """\
What both report: close of a symbol (index points or dollars), return of a universe (fraction), top1_weight or \
top10_weight of a universe (fraction)."""
first_source = "The source of first_value: the source of higher priority, or a weighting."
second_source = "Who reports second_value: another source of bars, a FRED series, the published index, or a weighting."
first_value = "The fact by the first source, in the fact's unit."
second_value = "The fact by the second source, in the fact's unit."
difference = "first_value - second_value."
tolerance = """\
Largest difference in size that is rounding or known to be there: 0.01 for a close, 0.0015 for a return \
(15 bp), 0.01 for a weight."""
is_within = "Whether the difference is within the tolerance, up to the last digit of a double."
known_at = "When both values could be known (UTC)."

[assertions]
"a difference is the difference" = "difference = first_value - second_value"
"within is within" = "is_within = (abs(difference) <= tolerance + 1e-9)"
"two sources are two" = "first_source <> second_source"
*/
with bar as (
    -- Bars that evidence holds agree with nothing.
    select price_bar.symbol, price_bar.date, source, price_bar.close, price_bar.known_at,
        coalesce(source.priority, 1000) as priority
    from staging.price_bar_by_source price_bar
    left join staging.source using (source)
    where (price_bar.symbol, price_bar.date) not in (select (symbol, date) from core.price_bar_held)
), close as (
    select
        bar.date, 'close of ' || bar.symbol as fact, bar.source as first_source,
            series.series_id as second_source,
        bar.close as first_value, observation.value as second_value, 0.01 as tolerance,
        greatest(bar.known_at, observation.known_at) as known_at
    from staging.series
    join staging.instrument on instrument.symbol = series.fallback_for and instrument.kind = 'index'
    join bar on bar.symbol = instrument.symbol
    join (
        select * from staging.macro_observation
        qualify row_number() over (partition by series_id, date order by known_at desc) = 1
    ) observation on observation.series_id = series.series_id and observation.date = bar.date
    where observation.value is not null
    union all
    select bar.date, 'close of ' || bar.symbol, bar.source, other.source, bar.close, other.close, 0.01,
        greatest(bar.known_at, other.known_at)
    from bar
    join bar other on other.symbol = bar.symbol and other.date = bar.date
        and (other.priority, other.source) > (bar.priority, bar.source)
), returned as (
    select
        concentration_daily.date, 'return of ' || concentration_daily.index_code as fact,
            concentration_daily.weight_scheme as first_source, universe.published_index as second_source,
        concentration_daily.index_return as first_value, concentration_daily.official_return as second_value,
            0.0015 as tolerance, concentration_daily.known_at
    from marts.concentration_daily
    join staging.universe using (index_code)
    where concentration_daily.index_return is not null and concentration_daily.official_return is not null
), weighed as (
    select date, index_code, weight_scheme, known_at, unnest([
        struct_pack(name := 'top1_weight', weight := top1_weight),
            struct_pack(name := 'top10_weight', weight := top10_weight)
    ], recursive := true)
    from marts.concentration_daily
    where weight_scheme in ('capped', 'anchored') and top1_weight is not null
), largest as (
    select
        capped.date, capped.name || ' of ' || capped.index_code as fact, capped.weight_scheme as first_source,
            anchored.weight_scheme as second_source,
        capped.weight as first_value, anchored.weight as second_value, 0.01 as tolerance,
        greatest(capped.known_at, anchored.known_at) as known_at
    from weighed capped
    join weighed anchored using (date, index_code, name)
    where capped.weight_scheme = 'capped' and anchored.weight_scheme = 'anchored'
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
