/*
doc = "The indices of the catalog; one of them is the primary one, of which regime, signals and claims speak."
grain = ["index_code"]

[columns]
index_code = "Code of the index, NDX for the Nasdaq-100."
title = "Its name."
published_index = "Symbol of the published index its reconstruction is held against."
is_primary = "Whether it is the index that regime, signals and claims speak of."

[assertions]
"at most one index is the primary one" = "(select count(*) filter (is_primary) from core.index_definition) <= 1"
*/
select index_code, title, published_index, is_primary
from staging.universe
