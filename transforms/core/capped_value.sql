/*
doc = """
What the index shares of the published rules (core.index_shares) are worth, one row per session from the first rebalance
on and member issuer: also of one that is missing, with the value it was last known to have (core.weight_coverage).
"""
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Member issuer, at its primary line's close."
review = "Number of the rebalance in force (core.index_rebalance)."
market_cap = "Dollars at the close, the whole company's; NULL where it cannot be told."
close_value = "Index shares x level (core.held_level) at the session's close; NULL without a close, or before the index shares are known."
last_value = "Index shares x the newest level up to this session; NULL before both are known."
open_value = "Index shares x the level at the last close before the session; NULL without a return."
price_return = "The issuer's return since previous_date."
previous_date = "Session at whose close open_value was valued."
known_at = "When these values could be known (UTC)."

[assertions]
"a value today is the last one" = "close_value is null or last_value is not distinct from close_value"
"an opening value has a return" = "(open_value is null) = (price_return is null)"
*/
with member as (
    select distinct date, index_code, issuer from core.index_member
), shared as (
    select
        m.date, m.index_code, m.issuer, r.review, s.position,
        h.index_shares, h.counted_position, h.known_at
    from member m
    join staging.session s using (date)
    asof join core.index_rebalance r on r.index_code = m.index_code and r.effective_date <= m.date
    left join core.index_shares h
        on h.index_code = m.index_code and h.review = r.review and h.issuer = m.issuer and h.counted_position <= s.position
), valued as (
    select
        h.date, h.index_code, h.issuer, h.review, v.market_cap, h.index_shares,
        p.level, p.adjustment, l.level as last_level, v.price_return, v.previous_date,
        greatest(h.known_at, p.known_at, l.known_at, v.known_at, r.known_at) as known_at
    from shared h
    join core.index_rebalance r using (index_code, review)
    left join core.held_level p on p.symbol = h.issuer and p.date = h.date
    asof left join core.held_level l on l.symbol = h.issuer and l.date <= h.date
    left join core.issuer_value v on v.issuer = h.issuer and v.date = h.date and h.counted_position < h.position
)
select
    date, index_code, issuer, review, market_cap,
    index_shares * level as close_value,
    index_shares * last_level as last_value,
    index_shares * (level / (1 + price_return)) * adjustment as open_value,
    case when index_shares * level is not null then price_return end as price_return,
    case when index_shares * level is not null then previous_date end as previous_date,
    known_at
from valued
