/*
statement = "Bitcoin rallied in mid-April 2026 and moved the crypto stocks with it"
lower = 0.03
and_also = "a correlation of the stocks to it of at least 0.5 over the 63 sessions to 20 April"
otherwise = "the stocks move with it, but it did not rally"
shown_by = """\
select date, basket, basket_return from marts.rotation_daily where basket in ('bitcoin', 'crypto_equity') and date \
between '2026-04-10' and '2026-04-21' order by date, basket"""
*/
-- A session's row holds bitcoin's UTC day of the same date, Monday's with the weekend before it.
with bitcoin as (
    select date, level, price_return as day_return
    from core.security_price where symbol = 'BTC-USD'
), rally as (
    select max(level) filter (date = '2026-04-20') / max(level) filter (date = '2026-04-09') - 1 as gain from bitcoin
), pair as (
    select bitcoin.date, bitcoin.day_return, rotation_daily.basket_return
    from bitcoin join marts.rotation_daily on rotation_daily.date = bitcoin.date
        and rotation_daily.basket = 'crypto_equity'
    where bitcoin.date <= '2026-04-20' and bitcoin.day_return is not null and rotation_daily.basket_return is not null
    order by bitcoin.date desc limit 63
), moved as (
    select count(*) as sessions, corr(basket_return, day_return order by date) as together,
        regr_slope(basket_return, day_return order by date) as beta
    from pair
)
select
    gain as observed,
    together >= 0.5 as holds,
    gain < 0.03 and together >= 0.5 as holds_otherwise,
    format('Bitcoin {:+.1f} % over the UTC days 10 to 20 April; the crypto basket''s return on that of bitcoin''s '
        || 'same day: beta {:.2f}, correlation {:.2f}, over {} sessions.', 100 * gain, beta, together,
            sessions) as evidence
from rally, moved
where sessions >= 50
