/*
statement = "The ten largest companies carry 45-50 %"
lower = 0.45
upper = 0.50
otherwise = "in another weighting than the index's own, as listed"
shown_by = """\
select date, weight_scheme, top10_weight, top10_issuers from marts.concentration_daily where index_code = (select \
index_code from core.index_definition where is_primary) order by date desc limit 3"""
*/
with newest as (
    select weight_scheme, top10_weight, date from marts.concentration_daily
    where index_code = (select index_code from core.index_definition where is_primary) and top10_weight is not null
    qualify row_number() over (partition by weight_scheme order by date desc) = 1
)
select
    max(top10_weight) filter (weight_scheme = 'capped') as observed,
    bool_or(top10_weight between 0.45 and 0.50) as holds_otherwise,
    'The ten largest companies'' share of the Nasdaq-100: ' || string_agg(
        format('{} {:.1f} % on {}', weight_scheme, 100 * top10_weight, date), ', ' order by weight_scheme)
        || '.' as evidence
from newest
having count(*) > 0
