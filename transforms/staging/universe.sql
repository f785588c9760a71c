/*
doc = "Universes whose concentration is followed, as the catalog was recorded."
grain = ["index_code"]

[columns]
index_code = "Code of the universe, NDX for the Nasdaq-100."
title = "Its name."
published_index = "Symbol of the published index its reconstruction is held against."
is_primary = "Whether it is the index that regime, signals and claims speak of."
*/
select index_code, title, published_index, is_primary
from raw.catalog_universe
where fetched_at = (
        select max(fetched_at) from raw.catalog_universe where fetched_at <= getvariable('recorded_by')
    )
    and index_code is not null
