/*
doc = """\
Published lists of index weights by security: of each value the latest version known by as_of and recorded by \
recorded_by."""
grain = ["index_code", "date", "published_on", "symbol"]

[columns]
index_code = "Code of the universe."
date = "Day at whose close the list holds."
published_on = "Day the list was published."
symbol = "Security, as the price source spells it."
weight = "Share of the index, 0 to 1, rounded as published."
known_at = "When this version could be known (UTC): 23:59:00 New York on published_on, or later for a correction."

[assertions]
"weights are fractions" = "weight between 0 and 1"
"a list is published on or after its day" = "published_on >= date"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with latest as (
    select *
    from raw.index_weight_list
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    qualify row_number() over (
        partition by index_code, date, published_on, symbol, source order by known_at desc, fetched_at desc
    ) = 1
)
select index_code, date, published_on, symbol, weight, known_at
from latest
left join staging.source using (source)
where not is_withdrawn and weight is not null
-- A list is one source's: the weights of two do not add to a whole.
qualify dense_rank() over (partition by index_code, date, published_on order by priority nulls last, source) = 1
