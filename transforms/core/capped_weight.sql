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
open_weight = """\
The weight the session opened with, at the last closes before it, over the members that have a return; 0 to 1."""
price_return = "The issuer's return since previous_date."
previous_date = "Session at whose close open_weight was valued."
known_at = "When all the weights of the session could be known (UTC)."

[assertions]
"weights are fractions" = "weight > 0 and weight <= 1 and open_weight > 0 and open_weight <= 1"
"an open weight has a return" = "(open_weight is null) = (price_return is null)"
*/
with valued as (
    select
        capped_value.date, capped_value.index_code, capped_value.issuer, capped_value.review, capped_value.market_cap,
            capped_value.close_value, weight_coverage.known_at,
        case when weight_coverage.has_return then capped_value.open_value end as open_value,
        case when weight_coverage.has_return then capped_value.price_return end as price_return,
        case when weight_coverage.has_return then capped_value.previous_date end as previous_date
    from core.capped_value
    join core.weight_coverage
        on weight_coverage.date = capped_value.date and weight_coverage.index_code = capped_value.index_code
            and weight_coverage.weight_scheme = 'capped'
    where weight_coverage.is_covered and capped_value.close_value is not null
), total as (
    select date, index_code,
        sum(exact(close_value))::double as close_value,
        sum(exact(open_value))::double as open_value
    from valued
    group by date, index_code
)
select
    valued.date, valued.index_code, valued.issuer, valued.review, valued.market_cap,
    valued.close_value / total.close_value as weight,
    valued.open_value / total.open_value as open_weight,
    valued.price_return, valued.previous_date,
    valued.known_at
from valued
join total using (date, index_code)
