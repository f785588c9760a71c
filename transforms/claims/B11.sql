/*
statement = "The leaders are decoupled from the cycle and need no rate cut"
upper = 2
and_also = "a share of at most a quarter of their variance in common with the industrials' fund"
otherwise = "as to rates, not as to the cycle"
shown_by = """\
select date, asset, rate_beta_126d, rate_beta_126d_standard_error from marts.rate_beta_daily where asset = \
'ai_leaders' order by date desc limit 21"""
*/
-- Standard errors between the AI leaders' rate beta and 0, the S&P 500 held fixed; R squared of their daily returns
-- to XLI's.
with rate as (
    select date, rate_beta_126d as beta, rate_beta_126d_standard_error as error from marts.rate_beta_daily
    where asset = 'ai_leaders' and rate_beta_126d_standard_error > 0 order by date desc limit 1
), cycle as (
    select count(*) as sessions, corr(leaders, industrials order by date) ** 2 as shared
    from (
        select date, any_value(basket_return) filter (basket = 'ai_leaders') as leaders,
            any_value(basket_return) filter (basket = 'xli') as industrials
        from marts.rotation_daily where basket in ('ai_leaders', 'xli')
        group by date having count(basket_return) = 2 order by date desc limit 126
    )
)
select
    abs(beta / error) as observed,
    shared <= 0.25 as holds,
    abs(beta / error) <= 2 as holds_otherwise,
    format('Rate beta of the AI leaders {:+.1f} % per point of the ten-year yield, {:.1f} standard errors from 0, '
        || 'on {}; R squared to XLI {:.2f} over {} '
        || 'sessions.', 1e4 * beta, abs(beta / error), date, shared, sessions) as evidence
from rate, cycle
where sessions >= 100
