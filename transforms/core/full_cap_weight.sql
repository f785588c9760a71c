/*
doc = "Weights by plain market capitalisation, one row per member issuer of a covered session (core.index_coverage)."
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Issuer with a member security that day, counted whole."
market_cap = "Dollars at the session's close; NULL without a close."
weight = "market_cap / that of all member issuers, at the session's close; 0 to 1."
open_weight = "The weight the session opened with: value at the last close before it, over the members that have a return; 0 to 1."
price_return = "The issuer's return since previous_date; NULL on a session without returns."
previous_date = "Session at whose close open_weight was valued."
known_at = "When all the weights of the session could be known (UTC)."

[promises]
"weights are fractions" = "weight > 0 and weight <= 1 and open_weight > 0 and open_weight <= 1"
"an open weight has a return" = "(open_weight is null) = (price_return is null)"
*/
with member as (
    select distinct date, index_code, issuer from core.index_member
), valued as (
    select
        m.date, m.index_code, m.issuer,
        v.market_cap,
        case when c.has_return then v.open_market_cap end as open_market_cap,
        case when c.has_return then v.price_return end as price_return,
        case when c.has_return then v.previous_date end as previous_date,
        greatest(v.known_at, c.known_at) as known_at
    from member m
    join core.index_coverage c using (date, index_code)
    join core.issuer_value v on v.issuer = m.issuer and v.date = m.date
    where c.is_covered and (v.market_cap is not null or c.has_return)
), total as (
    select date, index_code,
        sum(market_cap order by issuer) as market_cap,
        sum(open_market_cap order by issuer) as open_market_cap,
        max(known_at) as known_at
    from valued
    group by date, index_code
)
select
    v.date, v.index_code, v.issuer,
    v.market_cap,
    v.market_cap / t.market_cap as weight,
    v.open_market_cap / t.open_market_cap as open_weight,
    v.price_return,
    v.previous_date,
    t.known_at
from valued v
join total t using (date, index_code)
