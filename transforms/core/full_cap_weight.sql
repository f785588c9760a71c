/*
doc = "Weights by plain market capitalization, one row per member issuer of a covered session (core.weight_coverage)."
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Issuer with a member security that day, counted whole."
market_cap = "Dollars at the session's close; NULL without a close."
weight = "market_cap / that of all member issuers, at the session's close; 0 to 1."
open_weight = """\
The weight the session opened with: value at the last close before it, over the members that have a return; 0 to 1."""
price_return = "The issuer's return since previous_date; NULL on a session without returns."
previous_date = "Session at whose close open_weight was valued."
known_at = "When all the weights of the session could be known (UTC)."

[assertions]
"weights are fractions" = "weight > 0 and weight <= 1 and open_weight > 0 and open_weight <= 1"
"an open weight has a return" = "(open_weight is null) = (price_return is null)"
*/
with valued as (
    select
        full_cap_value.date, full_cap_value.index_code, full_cap_value.issuer, full_cap_value.close_value,
            weight_coverage.known_at,
        case when weight_coverage.has_return then full_cap_value.open_value end as open_value,
        case when weight_coverage.has_return then full_cap_value.price_return end as price_return,
        case when weight_coverage.has_return then full_cap_value.previous_date end as previous_date
    from core.full_cap_value
    join core.weight_coverage
        on weight_coverage.date = full_cap_value.date and weight_coverage.index_code = full_cap_value.index_code
            and weight_coverage.weight_scheme = 'full_cap'
    where weight_coverage.is_covered
        and (full_cap_value.close_value is not null or weight_coverage.has_return
            and full_cap_value.open_value is not null)
), total as (
    select date, index_code,
        sum(exact(close_value))::double as close_value,
        sum(exact(open_value))::double as open_value
    from valued
    group by date, index_code
)
select
    valued.date, valued.index_code, valued.issuer,
    valued.close_value as market_cap,
    valued.close_value / total.close_value as weight,
    valued.open_value / total.open_value as open_weight,
    valued.price_return,
    valued.previous_date,
    valued.known_at
from valued
join total using (date, index_code)
