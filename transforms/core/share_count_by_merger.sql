/*
doc = """
Rises of a count that a merger explains: a company left, and what the feed's new shares are worth is in proportion to its
market value: 0.2 to 1.5 times of it where its last trading day is on record, 0.7 to 1.2 times where it is only known to have left a
universe, with not more than one other. It left at most 70 sessions before the rise (counts follow filings) and at most five
after it.
"""
grain = ["symbol", "position"]

[columns]
symbol = "Ticker of the company whose count rose."
position = "Number of the session on which both the rise and the leaving were known."
acquired = "The company that left."
low_units = "Units after the rise, less 3 %."
high_units = "Units after the rise, and 3 %."
known_at = "When both, and the prices and counts used, could be known (UTC)."

[assertions]
"a company does not acquire itself" = "acquired <> symbol"
"bounds are in order" = "0 < low_units and low_units < high_units"
*/
with rise as (
    select symbol, first_position, feed_units, known_at,
        lag(feed_units) over spells as last_units,
        lag(known_at) over spells as last_known_at
    from core.share_count_spell
    window spells as (partition by symbol order by number)
), leaver as (
    select u.symbol, s.position, s.known_at, u.least_part, u.most
    from (
        select symbol, until as left_on, 0.2 as least_part, 1.5 as most
        from staging.instrument
        where kind = 'stock' and until is not null
        union all
        select symbol, valid_to, 0.7, 1.2
        from staging.universe_member
        where valid_to is not null
        qualify count(*) over (partition by index_code, valid_to) <= 2
    ) u
    asof join staging.session s on s.date >= u.left_on
    where u.left_on <= getvariable('as_of')::date
), valued as (
    select l.symbol, l.position, p.level * c.feed_units * l.least_part as least_value, p.level * c.feed_units * l.most as most_value,
        greatest(l.known_at, p.known_at, c.known_at) as known_at
    from leaver l
    asof join core.security_price p on p.symbol = l.symbol and p.position <= l.position
    asof join core.share_count_spell c on c.symbol = l.symbol and c.first_position <= l.position
    where l.position - p.position <= 21
), explained as (
    select r.symbol, greatest(r.first_position, l.position) as position, l.symbol as acquired, r.feed_units,
        greatest(r.known_at, r.last_known_at, l.known_at, p.known_at) as known_at
    from rise r
    join valued l on l.position between r.first_position - 70 and r.first_position + 5 and l.symbol <> r.symbol
    asof join core.security_price p on p.symbol = r.symbol and p.position <= r.first_position
    where r.feed_units > 1.03 * r.last_units
        and (r.feed_units - r.last_units) * p.level between l.least_value and l.most_value
    qualify row_number() over (
        partition by r.symbol, greatest(r.first_position, l.position) order by l.position desc, l.symbol
    ) = 1
)
select symbol, position, acquired,
    0.97 * feed_units as low_units,
    1.03 * feed_units as high_units,
    known_at
from explained
