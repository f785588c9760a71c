/*
doc = """
Weights by index shares solved from the newest published list, one row per member issuer of a covered session.
A session takes the list of the newest day before it that was published by 23:59:59 New York of the session, and none
older than 63 sessions. The index shares stand still from there, but for splits and members: a leaver's weight goes to the
others in proportion; a joiner that no list names yet enters with its share count in the scale of the list's median member.
A member that the list leaves out, or without a close on the list's day, has no weight until the next list. A session on
which the securities with a return hold less than 0.90 of the list has none at all.
"""
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Issuer with a member security on the list; its lines together."
list_date = "Session at whose close the list held."
market_cap = "Dollars at the close, the whole company's; NULL where it cannot be told."
weight = "Share of the index at the session's close; 0 to 1."
open_weight = "The weight the session opened with, at the last closes before it, over the members that have a return; 0 to 1."
price_return = "Return of the issuer's lines since previous_date, each by its weight."
previous_date = "Session at whose close open_weight was valued, the earliest one of several lines."
known_at = "When the list and all the weights of the session could be known (UTC)."

[promises]
"weights are fractions" = "weight > 0 and weight <= 1 and open_weight > 0 and open_weight <= 1 + 1e-12"
"an open weight has a return" = "(open_weight is null) = (price_return is null)"
"a list is older than the session" = "list_date < date"
*/
with list as (
    select
        index_code, list_date, published_on, position, known_at,
        sum(weight order by symbol) as list_weight,
        -- The scale in which a company's counted shares are index shares, for most of the list.
        median(index_shares / units) as scale
    from core.anchored_share a
    left join (select symbol, date as list_date, units from core.share_count) using (symbol, list_date)
    group by index_code, list_date, published_on, position, known_at
), chosen as (
    select c.date, c.known_at as covered_at, c.has_return, l.*
    from core.index_coverage c
    join staging.session s using (date)
    join list l
        on l.index_code = c.index_code
        and l.position between s.position - 63 and s.position - 1
        and l.known_at <= new_york(c.date, time '23:59:59')
    where c.is_covered
    qualify row_number() over (
        partition by c.index_code, c.date order by l.list_date desc, l.published_on desc
    ) = 1
), joiner as (
    select u.index_code, u.symbol, u.valid_from, c.units, c.known_at
    from staging.universe_member u
    asof join core.share_count c on c.symbol = u.symbol and c.date <= u.valid_from
), held as (
    select
        l.date, l.index_code, l.list_date, l.list_weight, m.symbol, m.issuer,
        a.weight as listed_weight,
        coalesce(a.index_shares, j.units * l.scale) as index_shares,
        greatest(l.covered_at, l.known_at, case when a.symbol is null then j.known_at end) as known_at,
        l.has_return
    from chosen l
    join core.index_member m on m.date = l.date and m.index_code = l.index_code
    left join core.anchored_share a
        on a.index_code = l.index_code and a.list_date = l.list_date and a.published_on = l.published_on
        and a.symbol = m.symbol
    left join joiner j
        on j.index_code = m.index_code and j.symbol = m.symbol and j.valid_from > l.list_date and j.valid_from <= l.date
), valued as (
    select
        h.*, p.price_return, p.previous_date, v.market_cap,
        h.index_shares * p.level as close_value,
        h.index_shares * (p.level / (1 + p.price_return)) as open_value,
        greatest(h.known_at, p.known_at, v.known_at) as priced_at
    from held h
    join core.security_price p on p.symbol = h.symbol and p.date = h.date
    left join core.issuer_value v on v.issuer = h.issuer and v.date = h.date
    where h.index_shares is not null
), total as (
    select
        date, index_code,
        sum(close_value order by symbol) as close_value,
        sum(open_value order by symbol) as open_value,
        coalesce(sum(listed_weight order by symbol) filter (open_value is not null), 0) >= 0.9 * any_value(list_weight)
            and any_value(has_return) as has_return,
        max(priced_at) as known_at
    from valued
    group by date, index_code
    having sum(listed_weight order by symbol) >= 0.9 * any_value(list_weight)
), company as (
    select
        date, index_code, issuer, any_value(list_date) as list_date, any_value(market_cap) as market_cap,
        sum(close_value order by symbol) as close_value,
        sum(open_value order by symbol) as open_value,
        -- A mean of one would lose the last digit of its only return.
        if(count(price_return) = 1, max(price_return),
           sum(open_value * price_return order by symbol) / sum(open_value order by symbol)) as price_return,
        min(previous_date) as previous_date
    from valued
    group by date, index_code, issuer
)
select
    c.date, c.index_code, c.issuer, c.list_date, c.market_cap,
    c.close_value / t.close_value as weight,
    case when t.has_return then c.open_value / t.open_value end as open_weight,
    case when t.has_return then c.price_return end as price_return,
    case when t.has_return then c.previous_date end as previous_date,
    t.known_at
from company c
join total t using (date, index_code)
