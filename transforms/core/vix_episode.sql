/*
doc = """
Peaks of the VIX that were followed by relief, one row per peak. A peak is a close above 25 that is higher than every
other close of the 63 sessions ending on it, of which 57 need one; the episode is declared on the first later close at
or below 0.8 of it. A
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
    select peak_day.date, peak_day.position, peak_day.close,
        -- Closes have two digits; the ninth keeps a close of exactly 0.8 from missing it by a rounding.
        min(later_day.position) filter (round(later_day.close - 0.8 * peak_day.close, 9) <= 0) as declared_position,
        min(later_day.position) filter (later_day.close > peak_day.close) as higher_position
    from vix peak_day
    join vix later_day on later_day.position > peak_day.position
    where peak_day.is_peak
    group by peak_day.date, peak_day.position, peak_day.close
)
select
    followed.date as episode,
    followed.position as peak_position,
    followed.close as peak_vix_close,
    peak_day.date as declared_on,
    followed.declared_position,
    max(later_day.known_at) as known_at
from followed
join vix peak_day on peak_day.position = followed.declared_position
join vix later_day on later_day.position between followed.position - 62 and followed.declared_position
where followed.declared_position < coalesce(followed.higher_position, followed.declared_position + 1)
group by followed.date, followed.position, followed.close, peak_day.date, followed.declared_position
