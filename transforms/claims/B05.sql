/*
statement = "Market value follows operating leverage"
lower = 0
and_also = "a slope at least two standard errors above 0, over at least ten companies"
otherwise = "by the slope's sign alone"
shown_by = """\
select issuer, period_end, basis, incremental_margin from marts.operating_leverage_quarterly where incremental_margin \
is not null order by period_end desc, issuer"""
*/
-- Across companies: 63-session price return on incremental margin, by ranks from 0 to 1, so that no single one decides.
with newest as (
    select issuer, incremental_margin from marts.operating_leverage_quarterly
    qualify row_number() over (partition by issuer order by period_end desc) = 1
), priced as (
    select newest.issuer, newest.incremental_margin, stop.level / start.level - 1 as issuer_return
    from newest
    join core.security_price stop on stop.symbol = newest.issuer
        and stop.position = (select max(position) from core.index_level where symbol = '^IXIC')
    join core.security_price start on start.symbol = newest.issuer and start.position = stop.position - 63
    where newest.incremental_margin is not null
), ranked as (
    select issuer, percent_rank() over (order by incremental_margin) as x, percent_rank() over (order by issuer_return) as y
    from priced
), slope as (
    select count(*) as companies, regr_slope(y, x order by issuer) as slope,
        sqrt((1 - regr_r2(y, x order by issuer)) * regr_syy(y, x order by issuer) / (count(*) - 2)
            / regr_sxx(y, x order by issuer)) as error
    from ranked having count(*) >= 3
)
select
    case when companies >= 10 then slope end as observed,
    slope >= 2 * error as holds,
    slope > 0 as holds_otherwise,
    format('Slope of the rank of the 63-session return on the rank of incremental margin: {:+.2f}, standard error '
        || '{:.2f}, over {} companies (at least 10 are needed).', slope, error, companies) as evidence
from slope
