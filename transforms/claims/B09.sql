/*
statement = "Credit conditions shift"
lower = 5
and_also = "a high-yield spread wider than 63 sessions before"
otherwise = "towards easier credit: standards or spreads moved as far the other way"
shown_by = """\
select date, value as net_share_tightening, change from core.macro_year_on_year where series_id = 'DRTSCILM' order by \
date desc limit 8"""
*/
-- Tighter, as the thesis means it: the net share of banks tightening standards, in points, against a year before.
with bank as (
    select date, value, change from core.macro_year_on_year
    where series_id = 'DRTSCILM' and change is not null order by date desc limit 1
), spread as (
    select date, hy_oas_pct, 100 * (hy_oas_pct - lag(hy_oas_pct, 63) over (order by date)) as change_bp
    from marts.regime_daily where hy_oas_pct is not null order by date desc limit 1
)
select
    change as observed,
    change_bp > 0 as holds,
    change <= -5 as holds_otherwise,
    format('Net share of banks tightening {:+.1f} % in the quarter from {}, {:+.1f} points in a year; high-yield '
        || 'spread {:.2f} %, {:+.0f} bp in 63 sessions.', value, bank.date, change, hy_oas_pct, change_bp) as evidence
from bank, spread
where change_bp is not null
