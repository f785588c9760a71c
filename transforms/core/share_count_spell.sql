/*
doc = """
The counts that the feed reports for a security, as spells: a spell is a row of sessions on which the same count, splits and
nearness to a split hold, so that they must be judged alike; it lasts until the next one. Counts are compared in
split-neutral units: count / product of the
splits up to the session (core.split_kind).
"""
grain = ["symbol", "number"]

[columns]
symbol = "Ticker."
number = "Number of the spell, 1 for the one that begins with the security's first count."
first_position = "Number of its first session."
count_date = "Day the feed dates the count."
said_position = "Number of the session on which the count was first reported."
feed_count = "Shares reported by the feed."
split_product = "Product of the splits up to the spell: shares that one original share became."
feed_units = "feed_count / split_product."
recent_split = "Ratio of the split whose ex-date is one of the last six sessions; NULL without one."
recent_adjustment = "Ratio of such a price adjustment (core.split_kind); NULL without one."
changes = "How often the feed changed its units by over 4 % in the 21 sessions up to the first one, splits left out."
earlier_share = """\
Part of the 42 sessions before on which the feed's units were within 4 % of these, 0 to 1; NULL under 3 changes."""
known_at = "When its first session had closed, and the count, and the split it may be compared by, could be known (UTC)."

[assertions]
"units are positive" = "feed_units > 0"
"a count is reported before it is carried on" = "said_position <= first_position"
*/
with reported_share_count as (
    select shares_outstanding.symbol, session.position, shares_outstanding.date as count_date,
        shares_outstanding.shares_outstanding, shares_outstanding.known_at
    from staging.shares_outstanding
    asof join staging.session on shares_outstanding.date <= session.date
    qualify row_number() over (partition by shares_outstanding.symbol,
        session.position order by shares_outstanding.date desc) = 1
), event as (
    select split_kind.symbol, session.position, split_kind.ratio, split_kind.kind, split_kind.count_product,
        split_kind.known_at
    from core.split_kind
    asof join staging.session on split_kind.date <= session.date
    qualify row_number() over (partition by split_kind.symbol, session.position order by split_kind.date desc) = 1
), life as (
    select reported_share_count.symbol, min(reported_share_count.position) as first_position,
        coalesce(max(session.position), (select max(position) from staging.session)) as last_position
    from reported_share_count
    left join staging.instrument on instrument.symbol = reported_share_count.symbol
    asof left join staging.session on session.date <= instrument.until
    group by reported_share_count.symbol
), boundary as (
    select symbol, position from reported_share_count
    union
    select symbol, unnest([position, position + 6]) from event
), spell as (
    select boundary.symbol,
        row_number() over spells as number,
        boundary.position as first_position,
        coalesce(lead(boundary.position) over spells - 1, life.last_position) as last_position
    from boundary
    join life using (symbol)
    where boundary.position between life.first_position and life.last_position
    window spells as (partition by boundary.symbol order by boundary.position)
), compared as (
    select spell.*, reported_share_count.count_date, reported_share_count.position as said_position,
        reported_share_count.shares_outstanding as feed_count,
        coalesce(event.count_product, 1) as split_product,
        reported_share_count.shares_outstanding / coalesce(event.count_product, 1) as feed_units,
        case when spell.first_position - event.position <= 5 and event.kind = 'split'
            then event.ratio end as recent_split,
        case when spell.first_position - event.position <= 5 and event.kind = 'price_adjustment'
            then event.ratio end as recent_adjustment,
        greatest(session.known_at, reported_share_count.known_at,
                 case when spell.first_position - event.position <= 5 or event.position > reported_share_count.position
                     then event.known_at end) as known_at
    from spell
    join staging.session on session.position = spell.first_position
    asof join reported_share_count on reported_share_count.symbol = spell.symbol
        and reported_share_count.position <= spell.first_position
    asof left join event on event.symbol = spell.symbol and event.position <= spell.first_position
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
    select newer.symbol, newer.number,
        coalesce(sum(exact(least(older.last_position, newer.first_position - 1)
            - greatest(older.first_position, newer.first_position - 42) + 1))
            filter (older.number is not null)::double, 0) / 42 as share
    from counted newer
    left join counted older
        on older.symbol = newer.symbol and older.first_position < newer.first_position
            and older.last_position >= newer.first_position - 42
        and abs(ln(older.feed_units / newer.feed_units)) <= ln(1.04)
    where newer.changes >= 3
    group by newer.symbol, newer.number
)
select counted.symbol, counted.number, counted.first_position, counted.count_date, counted.said_position,
    counted.feed_count, counted.split_product,
    counted.feed_units, counted.recent_split, counted.recent_adjustment, counted.changes,
        earlier.share as earlier_share, counted.known_at
from counted
left join earlier using (symbol, number)
