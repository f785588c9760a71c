/*
doc = "Limits on the weights of each universe in the order they are kept, as the catalog was recorded."
grain = ["index_code", "position"]

[columns]
index_code = "Code of the universe."
position = "Place of the limit; the first one broken is kept first."
is_annual = "Whether it holds at annual rebalances only."
limited = """\
What is limited: issuer (each), issuers_over (those above size together), largest_issuers (the size largest together)."""
size = "Weight above which an issuer counts, or number of issuers; NULL for a limit on each issuer."
above = "Weight, 0 to 1, beyond which the limit is broken."
target = "Weight, 0 to 1, it is then brought to."
others_at_most = "Weight no other issuer may pass then; NULL leaves only the smallest of the group as their limit."

[assertions]
"a limit we know" = "limited in ('issuer', 'issuers_over', 'largest_issuers')"
"a group has a size" = "(limited = 'issuer') = (size is null)"
"limits are fractions" = "target > 0 and target <= above and above < 1 and others_at_most > 0"
*/
select index_code, position, is_annual, limited, size, above, target, others_at_most
from raw.catalog_weight_limit
where fetched_at = (
        select max(fetched_at) from raw.catalog_weight_limit where fetched_at <= getvariable('recorded_by')
    )
    and index_code is not null
