/*
doc = """
How many shares the published lists let a company have. Index shares over the feed's units are one number for most of a
list (its median); through it each member's index shares become units. An index never holds more than a company has, so
fewer units contradict the list. It may hold less (limits, lines that are not listed, receipts), so more units
contradict it only beside a count that it meets.
"""
grain = ["symbol", "position"]

[columns]
symbol = "Security on the list."
position = "Number of the first session that had closed when the list was known."
list_date = "Session at whose close the list holds."
list_units = "Index shares / the list's median of index shares over the feed's units."
low_units = "list_units less 7 %: rounding, and a count that is a quarter old."
high_units = "list_units and 7 %."
known_at = "When the list, the closes and the counts used could be known (UTC)."

[assertions]
"bounds are in order" = "0 < low_units and low_units < high_units"
*/
with listed as (
    select implied_index_shares.index_code, implied_index_shares.list_date, implied_index_shares.published_on,
        implied_index_shares.symbol, implied_index_shares.index_shares, share_count_spell.feed_units,
        greatest(implied_index_shares.known_at, share_count_spell.known_at) as known_at
    from core.implied_index_shares
    asof left join core.share_count_spell on share_count_spell.symbol = implied_index_shares.symbol
        and share_count_spell.first_position <= implied_index_shares.position
), scaled as (
    select index_code, list_date, published_on, symbol,
        index_shares / median(index_shares / feed_units) over lists as list_units,
        max(known_at) over lists as known_at
    from listed
    window lists as (partition by index_code, list_date, published_on)
), listed_share_count as (
    select scaled.*, session.position
    from scaled
    asof join staging.session on session.known_at >= scaled.known_at
    where scaled.list_units is not null
    qualify row_number() over (
        partition by scaled.symbol, session.position order by scaled.list_date desc, scaled.published_on desc,
            scaled.index_code
    ) = 1
)
select symbol, position, list_date, list_units,
    0.93 * list_units as low_units,
    1.07 * list_units as high_units,
    known_at
from listed_share_count
