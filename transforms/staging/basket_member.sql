/*
doc = "Dated members of each basket, as the catalog recorded them then."
grain = ["basket", "symbol", "valid_from"]

[columns]
basket = "Name of the basket."
symbol = "The member."
valid_from = "First day of membership."
valid_to = "First day after it; NULL while it lasts."

[assertions]
"a membership lasts a day at least" = "valid_from < valid_to"
*/
select basket, symbol, valid_from, valid_to
from raw.catalog_basket_member
where fetched_at = (
        select max(fetched_at) from raw.catalog_basket_member where fetched_at <= getvariable('recorded_by')
    )
    and basket is not null
