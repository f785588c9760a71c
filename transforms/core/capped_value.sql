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
close_value = """\
Index shares x level (core.held_level) at the session's close; NULL without a close, or before the index shares are \
known."""
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
        member.date, member.index_code, member.issuer, index_rebalance.review, session.position,
        index_shares.index_shares, index_shares.counted_position, index_shares.known_at
    from member
    join staging.session using (date)
    asof join core.index_rebalance on index_rebalance.index_code = member.index_code
        and index_rebalance.effective_date <= member.date
    left join core.index_shares
        on index_shares.index_code = member.index_code and index_shares.review = index_rebalance.review
            and index_shares.issuer = member.issuer and index_shares.counted_position <= session.position
), valued as (
    select
        shared.date, shared.index_code, shared.issuer, shared.review, issuer_value.market_cap, shared.index_shares,
        close_level.level, close_level.adjustment, newest_level.level as last_level, issuer_value.price_return,
            issuer_value.previous_date,
        greatest(shared.known_at, close_level.known_at, newest_level.known_at, issuer_value.known_at,
            index_rebalance.known_at) as known_at
    from shared
    join core.index_rebalance using (index_code, review)
    left join core.held_level close_level on close_level.symbol = shared.issuer and close_level.date = shared.date
    asof left join core.held_level newest_level on newest_level.symbol = shared.issuer
        and newest_level.date <= shared.date
    left join core.issuer_value on issuer_value.issuer = shared.issuer and issuer_value.date = shared.date
        and shared.counted_position < shared.position
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
