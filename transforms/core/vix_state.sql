/*
doc = """
The VIX by session: its changes, its fall from recent peaks, its percentiles, its band and the re-contraction signal.
A session without a close has no row, but windows count it.
"""
grain = ["date"]

[columns]
date = "Session with a VIX close."
position = "Number of the session."
vix_close = "VIX at the close, index points."
vix_source = "Source of the close: the first by priority that has it (cboe, then yahoo), or fred where it fills a hole."
vix_change_1d_points = "Close minus the last close within the five sessions before, index points."
vix_change_21d_points = """\
Close minus the close 21 sessions ago, index points; where that is missing, the last of the four before it."""
vix_change_21d_return = "The same change over that earlier close."
vix_peak_21d = """\
Highest close of the last 21 sessions that traded, index points; NULL under 19 closes, or where the history does not \
reach back 21 sessions."""
vix_peak_63d = """\
Highest close of the last 63 sessions that traded, index points; NULL under 57 closes, or where the history does not \
reach back 63 sessions."""
vix_from_peak_21d_points = "Close minus vix_peak_21d, index points."
vix_from_peak_21d_return = "Close over vix_peak_21d - 1."
vix_from_peak_63d_points = "Close minus vix_peak_63d, index points."
vix_from_peak_63d_return = "Close over vix_peak_63d - 1."
vix_percentile_252 = "Share of the closes of the last 252 sessions that are at or below today's; NULL under 126 closes."
vix_percentile_2520 = """\
Share of the closes of the last 2,520 sessions that are at or below today's; NULL under 1,260 closes."""
band_raw = "Band of the close alone: above_30 (> 30), 25_to_30 (> 25), 20_to_25 (>= 20), below_20."
band = """\
Confirmed band: an edge of 20, 25 or 30 is passed upwards above edge + 1 and downwards below edge - 1; between, it \
keeps its side. On the first day, the raw band."""
is_recontraction = """\
Close above 22, and the last session before whose close was below 20 or above 22 was below 20, no more than 21 \
sessions ago."""
is_recontraction_confirmed = """\
The signal fired on the session before, and today's close is above 22; NULL when that session has no close."""
known_at = "When the closes since the first were known (UTC): the band carries them all."

[assertions]
"a peak is not below the close" = "vix_peak_21d >= vix_close and vix_from_peak_21d_points <= 0"
"a longer window's peak is not lower" = """\
vix_peak_63d >= vix_peak_21d and vix_from_peak_63d_return <= vix_from_peak_21d_return"""
"a percentile counts today" = """\
vix_percentile_252 > 0 and vix_percentile_252 <= 1 and vix_percentile_2520 > 0 and vix_percentile_2520 <= 1"""
"the raw band holds the close" = """
case band_raw when 'above_30' then vix_close > 30 when '25_to_30' then vix_close > 25 and vix_close <= 30
when '20_to_25' then vix_close >= 20 and vix_close <= 25 when 'below_20' then vix_close < 20 else false end
"""
"the confirmed band is at most a point away" = """
case band when 'above_30' then vix_close >= 29 when '25_to_30' then vix_close between 24 and 31
when '20_to_25' then vix_close between 19 and 26 when 'below_20' then vix_close <= 21 else false end
"""
"a re-contraction is above 22" = "vix_close > 22 or not (is_recontraction or is_recontraction_confirmed)"
*/
with vix as (
    select date, position, close as v, source, known_at,
        -- Each edge is a latch: a close a point beyond it is an event, and the last event stands.
        case when v > 31 then true when v < 29 then false end as event_30,
        case when v > 26 then true when v < 24 then false end as event_25,
        case when v > 21 then true when v < 19 then false end as event_20,
        case when v > 22 or v < 20 then struct_pack(position, is_low := v < 20) end as contraction
    from core.index_level where symbol = '^VIX'
), windowed as (
    select *,
        last_value(v) over (order by position range between 5 preceding and 1 preceding) as v_1d,
        last_value(v) over (order by position range between 25 preceding and 21 preceding) as v_21d,
        -- A session without a close leaves a hole of one in each window: nine tenths of them are enough.
        case when count(*) over last_21 >= 19 and first(position) over so_far <= position - 20
            then max(v) over last_21 end as peak_21d,
        case when count(*) over last_63 >= 57 and first(position) over so_far <= position - 62
            then max(v) over last_63 end as peak_63d,
        case when count(*) over last_252 >= 126 then cume_dist(order by v) over last_252 end as percentile_252,
        case when count(*) over last_2520 >= 1260 then cume_dist(order by v) over last_2520 end as percentile_2520,
        coalesce(last_value(event_30 ignore nulls) over so_far, first(v) over so_far > 30) as above_30,
        coalesce(last_value(event_25 ignore nulls) over so_far, first(v) over so_far > 25) as above_25,
        coalesce(last_value(event_20 ignore nulls) over so_far, first(v) over so_far >= 20) as above_20,
        last_value(contraction ignore nulls) over (
            order by position rows between unbounded preceding and 1 preceding
        ) as before,
        max(known_at) over so_far as all_known_at
    from vix
    window
        so_far as (order by position rows between unbounded preceding and current row),
        last_21 as (order by position range between 20 preceding and current row),
        last_63 as (order by position range between 62 preceding and current row),
        last_252 as (order by position range between 251 preceding and current row),
        last_2520 as (order by position range between 2519 preceding and current row)
), fired as (
    select *, v > 22 and coalesce(before.is_low and position - before.position <= 21, false) as fired
    from windowed
)
select
    date,
    position,
    v as vix_close,
    source as vix_source,
    v - v_1d as vix_change_1d_points,
    v - v_21d as vix_change_21d_points,
    v / v_21d - 1 as vix_change_21d_return,
    peak_21d as vix_peak_21d,
    peak_63d as vix_peak_63d,
    v - peak_21d as vix_from_peak_21d_points,
    v / peak_21d - 1 as vix_from_peak_21d_return,
    v - peak_63d as vix_from_peak_63d_points,
    v / peak_63d - 1 as vix_from_peak_63d_return,
    percentile_252 as vix_percentile_252,
    percentile_2520 as vix_percentile_2520,
    case when v > 30 then 'above_30' when v > 25 then '25_to_30' when v >= 20 then '20_to_25' else 'below_20' end
        as band_raw,
    case above_20::integer + above_25::integer + above_30::integer
        when 3 then 'above_30' when 2 then '25_to_30' when 1 then '20_to_25' else 'below_20' end as band,
    fired as is_recontraction,
    v > 22 and last_value(fired) over (order by position range between 1 preceding and 1 preceding)
        as is_recontraction_confirmed,
    all_known_at as known_at
from fired
