/*
statement = "Consumer discretionary weighs 12-14 %"
lower = 0.12
upper = 0.14
otherwise = "in another weighting or taxonomy than the index's own weights by GICS, as listed"
shown_by = """\
select weight_scheme, taxonomy, weight from marts.sector_weight_daily where index_code = (select index_code from \
core.index_definition where is_primary) and sector = 'Consumer Discretionary' order by date desc limit 6"""
*/
with newest as (
    select weight_scheme, taxonomy, weight, date from marts.sector_weight_daily
    where index_code = (select index_code from core.index_definition where is_primary)
        and sector = 'Consumer Discretionary'
        and date = (select max(date) from marts.sector_weight_daily)
)
select
    max(weight) filter (weight_scheme = 'capped' and taxonomy = 'gics') as observed,
    bool_or(weight between 0.12 and 0.14) as holds_otherwise,
    format('Consumer discretionary''s share of the Nasdaq-100 on {}: ', max(date)) || string_agg(
        format('{} {} {:.1f} %', weight_scheme, taxonomy, 100 * weight), ', ' order by weight_scheme, taxonomy) || '.'
        as evidence
from newest
having count(*) > 0
