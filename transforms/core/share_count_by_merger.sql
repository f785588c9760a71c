/*
doc = """
Rises of a count that a merger explains: a company left, and what the feed's new shares are worth is in proportion to its
market value: 0.2 to 1.5 times of it where its last trading day is on record, 0.7 to 1.2 times where it is only known to
have left a
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
    select acquired_line.symbol, session.position, session.known_at, acquired_line.least_part, acquired_line.most
    from (
        select symbol, until as left_on, 0.2 as least_part, 1.5 as most
        from staging.instrument
        where kind = 'stock' and until is not null
        union all
        select symbol, valid_to, 0.7, 1.2
        from staging.universe_member
        where valid_to is not null
        qualify count(*) over (partition by index_code, valid_to) <= 2
    ) acquired_line
    asof join staging.session on session.date >= acquired_line.left_on
    where acquired_line.left_on <= getvariable('as_of')::date
), valued as (
    select leaver.symbol, leaver.position,
        security_price.level * share_count_spell.feed_units * leaver.least_part as least_value,
            security_price.level * share_count_spell.feed_units * leaver.most as most_value,
        greatest(leaver.known_at, security_price.known_at, share_count_spell.known_at) as known_at
    from leaver
    asof join core.security_price on security_price.symbol = leaver.symbol
        and security_price.position <= leaver.position
    asof join core.share_count_spell on share_count_spell.symbol = leaver.symbol
        and share_count_spell.first_position <= leaver.position
    where leaver.position - security_price.position <= 21
), explained as (
    select rise.symbol, greatest(rise.first_position, valued.position) as position, valued.symbol as acquired,
        rise.feed_units,
        greatest(rise.known_at, rise.last_known_at, valued.known_at, security_price.known_at) as known_at
    from rise
    join valued on valued.position between rise.first_position - 70 and rise.first_position + 5
        and valued.symbol <> rise.symbol
    asof join core.security_price on security_price.symbol = rise.symbol
        and security_price.position <= rise.first_position
    where rise.feed_units > 1.03 * rise.last_units
        and (rise.feed_units - rise.last_units) * security_price.level between valued.least_value and valued.most_value
    qualify row_number() over (
        partition by rise.symbol, greatest(rise.first_position, valued.position) order by valued.position desc,
            valued.symbol
    ) = 1
)
select symbol, position, acquired,
    0.97 * feed_units as low_units,
    1.03 * feed_units as high_units,
    known_at
from explained
