/*
statement = "The market is in a mid-to-late dispersion stage"
lower = 1
otherwise = "by this stage's own conditions; a stage that stands before it in the order takes the day"
shown_by = """\
select date, stage, is_band_below_20, is_near_ath, is_top10_return_share_high, is_rotation_fast, is_crypto_leading \
from marts.regime_daily order by date desc limit 5"""
*/
select
    (stage = 'mid_late_dispersion')::integer as observed,
    is_band_below_20 and is_near_ath and coalesce(is_top10_return_share_high, false)::integer
        + coalesce(is_rotation_fast, false)::integer + coalesce(is_crypto_leading,
            false)::integer >= 2 as holds_otherwise,
    format('Stage on {}: {}. Band below 20 {}, within 2 % of the record {}; ten largest bring half of the return '
        || '{}, fast rotation {}, crypto equity ahead {} (two of these three are '
        || 'needed).', date, stage, is_band_below_20, is_near_ath,
        coalesce(is_top10_return_share_high::varchar, 'unknown'), coalesce(is_rotation_fast::varchar, 'unknown'),
        coalesce(is_crypto_leading::varchar, 'unknown')) as evidence
from marts.regime_daily
where stage is not null
order by date desc limit 1
