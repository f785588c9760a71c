/*
doc = """
What contradicts a count, beside the feed's own history: the company's own statement, a merger, the published lists, the
published index. A bound has a row only where it contradicts a count that the feed has reported by then.
Absence of evidence proves nothing.
"""
grain = ["symbol", "position", "kind"]

[columns]
symbol = "Ticker."
position = "Number of the session on which it could be known."
kind = """\
stated: the company's own count; merger: a company it took over; list: the published lists of weights; index: the \
published return."""
last_position = """\
Number of the last session it speaks on: 126 sessions of a statement or a merger, 63 of a list, 21 of the index."""
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
    select stated_share_count.symbol, session.position,
        stated_share_count.shares_outstanding / coalesce(split_kind.count_product, 1) as units,
        greatest(stated_share_count.known_at, split_kind.known_at) as known_at
    from staging.stated_share_count
    asof left join core.split_kind on split_kind.symbol = stated_share_count.symbol
        and split_kind.date <= stated_share_count.date
    asof join staging.session on session.known_at >= stated_share_count.known_at
    left join staging.instrument on instrument.symbol = stated_share_count.symbol
    where coalesce(instrument.issuer, stated_share_count.symbol) not in (from several)
    qualify row_number() over (partition by stated_share_count.symbol,
        session.position order by stated_share_count.date desc) = 1
), evidence as (
    select symbol, position, 'stated' as kind, 126 as sessions, 0.93 * units as low_units, 1.07 * units as high_units,
        known_at
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
select evidence.symbol, evidence.position, evidence.kind, evidence.position + evidence.sessions - 1 as last_position,
    evidence.low_units, evidence.high_units, evidence.known_at
from evidence
asof join met on met.symbol = evidence.symbol and met.first_position <= evidence.position
where met.smallest < evidence.low_units or met.largest > evidence.high_units
