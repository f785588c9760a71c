/*
statement = "The VIX stood near 31 at its late-March 2026 high"
lower = 30
upper = 32
shown_by = """\
select date, vix_close from marts.regime_daily where date between '2026-03-15' and '2026-03-31' order by vix_close \
desc limit 3"""
*/
select
    max(vix_close) as observed,
    format('Highest VIX close of 15 to 31 March: {:.2f} points on {}.', max(vix_close), arg_max(date, vix_close))
        as evidence
from marts.regime_daily
where date between '2026-03-15' and '2026-03-31'
having (select max(date) from marts.regime_daily) >= date '2026-03-31'
