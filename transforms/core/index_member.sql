/*
doc = """
Members of each universe by session and security, with what is known of them that day, from the first session with a
member's close to the last one with a close of a member or of the published index.
"""
grain = ["date", "index_code", "symbol"]

[columns]
date = "Session."
index_code = "Code of the universe."
symbol = "Member security."
issuer = "Its issuer: the company's primary line."
is_priced = "Whether it has a close and shares in force that session."
price_return = "Return since its last close within five sessions; NULL without one."
is_above_50d = "Close above the mean of its last 50 sessions' closes, split-free; NULL under 45 of them."
is_above_200d = "The same over 200 sessions; NULL under 180 closes."
is_new_high_252d = "Close above every earlier one of the last 252 sessions, split-free; NULL under 227 closes."
is_new_low_252d = "Close below every earlier one of the last 252 sessions, split-free; NULL under 227 closes."
known_at = "When the security's figures, or that its bar is held, could be known (UTC); NULL without a bar."

[assertions]
"a priced member has the moment it was known" = "not is_priced or known_at is not null"
*/
with closed as (
    select universe_member.index_code, security_price.date
    from staging.universe_member
    join core.security_price
        on security_price.symbol = universe_member.symbol
        and security_price.date >= universe_member.valid_from
            and (universe_member.valid_to is null or security_price.date < universe_member.valid_to)
    where exists (from core.share_count where share_count.symbol = security_price.symbol
        and share_count.date = security_price.date)
), span as (
    select index_code, min(closed.date) as first, greatest(max(closed.date), max(last_close.last)) as last
    from closed
    join staging.universe using (index_code)
    left join (select symbol, max(date) as last from core.index_level group by symbol) last_close
        on last_close.symbol = universe.published_index
    group by index_code
)
select
    session.date,
    universe_member.index_code,
    universe_member.symbol,
    coalesce(instrument.issuer, universe_member.symbol) as issuer,
    security_price.close is not null and share_count.shares_in_force is not null as is_priced,
    security_price.price_return,
    security_breadth.is_above_50d,
    security_breadth.is_above_200d,
    security_breadth.is_new_high_252d,
    security_breadth.is_new_low_252d,
    case when security_price.close is not null
        then greatest(security_price.known_at, security_breadth.known_at, share_count.known_at)
        else price_bar_held.known_at end as known_at
from staging.universe_member
join span using (index_code)
join staging.session
    on session.date between span.first and span.last
    and session.date >= universe_member.valid_from
        and (universe_member.valid_to is null or session.date < universe_member.valid_to)
left join staging.instrument on instrument.symbol = universe_member.symbol
left join core.security_price on security_price.symbol = universe_member.symbol and security_price.date = session.date
left join core.price_bar_held on price_bar_held.symbol = universe_member.symbol and price_bar_held.date = session.date
left join core.share_count on share_count.symbol = universe_member.symbol and share_count.date = session.date
left join core.security_breadth on security_breadth.symbol = universe_member.symbol
    and security_breadth.date = session.date
