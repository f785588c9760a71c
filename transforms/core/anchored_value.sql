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
last_value = """\
Index shares (of a member the list leaves out, its count in the list's scale) x the newest level up to this session; \
NULL before the first."""
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
    from core.implied_index_shares
    left join (select symbol, date as list_date, units from core.share_count) using (symbol, list_date)
    group by index_code, list_date, published_on, position, known_at
), list_in_force as (
    select covered_day.date, list.*
    from (select distinct date, index_code from core.index_member) covered_day
    join staging.session using (date)
    join list
        on list.index_code = covered_day.index_code
        and list.position between session.position - 63 and session.position - 1
        and list.known_at <= new_york(covered_day.date, time '23:59:59')
    qualify row_number() over (
        partition by covered_day.index_code, covered_day.date order by list.list_date desc, list.published_on desc
    ) = 1
), joiner as (
    select universe_member.index_code, universe_member.symbol, universe_member.valid_from, share_count.units,
        share_count.known_at
    from staging.universe_member
    asof join core.share_count on share_count.symbol = universe_member.symbol
        and share_count.date <= universe_member.valid_from
), member_index_shares as (
    select
        list_in_force.date, list_in_force.index_code, list_in_force.list_date, index_member.symbol, index_member.issuer,
        coalesce(implied_index_shares.index_shares, joiner.units * list_in_force.scale) as index_shares,
        share_count.units * list_in_force.scale as index_shares_left_out,
        greatest(list_in_force.known_at, case when implied_index_shares.symbol is null
            then greatest(joiner.known_at, share_count.known_at) end) as known_at
    from list_in_force
    join core.index_member on index_member.date = list_in_force.date
        and index_member.index_code = list_in_force.index_code
    left join core.implied_index_shares
        on implied_index_shares.index_code = list_in_force.index_code
            and implied_index_shares.list_date = list_in_force.list_date
                and implied_index_shares.published_on = list_in_force.published_on
        and implied_index_shares.symbol = index_member.symbol
    left join joiner
        on joiner.index_code = index_member.index_code and joiner.symbol = index_member.symbol
            and joiner.valid_from > list_in_force.list_date and joiner.valid_from <= list_in_force.date
    asof left join core.share_count on share_count.symbol = index_member.symbol
        and share_count.date <= index_member.date
), valued as (
    select
        member_index_shares.*, close_level.level, close_level.adjustment, last_level.level as last_level,
            security_price.price_return, security_price.previous_date, issuer_value.market_cap,
        greatest(member_index_shares.known_at, security_price.known_at, close_level.known_at, last_level.known_at,
            issuer_value.known_at) as valued_at
    from member_index_shares
    left join core.security_price on security_price.symbol = member_index_shares.symbol
        and security_price.date = member_index_shares.date
    left join core.held_level close_level on close_level.symbol = member_index_shares.symbol
        and close_level.date = member_index_shares.date
    asof left join core.held_level last_level on last_level.symbol = member_index_shares.symbol
        and last_level.date <= member_index_shares.date
    left join core.issuer_value on issuer_value.issuer = member_index_shares.issuer
        and issuer_value.date = member_index_shares.date
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
