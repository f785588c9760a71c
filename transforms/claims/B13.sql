/*
statement = "Growth without operating leverage is no longer rewarded"
upper = 0
and_also = "a median return of the growers without leverage that is not above 0"
otherwise = "against the growers with leverage; they still rose"
shown_by = """\
select issuer, period_end, basis, revenue_change_return, degree_of_operating_leverage from \
marts.operating_leverage_quarterly where degree_of_operating_leverage is not null order by period_end desc, issuer"""
*/
-- Companies whose revenue rose: median 63-session return of those with a degree of operating leverage under 1 minus that of
-- the others.
with newest as (
    select issuer, revenue_change_return, degree_of_operating_leverage as degree from marts.operating_leverage_quarterly
    qualify row_number() over (partition by issuer order by period_end desc) = 1
), priced as (
    select newest.issuer, newest.degree < 1 as without_leverage, stop.level / start.level - 1 as issuer_return
    from newest
    join core.security_price stop on stop.symbol = newest.issuer
        and stop.position = (select max(position) from core.index_level where symbol = '^IXIC')
    join core.security_price start on start.symbol = newest.issuer and start.position = stop.position - 63
    where newest.revenue_change_return > 0 and newest.degree is not null
), figure as (
    select count(*) filter (without_leverage) as low_count, median(issuer_return) filter (without_leverage) as low,
        count(*) filter (not without_leverage) as high_count,
            median(issuer_return) filter (not without_leverage) as high
    from priced
)
select
    case when least(low_count, high_count) >= 5 then low - high end as observed,
    low <= 0 as holds,
    low < high as holds_otherwise,
    format('{} growers with a degree of operating leverage under 1{}, {} with 1 or more{} (at least 5 of each are '
        || 'needed).', low_count,
        coalesce(format(' returned {:+.1f} % in the median', 100 * low), ''), high_count,
        coalesce(format(' {:+.1f} %', 100 * high), '')) as evidence
from figure
