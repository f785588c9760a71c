/*
doc = """
What each issuer added to an index's return, one row per session, index, weighting and issuer with an open weight.
The contributions of a session add up to marts.concentration_daily.index_return.
"""
grain = ["date", "index_code", "weight_scheme", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe, NDX for the Nasdaq-100."
weight_scheme = """\
How the universe is weighted: full_cap (plain market capitalization), capped (index shares by the published rules) or \
anchored (index shares solved from the newest published list of weights)."""
issuer = "Member issuer, named by its primary line; several classes of one company are one issuer."
open_weight = "Weight at the last close before the session, over the members that have a return; 0 to 1."
price_return = "Return since that close, without dividends; over all the sessions since when the feed dropped some."
contribution = "open_weight x price_return: part of the index's return."
tier = "Basket of role tier that holds a line of the issuer that day, the first in the expected order; NULL for none."
sector = "GICS sector of the issuer's primary line; unclassified where the catalog has none."
share_count_age_sessions = """\
Sessions since the issuer's share count in force was first reported, of its oldest member line; a count over 273 sessions \
old (13 months) is a signal (marts.signal_daily). NULL without a count."""
rank = "Place by contribution, 1 is the largest gain and the last place the largest loss; ties by issuer."
known_at = "When all contributions of the session could be known (UTC)."

[assertions]
"weights are fractions" = "open_weight > 0 and open_weight <= 1"
"a contribution is weight times return" = "contribution = open_weight * price_return"
"ranks count from one" = "rank >= 1"
"every issuer has a sector" = "sector is not null"
"a count is not younger than its report" = "share_count_age_sessions >= 0"
*/
with tier as (
    select session.date, instrument.issuer, arg_min(basket.basket, basket.position) as tier
    from staging.basket
    join staging.basket_member using (basket)
    join staging.instrument on instrument.symbol = basket_member.symbol
    join staging.session on session.date >= basket_member.valid_from
        and (basket_member.valid_to is null or session.date < basket_member.valid_to)
    where basket.role = 'tier'
    group by session.date, instrument.issuer
), counted as (
    select index_member.date, index_member.index_code, index_member.issuer,
        max(share_count.count_age_sessions) as age_sessions, max(share_count.known_at) as known_at
    from core.index_member
    join core.share_count on share_count.symbol = index_member.symbol and share_count.date = index_member.date
    group by index_member.date, index_member.index_code, index_member.issuer
)
select
    index_weight.date,
    index_weight.index_code,
    index_weight.weight_scheme,
    index_weight.issuer,
    index_weight.open_weight,
    index_weight.price_return,
    index_weight.open_weight * index_weight.price_return as contribution,
    tier.tier,
    coalesce(instrument.gics_sector, 'unclassified') as sector,
    counted.age_sessions as share_count_age_sessions,
    row_number() over (
        partition by index_weight.date, index_weight.index_code, index_weight.weight_scheme
        order by index_weight.open_weight * index_weight.price_return desc, index_weight.issuer
    )::integer as rank,
    greatest(index_weight.known_at, counted.known_at) as known_at
from core.index_weight
left join counted on counted.date = index_weight.date and counted.index_code = index_weight.index_code
    and counted.issuer = index_weight.issuer
left join staging.instrument on instrument.symbol = index_weight.issuer
left join tier on tier.date = index_weight.date and tier.issuer = index_weight.issuer
where index_weight.open_weight is not null
