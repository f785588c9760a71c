/*
doc = "The sources of the catalog, as they were recorded then, in the order in which they are believed."
grain = ["source"]

[columns]
source = "Id of the source, as rows name it."
title = "Name of the service."
priority = "Of several sources of one value the one with the lowest number is used."
price_convention = """\
How it states prices: split_adjusted (divided by later splits, which the load undoes) or as_traded; NULL for a source \
without bars."""

[assertions]
"a priority is a positive number" = "priority > 0"
"one of two conventions" = "price_convention in ('split_adjusted', 'as_traded')"
*/
select source, title, priority, price_convention
from raw.catalog_source
where fetched_at = (
        select max(fetched_at) from raw.catalog_source where fetched_at <= getvariable('recorded_by')
    )
    and source is not null
