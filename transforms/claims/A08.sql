/*
statement = "The index is weighted by market capitalization"
upper = 5
otherwise = "by capitalization within the limits the index publishes, not by capitalization alone"
shown_by = """\
select weight_scheme, count(residual_bp) as sessions, median(abs(residual_bp)) as median_bp, \
quantile_cont(abs(residual_bp), 0.95) as p95_bp from marts.concentration_daily where index_code = (select index_code \
from core.index_definition where is_primary) group by 1"""
*/
-- Weights are right when they give the published Nasdaq-100's return: to 5 basis points on the median day.
with residual as (
    select weight_scheme, count(residual_bp) as sessions, median(abs(residual_bp)) as bp,
        median(abs(equal_weight_return - official_return)) * 1e4 as equal_bp
    from marts.concentration_daily
    where index_code = (select index_code from core.index_definition where is_primary) and residual_bp is not null
    group by weight_scheme
)
select
    max(bp) filter (weight_scheme = 'full_cap') as observed,
    coalesce(min(bp) filter (weight_scheme = 'capped') <= 5, false) as holds_otherwise,
    'Median absolute residual to the Nasdaq-100, by weighting: ' || string_agg(
        format('{} {:.1f} bp ({} sessions)', weight_scheme, bp, sessions), ', ' order by weight_scheme desc)
        || format('; equal weights {:.1f} bp.', max(equal_bp) filter (weight_scheme = 'full_cap')) as evidence
from residual
having coalesce(max(sessions) filter (weight_scheme = 'full_cap'), 0) >= 63
