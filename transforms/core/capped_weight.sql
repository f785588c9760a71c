/*
doc = """
Weights by the index shares of the published rules (core.capped_share), one row per member issuer of a covered session.
Between rebalances the shares stand still, but for splits; a leaver's weight goes to the others in proportion.
"""
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Member issuer with index shares, at its primary line's close."
review = "Number of the rebalance in force (core.capped_review)."
market_cap = "Dollars at the close, the whole company's; NULL where it cannot be told."
weight = "Share of the index at the session's close; 0 to 1; NULL without a close."
open_weight = "The weight the session opened with, at the last closes before it, over the members that have a return; 0 to 1."
price_return = "The issuer's return since previous_date."
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
        m.date, m.index_code, m.issuer, r.review, v.market_cap,
        h.index_shares * p.level as close_value,
        case when c.has_return then h.index_shares * (p.level / (1 + v.price_return)) end as open_value,
        case when c.has_return then v.price_return end as price_return,
        case when c.has_return then v.previous_date end as previous_date,
        greatest(c.known_at, h.known_at, p.known_at, v.known_at) as known_at
    from member m
    join core.index_coverage c using (date, index_code)
    join staging.session s using (date)
    asof join core.capped_review r on r.index_code = m.index_code and r.effective_date <= m.date
    join core.capped_share h on h.index_code = r.index_code and h.review = r.review and h.issuer = m.issuer
    join core.security_price p on p.symbol = m.issuer and p.date = m.date
    left join core.issuer_value v on v.issuer = m.issuer and v.date = m.date and h.counted_position < s.position
    where c.is_covered and h.counted_position <= s.position
), total as (
    select date, index_code,
        sum(close_value order by issuer) as close_value,
        sum(open_value order by issuer) as open_value,
        max(known_at) as known_at
    from valued
    group by date, index_code
)
select
    v.date, v.index_code, v.issuer, v.review, v.market_cap,
    v.close_value / t.close_value as weight,
    v.open_value / t.open_value as open_weight,
    v.price_return, v.previous_date,
    t.known_at
from valued v
join total t using (date, index_code)
