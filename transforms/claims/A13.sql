/*
statement = "The rise is not broad"
lower = 3
otherwise = "by where the return comes from, not by how many members stand above their mean"
shown_by = """\
select date, above_50d_share, index_return, equal_weight_return, top10_return_share_63d from marts.concentration_daily \
where index_code = (select index_code from core.index_definition where is_primary) and weight_scheme = 'capped' order \
by date desc limit 63"""
*/
with newest as (
    select * from marts.concentration_daily
    where index_code = (select index_code from core.index_definition where is_primary) and weight_scheme = 'capped'
    qualify row_number() over (order by date desc) <= 63
), figure as (
    select
        arg_max_null(above_50d_share, date) as breadth,
        product(1 + index_return) as capped,
        product(1 + equal_weight_return) as equal,
        arg_max_null(top10_return_share_63d, date) as top10_share,
        max(date) as date
    from newest
    having count(index_return) >= 57
)
select
    (breadth < 0.5)::integer + (equal < capped)::integer + (top10_share > 0.5)::integer as observed,
    equal < capped and top10_share > 0.5 as holds_otherwise,
    format('Of three parts on {}: {:.1f} % of the members above their 50-session mean (under half); over 63 '
        || 'sessions equal weights {:+.1f} %, index weights {:+.1f} % (less); the ten largest brought {:.0f} % of '
        || 'the return (over half).', date,
        100 * breadth, 100 * (equal - 1), 100 * (capped - 1), 100 * top10_share) as evidence
from figure
