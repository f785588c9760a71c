/*
doc = "Baskets of the catalog, as it was recorded then."
grain = ["basket"]

[columns]
basket = "Name of the basket."
title = "What it stands for."
role = "tier (whose order of leadership is watched), sector_fund, fund or asset."
position = "Place in the catalog; the tiers stand in the order in which leadership is expected to pass."

[assertions]
"a role the marts know" = "role in ('tier', 'sector_fund', 'fund', 'asset')"
*/
select basket, title, role, position
from raw.catalog_basket
where fetched_at = (
        select max(fetched_at) from raw.catalog_basket where fetched_at <= getvariable('recorded_by')
    )
    and basket is not null
