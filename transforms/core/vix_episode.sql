/*
doc = """
Peaks of the VIX that were followed by relief, one row per peak. A peak is a close above 25 that is higher than every
other close of the 63 sessions ending on it, of which 57 need one; the episode is declared on the first later close at or below 0.8 of it. A
higher close before that makes it no peak of an episode.
"""
grain = ["episode"]

[columns]
episode = "Session of the peak."
peak_position = "Number of that session."
peak_vix_close = "VIX at the peak, index points."
declared_on = "First later session whose close is at or below 0.8 of the peak: from then on the episode is known."
declared_position = "Number of that session."
known_at = "When the closes from 62 sessions before the peak until declared_on were known (UTC)."

[assertions]
"a peak is fear" = "peak_vix_close > 25"
"declared after the peak" = "declared_on > episode and declared_position > peak_position"
"nothing is known before its day" = "known_at >= declared_on"
*/
with vix as (
    select date, position, close, known_at,
        count(*) over last_63 >= 57 and first(position) over (order by position) <= position - 62 and close > 25
            and close > max(close) over (order by position range between 62 preceding and 1 preceding) as is_peak
    from core.index_level
    where symbol = '^VIX'
    window last_63 as (order by position range between 62 preceding and current row)
), followed as (
    select p.date, p.position, p.close,
        -- Closes have two digits; the ninth keeps a close of exactly 0.8 from missing it by a rounding.
        min(v.position) filter (round(v.close - 0.8 * p.close, 9) <= 0) as declared_position,
        min(v.position) filter (v.close > p.close) as higher_position
    from vix p
    join vix v on v.position > p.position
    where p.is_peak
    group by p.date, p.position, p.close
)
select
    f.date as episode,
    f.position as peak_position,
    f.close as peak_vix_close,
    d.date as declared_on,
    f.declared_position,
    max(v.known_at) as known_at
from followed f
join vix d on d.position = f.declared_position
join vix v on v.position between f.position - 62 and f.declared_position
where f.declared_position < coalesce(f.higher_position, f.declared_position + 1)
group by f.date, f.position, f.close, d.date, f.declared_position
