/*
doc = """
What the index shares solved from the newest published list are worth, one row per session with a list and member
security: also of one that is missing, with the value it was last known to have (core.weight_coverage). A session takes
the list of the newest day before it that was published by 23:59:59 New York of the session, and none older than 63
sessions. The index shares stand still from there, but for splits; a joiner that no list names yet enters with its share
count in the scale of the list's median member. A member that the list leaves out, or without a close on the list's day,
has no index shares until the next list: the list is not whole without it, and what its share count would be worth in
that scale is missing.
"""
grain = ["date", "index_code", "symbol"]

[columns]
date = "Session."
index_code = "Code of the universe."
symbol = "Member security."
issuer = "Its issuer: the company's primary line."
list_date = "Session at whose close the list held."
market_cap = "Dollars at the close, the whole company's; NULL where it cannot be told."
close_value = "Index shares x level (core.held_level) at the session's close; NULL without a close or index shares."
last_value = "Index shares (of a member the list leaves out, its count in the list's scale) x the newest level up to this session; NULL before the first."
open_value = "Index shares x the level at the last close before the session; NULL without a return."
price_return = "Return of the security since previous_date."
previous_date = "Session at whose close open_value was valued."
known_at = "When the list and these values could be known (UTC)."

[assertions]
"a value today is the last one" = "close_value is null or last_value is not distinct from close_value"
"an opening value has a return" = "(open_value is null) = (price_return is null)"
"a list is older than the session" = "list_date < date"
*/
with list as (
    select
        index_code, list_date, published_on, position, known_at,
        -- The scale in which a company's counted shares are index shares, for most of the list.
        median(index_shares / units) as scale
    from core.implied_index_shares a
    left join (select symbol, date as list_date, units from core.share_count) using (symbol, list_date)
    group by index_code, list_date, published_on, position, known_at
), chosen as (
    select c.date, l.*
    from (select distinct date, index_code from core.index_member) c
    join staging.session s using (date)
    join list l
        on l.index_code = c.index_code
        and l.position between s.position - 63 and s.position - 1
        and l.known_at <= new_york(c.date, time '23:59:59')
    qualify row_number() over (
        partition by c.index_code, c.date order by l.list_date desc, l.published_on desc
    ) = 1
), joiner as (
    select u.index_code, u.symbol, u.valid_from, c.units, c.known_at
    from staging.universe_member u
    asof join core.share_count c on c.symbol = u.symbol and c.date <= u.valid_from
), held as (
    select
        l.date, l.index_code, l.list_date, m.symbol, m.issuer,
        coalesce(a.index_shares, j.units * l.scale) as index_shares,
        c.units * l.scale as index_shares_left_out,
        greatest(l.known_at, case when a.symbol is null then greatest(j.known_at, c.known_at) end) as known_at
    from chosen l
    join core.index_member m on m.date = l.date and m.index_code = l.index_code
    left join core.implied_index_shares a
        on a.index_code = l.index_code and a.list_date = l.list_date and a.published_on = l.published_on
        and a.symbol = m.symbol
    left join joiner j
        on j.index_code = m.index_code and j.symbol = m.symbol and j.valid_from > l.list_date and j.valid_from <= l.date
    asof left join core.share_count c on c.symbol = m.symbol and c.date <= m.date
), valued as (
    select
        h.*, q.level, q.adjustment, k.level as last_level, p.price_return, p.previous_date, v.market_cap,
        greatest(h.known_at, p.known_at, q.known_at, k.known_at, v.known_at) as valued_at
    from held h
    left join core.security_price p on p.symbol = h.symbol and p.date = h.date
    left join core.held_level q on q.symbol = h.symbol and q.date = h.date
    asof left join core.held_level k on k.symbol = h.symbol and k.date <= h.date
    left join core.issuer_value v on v.issuer = h.issuer and v.date = h.date
)
select
    date, index_code, symbol, issuer, list_date, market_cap,
    index_shares * level as close_value,
    coalesce(index_shares, index_shares_left_out) * last_level as last_value,
    index_shares * (level / (1 + price_return)) * adjustment as open_value,
    case when index_shares is not null then price_return end as price_return,
    case when index_shares is not null then previous_date end as previous_date,
    valued_at as known_at
from valued
