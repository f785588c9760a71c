/*
doc = """
What each issuer added to an index's return, one row per session, index, weighting and issuer with an open weight.
The contributions of a session add up to marts.concentration_daily.index_return.
"""
grain = ["date", "index_code", "weight_scheme", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe, NDX for the Nasdaq-100."
weight_scheme = "How the universe is weighted: full_cap (plain market capitalisation), capped (index shares by the published rules) or anchored (index shares solved from the newest published list of weights)."
issuer = "Member issuer, named by its primary line; several classes of one company are one issuer."
open_weight = "Weight at the last close before the session, over the members that have a return; 0 to 1."
price_return = "Return since that close, without dividends; over all the sessions since when the feed dropped some."
contribution = "open_weight x price_return: part of the index's return."
tier = "Basket of role tier that holds a line of the issuer that day, the first in the expected order; NULL for none."
sector = "GICS sector of the issuer's primary line; unclassified where the catalog has none."
share_count_age_sessions = "Sessions since the issuer's share count in force was first said, of its oldest member line; a count over 273 sessions old (13 months) is a signal (marts.signal_daily). NULL without a count."
rank = "Place by contribution, 1 is the largest gain and the last place the largest loss; ties by issuer."
known_at = "When all contributions of the session could be known (UTC)."

[assertions]
"weights are fractions" = "open_weight > 0 and open_weight <= 1"
"a contribution is weight times return" = "contribution = open_weight * price_return"
"ranks count from one" = "rank >= 1"
"every issuer has a sector" = "sector is not null"
"a count is not younger than its saying" = "share_count_age_sessions >= 0"
*/
with tier as (
    select s.date, i.issuer, arg_min(b.basket, b.position) as tier
    from staging.basket b
    join staging.basket_member m using (basket)
    join staging.instrument i on i.symbol = m.symbol
    join staging.session s on s.date >= m.valid_from and (m.valid_to is null or s.date < m.valid_to)
    where b.role = 'tier'
    group by s.date, i.issuer
), counted as (
    select m.date, m.index_code, m.issuer, max(c.count_age_sessions) as age_sessions, max(c.known_at) as known_at
    from core.index_member m
    join core.share_count c on c.symbol = m.symbol and c.date = m.date
    group by m.date, m.index_code, m.issuer
)
select
    w.date,
    w.index_code,
    w.weight_scheme,
    w.issuer,
    w.open_weight,
    w.price_return,
    w.open_weight * w.price_return as contribution,
    t.tier,
    coalesce(i.gics_sector, 'unclassified') as sector,
    c.age_sessions as share_count_age_sessions,
    row_number() over (
        partition by w.date, w.index_code, w.weight_scheme
        order by w.open_weight * w.price_return desc, w.issuer
    )::integer as rank,
    greatest(w.known_at, c.known_at) as known_at
from core.index_weight w
left join counted c on c.date = w.date and c.index_code = w.index_code and c.issuer = w.issuer
left join staging.instrument i on i.symbol = w.issuer
left join tier t on t.date = w.date and t.issuer = w.issuer
where w.open_weight is not null
