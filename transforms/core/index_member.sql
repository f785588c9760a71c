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
"a priced member says when it was known" = "not is_priced or known_at is not null"
*/
with closed as (
    select u.index_code, p.date
    from staging.universe_member u
    join core.security_price p
        on p.symbol = u.symbol
        and p.date >= u.valid_from and (u.valid_to is null or p.date < u.valid_to)
    where exists (from core.share_count c where c.symbol = p.symbol and c.date = p.date)
), span as (
    select index_code, min(c.date) as first, greatest(max(c.date), max(l.last)) as last
    from closed c
    join staging.universe u using (index_code)
    left join (select symbol, max(date) as last from core.index_level group by symbol) l on l.symbol = u.published_index
    group by index_code
)
select
    s.date,
    u.index_code,
    u.symbol,
    coalesce(i.issuer, u.symbol) as issuer,
    p.close is not null and c.shares_in_force is not null as is_priced,
    p.price_return,
    b.is_above_50d,
    b.is_above_200d,
    b.is_new_high_252d,
    b.is_new_low_252d,
    case when p.close is not null then greatest(p.known_at, b.known_at, c.known_at)
        else h.known_at end as known_at
from staging.universe_member u
join span using (index_code)
join staging.session s
    on s.date between span.first and span.last
    and s.date >= u.valid_from and (u.valid_to is null or s.date < u.valid_to)
left join staging.instrument i on i.symbol = u.symbol
left join core.security_price p on p.symbol = u.symbol and p.date = s.date
left join core.price_bar_held h on h.symbol = u.symbol and h.date = s.date
left join core.share_count c on c.symbol = u.symbol and c.date = s.date
left join core.security_breadth b on b.symbol = u.symbol and b.date = s.date
