/*
doc = """
What the feed says of a security's count, as spells: a spell is a row of sessions on which the same count, splits and
nearness to a split hold, so that they must be judged alike; it lasts until the next one. Counts are compared in split-neutral units: count / product of the
splits up to the session (core.split_kind).
"""
grain = ["symbol", "number"]

[columns]
symbol = "Ticker."
number = "Number of the spell, 1 for the one that begins with the security's first count."
first_position = "Number of its first session."
count_date = "Day the feed dates the count."
said_position = "Number of the session on which the count was first said."
feed_count = "Shares the feed says."
split_product = "Product of the splits up to the spell: shares that one original share became."
feed_units = "feed_count / split_product."
recent_split = "Ratio of the split whose ex-date is one of the last six sessions; NULL without one."
recent_adjustment = "Ratio of such a price adjustment (core.split_kind); NULL without one."
changes = "How often the feed changed its units by over 4 % in the 21 sessions up to the first one, splits left out."
earlier_share = "Part of the 42 sessions before on which the feed's units were within 4 % of these, 0 to 1; NULL under 3 changes."
known_at = "When its first session had closed, and the count, and the split it may be compared by, could be known (UTC)."

[assertions]
"units are positive" = "feed_units > 0"
"a count is said before it is carried on" = "said_position <= first_position"
*/
with said as (
    select c.symbol, s.position, c.date as count_date, c.shares_outstanding, c.known_at
    from staging.shares_outstanding c
    asof join staging.session s on c.date <= s.date
    qualify row_number() over (partition by c.symbol, s.position order by c.date desc) = 1
), event as (
    select k.symbol, s.position, k.ratio, k.kind, k.count_product, k.known_at
    from core.split_kind k
    asof join staging.session s on k.date <= s.date
    qualify row_number() over (partition by k.symbol, s.position order by k.date desc) = 1
), life as (
    select c.symbol, min(c.position) as first_position,
        coalesce(max(z.position), (select max(position) from staging.session)) as last_position
    from said c
    left join staging.instrument i on i.symbol = c.symbol
    asof left join staging.session z on z.date <= i.until
    group by c.symbol
), boundary as (
    select symbol, position from said
    union
    select symbol, unnest([position, position + 6]) from event
), spell as (
    select b.symbol,
        row_number() over spells as number,
        b.position as first_position,
        coalesce(lead(b.position) over spells - 1, l.last_position) as last_position
    from boundary b
    join life l using (symbol)
    where b.position between l.first_position and l.last_position
    window spells as (partition by b.symbol order by b.position)
), compared as (
    select p.*, c.count_date, c.position as said_position, c.shares_outstanding as feed_count,
        coalesce(e.count_product, 1) as split_product,
        c.shares_outstanding / coalesce(e.count_product, 1) as feed_units,
        case when p.first_position - e.position <= 5 and e.kind = 'split' then e.ratio end as recent_split,
        case when p.first_position - e.position <= 5 and e.kind = 'price_adjustment' then e.ratio end as recent_adjustment,
        greatest(s.known_at, c.known_at,
                 case when p.first_position - e.position <= 5 or e.position > c.position then e.known_at end) as known_at
    from spell p
    join staging.session s on s.position = p.first_position
    asof join said c on c.symbol = p.symbol and c.position <= p.first_position
    asof left join event e on e.symbol = p.symbol and e.position <= p.first_position
), moved as (
    select *, coalesce(recent_split is null and lag(recent_split) over spells is null
        and abs(ln(feed_units / lag(feed_units) over spells)) > ln(1.04), false) as is_change
    from compared
    window spells as (partition by symbol order by number)
), counted as (
    select *, count(*) filter (is_change) over (
        partition by symbol order by first_position range between 20 preceding and current row
    ) as changes
    from moved
), earlier as (
    select n.symbol, n.number,
        coalesce(sum(least(o.last_position, n.first_position - 1) - greatest(o.first_position, n.first_position - 42) + 1)
            filter (o.number is not null), 0) / 42 as share
    from counted n
    left join counted o
        on o.symbol = n.symbol and o.first_position < n.first_position and o.last_position >= n.first_position - 42
        and abs(ln(o.feed_units / n.feed_units)) <= ln(1.04)
    where n.changes >= 3
    group by n.symbol, n.number
)
select c.symbol, c.number, c.first_position, c.count_date, c.said_position, c.feed_count, c.split_product,
    c.feed_units, c.recent_split, c.recent_adjustment, c.changes, e.share as earlier_share, c.known_at
from counted c
left join earlier e using (symbol, number)
