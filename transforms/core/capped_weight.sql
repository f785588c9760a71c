/*
doc = """
Weights by the index shares of the published rules (core.index_shares), one row per member issuer of a covered session
(core.weight_coverage). Between rebalances the shares stand still, but for splits; a leaver's weight goes to the others in
proportion.
"""
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Member issuer with index shares, at its primary line's close."
review = "Number of the rebalance in force (core.index_rebalance)."
market_cap = "Dollars at the close, the whole company's; NULL where it cannot be told."
weight = "Share of the index at the session's close; 0 to 1; NULL without a close."
open_weight = "The weight the session opened with, at the last closes before it, over the members that have a return; 0 to 1."
price_return = "The issuer's return since previous_date."
previous_date = "Session at whose close open_weight was valued."
known_at = "When all the weights of the session could be known (UTC)."

[assertions]
"weights are fractions" = "weight > 0 and weight <= 1 and open_weight > 0 and open_weight <= 1"
"an open weight has a return" = "(open_weight is null) = (price_return is null)"
*/
with valued as (
    select
        v.date, v.index_code, v.issuer, v.review, v.market_cap, v.close_value, c.known_at,
        case when c.has_return then v.open_value end as open_value,
        case when c.has_return then v.price_return end as price_return,
        case when c.has_return then v.previous_date end as previous_date
    from core.capped_value v
    join core.weight_coverage c
        on c.date = v.date and c.index_code = v.index_code and c.weight_scheme = 'capped'
    where c.is_covered and v.close_value is not null
), total as (
    select date, index_code,
        sum(close_value order by issuer) as close_value,
        sum(open_value order by issuer) as open_value
    from valued
    group by date, index_code
)
select
    v.date, v.index_code, v.issuer, v.review, v.market_cap,
    v.close_value / t.close_value as weight,
    v.open_value / t.open_value as open_weight,
    v.price_return, v.previous_date,
    v.known_at
from valued v
join total t using (date, index_code)
