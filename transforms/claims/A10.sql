/*
statement = "Communication services weigh 12-15 %"
lower = 0.12
upper = 0.15
otherwise = "in another weighting or taxonomy than the index's own weights by GICS, as listed"
shown_by = """\
select weight_scheme, taxonomy, weight from marts.sector_weight_daily where index_code = (select index_code from \
core.index_definition where is_primary) and sector in ('Communication Services', 'Telecommunications') order by date \
desc limit 6"""
*/
with newest as (
    select weight_scheme, taxonomy, weight, date from marts.sector_weight_daily
    where index_code = (select index_code from core.index_definition where is_primary)
        and (taxonomy, sector) in (('gics', 'Communication Services'), ('nasdaq', 'Telecommunications'))
        and date = (select max(date) from marts.sector_weight_daily)
)
select
    max(weight) filter (weight_scheme = 'capped' and taxonomy = 'gics') as observed,
    bool_or(weight between 0.12 and 0.15) as holds_otherwise,
    format('Communication''s share of the Nasdaq-100 on {}: ', max(date)) || string_agg(
        format('{} {} {:.1f} %', weight_scheme, taxonomy, 100 * weight), ', ' order by weight_scheme, taxonomy) || '.'
        as evidence
from newest
having count(*) > 0
