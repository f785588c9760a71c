/*
statement = "The index's return is about the sum of weight times return"
upper = 5
and_also = "within 15 basis points on 95 % of the days"
otherwise = "on the median day, not on 95 % of the days"
shown_by = """\
select date, residual_bp, coverage_share from marts.concentration_daily where index_code = (select index_code from \
core.index_definition where is_primary) and weight_scheme = 'capped' order by abs(residual_bp) desc limit 20"""
*/
with residual as (
    select weight_scheme, count(residual_bp) as sessions, median(abs(residual_bp)) as bp,
        quantile_cont(abs(residual_bp), 0.95) as p95
    from marts.concentration_daily
    where index_code = (select index_code from core.index_definition where is_primary) and residual_bp is not null
    group by weight_scheme
)
select
    max(bp) filter (weight_scheme = 'capped') as observed,
    max(p95) filter (weight_scheme = 'capped') <= 15 as holds,
    max(bp) filter (weight_scheme = 'capped') <= 5 as holds_otherwise,
    'Absolute residual to the Nasdaq-100, median and 95th percentile: ' || string_agg(
        format('{} {:.1f} and {:.1f} bp ({} sessions)', weight_scheme, bp, p95, sessions), ', ' order by weight_scheme)
        || '.' as evidence
from residual
having coalesce(max(sessions) filter (weight_scheme = 'capped'), 0) >= 63
