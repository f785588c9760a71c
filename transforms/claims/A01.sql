/*
statement = "The Nasdaq Composite made new record highs in April 2026, at the close and intraday"
lower = 1
otherwise = "at the close alone"
shown_by = """\
select date, nasdaq_close, is_ath_close, is_ath_intraday from marts.regime_daily where date between '2026-04-01' and \
'2026-04-30' and (is_ath_close or is_ath_intraday)"""
*/
select
    least(count(*) filter (is_ath_close), count(*) filter (is_ath_intraday)) as observed,
    count(*) filter (is_ath_close) >= 1 as holds_otherwise,
    format('{} record closes and {} intraday records in the month.',
        count(*) filter (is_ath_close), count(*) filter (is_ath_intraday)) as evidence
from marts.regime_daily
where date between '2026-04-01' and '2026-04-30'
having count(nasdaq_close) > 0
    -- A record stands; that there was none is known when the month is over.
    and (observed >= 1 or (select max(date) from marts.regime_daily) >= date '2026-04-30')
