/*
statement = "By mid-April 2026 the VIX was back at 18.3"
lower = 18.1
upper = 18.5
shown_by = "select date, vix_close from marts.regime_daily where date between '2026-04-13' and '2026-04-17'"
*/
select
    arg_min(vix_close, abs(vix_close - 18.3)) as observed,
    format('Of the closes of 13 to 17 April the nearest to it: {:.2f} points on {}.',
        arg_min(vix_close, abs(vix_close - 18.3)), arg_min(date, abs(vix_close - 18.3))) as evidence
from marts.regime_daily
where date between '2026-04-13' and '2026-04-17'
having (select max(date) from marts.regime_daily) >= date '2026-04-17'
