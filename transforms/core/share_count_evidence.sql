/*
doc = """
What contradicts a count, beside the feed's own history: the company's own statement, a merger, the published lists, the
published index. A bound is said only where it contradicts something that the feed has said of the security by then.
Absence of evidence proves nothing.
"""
grain = ["symbol", "position", "kind"]

[columns]
symbol = "Ticker."
position = "Number of the session on which it could be known."
kind = "stated: the company's own count; merger: a company it took over; list: the published lists of weights; index: the published return."
last_position = "Number of the last session it speaks on: 126 sessions of a statement or a merger, 63 of a list, 21 of the index."
low_units = "Fewer units than these contradict it."
high_units = "More units than these contradict it."
known_at = "When it could be known (UTC)."

[assertions]
"a kind we know" = "kind in ('stated', 'merger', 'list', 'index')"
"bounds are in order" = "0 <= low_units and low_units < high_units"
"it speaks from its own session on" = "last_position > position"
*/
with several as (
    select issuer
    from staging.instrument
    where kind = 'stock'
    group by issuer
    having count(*) > 1
), stated as (
    select c.symbol, s.position,
        c.shares_outstanding / coalesce(k.count_product, 1) as units,
        greatest(c.known_at, k.known_at) as known_at
    from staging.stated_share_count c
    asof left join core.split_kind k on k.symbol = c.symbol and k.date <= c.date
    asof join staging.session s on s.known_at >= c.known_at
    left join staging.instrument i on i.symbol = c.symbol
    where coalesce(i.issuer, c.symbol) not in (from several)
    qualify row_number() over (partition by c.symbol, s.position order by c.date desc) = 1
), evidence as (
    select symbol, position, 'stated' as kind, 126 as sessions, 0.93 * units as low_units, 1.07 * units as high_units, known_at
    from stated
    union all
    select symbol, position, 'merger', 126, low_units, high_units, known_at
    from core.share_count_by_merger
    union all
    select symbol, position, 'list', 63, low_units, high_units, known_at
    from core.share_count_by_list
    union all
    select symbol, position, 'index', 21, low_units, high_units, known_at
    from core.share_count_by_index
), met as (
    select symbol, first_position,
        min(feed_units) over said as smallest,
        max(feed_units) over said as largest
    from core.share_count_spell
    window said as (partition by symbol order by number)
)
select e.symbol, e.position, e.kind, e.position + e.sessions - 1 as last_position, e.low_units, e.high_units, e.known_at
from evidence e
asof join met m on m.symbol = e.symbol and m.first_position <= e.position
where m.smallest < e.low_units or m.largest > e.high_units
