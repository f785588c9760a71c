/*
doc = "Dated members of each universe by security, as the catalog was recorded."
grain = ["index_code", "symbol", "valid_from"]

[columns]
index_code = "Code of the universe."
symbol = "Member security."
valid_from = "First session it belongs, from the open on."
valid_to = "First session it no longer belongs; NULL while it does."

[assertions]
"a stay ends after it starts" = "valid_to > valid_from"
*/
select index_code, symbol, valid_from, valid_to
from raw.catalog_universe_member
where fetched_at = (
        select max(fetched_at) from raw.catalog_universe_member where fetched_at <= getvariable('recorded_by')
    )
    and index_code is not null
