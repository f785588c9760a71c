/*
statement = """\
Three stages in spring 2026: a correction in late March; a consolidation in early April with the VIX above 25 and \
technology resilient; an expansion below 20 after mid-April"""
lower = 4
otherwise = "with the VIX of the consolidation above 20, not 25"
shown_by = """\
select date, vix_close, band, drawdown_return from marts.regime_daily where date between '2026-03-16' and '2026-04-30'"""
*/
with stage as (
    select
        min(drawdown_return) filter (date between '2026-03-16' and '2026-03-31') as deepest,
        min(vix_close) filter (date between '2026-04-01' and '2026-04-08') as lowest_vix,
        count(*) filter (date between '2026-04-01' and '2026-04-08' and vix_close <= 25) as calm_days,
        count(*) filter (date > '2026-04-15' and date <= '2026-04-30' and band <> 'below_20') as nervous_days
    from marts.regime_daily
    having max(date) >= date '2026-04-30'
), fund as (
    select symbol, max(level) filter (date = '2026-04-08') / max(level) filter (date = '2026-03-31') as gain
    from core.security_price
    where symbol in ('XLK', 'SPY') and date in ('2026-03-31', '2026-04-08')
    group by symbol
), resilience as (
    select max(gain) filter (symbol = 'XLK') - max(gain) filter (symbol = 'SPY') as ahead from fund
)
select
    (deepest <= -0.10)::integer + (calm_days = 0)::integer + (ahead > 0)::integer + (nervous_days = 0)::integer
        as observed,
    deepest <= -0.10 and lowest_vix > 20 and ahead > 0 and nervous_days = 0 as holds_otherwise,
    format('Of four parts: drawdown {:.1f} % in late March (at least 10); lowest VIX close of 1 to 8 April {:.2f}, '
        || '{} of them at or below 25 (none); XLK minus SPY {:+.2f} % over it (above 0); sessions after 15 April '
        || 'outside below_20: {} (none).',
        100 * deepest, lowest_vix, calm_days, 100 * ahead, nervous_days) as evidence
from stage, resilience
