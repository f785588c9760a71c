/*
doc = """
Daily bars as traded, by source: of each bar the values in force by as_of and recorded by recorded_by, each known since
the version that first reported it and was not contradicted since. So a corrected volume moves no close, and one source
corrects nothing of another.
"""
grain = ["symbol", "date", "source"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar: a session, or for coins the UTC day."
open = "First price, neither split- nor dividend-adjusted; NULL where the source has none."
high = """\
Highest price, as traded; NULL where the source has none, or one up to 10 % below the close, or one below the low."""
low = """\
Lowest price, as traded; NULL where the source has none, or one up to 10 % above the close, or one above the high."""
close = "Last price, as traded."
volume = "Units traded."
source = "The source that gave it (staging.source)."
known_at = "When the close could be known (UTC): that of the first of the newest versions that agree on it."
high_known_at = "When the high could be known, and the close it is held against (UTC); NULL without one."
low_known_at = "When the low could be known, and the close it is held against (UTC); NULL without one."
volume_known_at = "When the volume could be known (UTC)."

[assertions]
"prices are positive" = "close > 0"
"the day's range holds its close, or is far from it" = """
(high >= close * (1 - 1e-6) or close > 1.1 * high) and (low <= close * (1 + 1e-6) or close < 0.9 * low)"""
"nothing from after as_of" = "greatest(known_at, high_known_at, low_known_at, volume_known_at) <= getvariable('as_of')"
"no high or low is known before its close" = "high_known_at >= known_at and low_known_at >= known_at"
*/
with visible as (
    select *, row_number() over versions as age,
        first_value(is_withdrawn or close is null) over versions as is_gone,
        first_value(struct_pack(open, high, low, close, volume)) over versions as newest
    from raw.price_bar
    where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    window versions as (partition by symbol, date, source order by known_at desc, fetched_at desc
                        rows between unbounded preceding and unbounded following)
), compared as (
    -- The load takes two values for one within a millionth, so does this.
    select *,
        is_withdrawn or abs(close - newest.close) > 1e-6 * newest.close as is_other_close,
        is_withdrawn or high is distinct from newest.high
            and coalesce(abs(high - newest.high) > 1e-6 * newest.high, true) as is_other_high,
        is_withdrawn or low is distinct from newest.low
            and coalesce(abs(low - newest.low) > 1e-6 * newest.low, true) as is_other_low,
        is_withdrawn or volume is distinct from newest.volume
            and coalesce(abs(volume - newest.volume) > 1e-6 * newest.volume, true) as is_other_volume
    from visible
    where not is_gone
), agreeing as (
    select *,
        coalesce(min(age) filter (is_other_close) over bar, 1e9) as other_close_age,
        coalesce(min(age) filter (is_other_high) over bar, 1e9) as other_high_age,
        coalesce(min(age) filter (is_other_low) over bar, 1e9) as other_low_age,
        coalesce(min(age) filter (is_other_volume) over bar, 1e9) as other_volume_age
    from compared
    window bar as (partition by symbol, date, source)
), in_force as (
    select symbol, date, source,
        max_by(struct_pack(close, known_at), age) filter (age < other_close_age) as said,
        max_by(struct_pack(high, known_at), age) filter (age < other_high_age) as said_high,
        max_by(struct_pack(low, known_at), age) filter (age < other_low_age) as said_low,
        max_by(struct_pack(volume, known_at), age) filter (age < other_volume_age) as said_volume,
        min_by(struct_pack(open), age) as latest
    from agreeing
    group by symbol, date, source
), ranged as (
    select symbol, date, source, latest, said, said_volume, said_high.known_at as high_at, said_low.known_at as low_at,
        said_high.high >= said_low.low and said_low.low > 0
            and (said.close > 1.1 * said_high.high or said.close < 0.9 * said_low.low) as is_far,
        case when said_high.high >= said.close * (1 - 1e-6) or is_far then said_high.high end as high,
        case when said_low.low <= said.close * (1 + 1e-6) or is_far then said_low.low end as low
    from in_force
)
-- A high a little below the close (or a low above it) is a mistake of the feed; the close is worth keeping all the same.
-- Late trades and auctions are within 10 %. A range further off is kept: core.price_bar_verdict doubts the bar.
select
    symbol, date, latest.open, high, low, said.close, said_volume.volume, source,
    said.known_at,
    case when high is not null then greatest(high_at, said.known_at) end as high_known_at,
    case when low is not null then greatest(low_at, said.known_at) end as low_known_at,
    said_volume.known_at as volume_known_at
from ranged
