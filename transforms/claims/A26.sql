/*
statement = "The VIX below 20 for long, with new highs, gives a range driven by emotions: prices move on earnings days"
lower = 1
shown_by = "select date, stage, is_vix_calm_63d, has_5_ath_closes_63d from marts.regime_daily order by date desc limit 5"
*/
select
    null as observed,
    format('Stage on {}: {}; VIX calm for 63 sessions {}, five records in them {}. Whether prices move more on '
        || 'earnings days cannot be told: no earnings calendar is '
        || 'configured.', date, stage, is_vix_calm_63d, has_5_ath_closes_63d) as evidence
from marts.regime_daily
where stage is not null
order by date desc limit 1
