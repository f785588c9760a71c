/*
statement = "Consumers pull back"
upper = 0
and_also = "consumer discretionary behind staples over 63 sessions"
otherwise = "in the market's prices, discretionary behind staples; sales grow faster than consumer prices"
shown_by = """\
select series_id, date, change_return from core.macro_year_on_year where series_id in ('RSAFS', 'CPIAUCSL') order by \
date desc, series_id limit 24"""
*/
with newest as (
    select sales.date, sales.change_return as sales, prices.change_return as prices
    from core.macro_year_on_year sales
    join core.macro_year_on_year prices on prices.series_id = 'CPIAUCSL' and prices.date = sales.date
    where sales.series_id = 'RSAFS' and sales.change_return is not null and prices.change_return is not null
    order by sales.date desc limit 1
), fund as (
    select discretionary.date, discretionary.rs_63d - staples.rs_63d as ahead
    from marts.rotation_daily discretionary
    join marts.rotation_daily staples on staples.basket = 'xlp' and staples.date = discretionary.date
    where discretionary.basket = 'xly' and discretionary.rs_63d is not null and staples.rs_63d is not null
    order by discretionary.date desc limit 1
)
select
    sales - prices as observed,
    ahead < 0 as holds,
    ahead < 0 as holds_otherwise,
    format('Retail sales {:+.1f} % year on year and consumer prices {:+.1f} % in {}: {:+.1f} points in real terms; '
        || 'XLY minus XLP {:+.1f} % (log) over the 63 sessions to '
        || '{}.', 100 * sales, 100 * prices, strftime(newest.date, '%Y-%m'),
        100 * (sales - prices), 100 * ahead, fund.date) as evidence
from newest, fund
