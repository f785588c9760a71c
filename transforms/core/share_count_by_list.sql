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
    select a.index_code, a.list_date, a.published_on, a.symbol, a.index_shares, c.feed_units,
        greatest(a.known_at, c.known_at) as known_at
    from core.implied_index_shares a
    asof left join core.share_count_spell c on c.symbol = a.symbol and c.first_position <= a.position
), scaled as (
    select index_code, list_date, published_on, symbol,
        index_shares / median(index_shares / feed_units) over lists as list_units,
        max(known_at) over lists as known_at
    from listed
    window lists as (partition by index_code, list_date, published_on)
), told as (
    select k.*, s.position
    from scaled k
    asof join staging.session s on s.known_at >= k.known_at
    where k.list_units is not null
    qualify row_number() over (
        partition by k.symbol, s.position order by k.list_date desc, k.published_on desc, k.index_code
    ) = 1
)
select symbol, position, list_date, list_units,
    0.93 * list_units as low_units,
    1.07 * list_units as high_units,
    known_at
from told
