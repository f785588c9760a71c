/*
statement = "Wages are sticky, input costs and inventories uncertain"
lower = 2
and_also = "both wage series rise by at least 3 % a year"
otherwise = "as to how steady wages are against input costs; one of the wage series rises by less than 3 %"
shown_by = """\
select series_id, date, value, change_return from core.macro_year_on_year where series_id in ('AHETPI', 'ECIWAG', \
'PPIACO') order by series_id, date desc limit 90"""
*/
-- How much more the yearly change of input costs varies than that of wages: ratio of standard deviations over the two years
-- before the newest value of each. Inventories have no series here.
with yearly as (
    select series_id, date, change_return, max(date) over (partition by series_id) as newest
    from core.macro_year_on_year
    where series_id in ('AHETPI', 'ECIWAG', 'PPIACO') and change_return is not null
), figure as (
    select series_id, arg_max(change_return, date) as change, max(date) as date,
        stddev_samp(change_return order by date) as deviation,
        count(*) as values
    from yearly where date > newest - interval 2 year
    group by series_id having count(*) >= 8
), pair as (
    select
        any_value(figure) filter (series_id = 'AHETPI') as hourly,
        any_value(figure) filter (series_id = 'ECIWAG') as cost,
        any_value(figure) filter (series_id = 'PPIACO') as input
    from figure
)
select
    input.deviation / cost.deviation as observed,
    least(hourly.change, cost.change) >= 0.03 as holds,
    input.deviation / cost.deviation >= 2 as holds_otherwise,
    format('Year on year: hourly earnings {:+.1f} % ({}), wage cost {:+.1f} % ({}), producer prices {:+.1f} % ({}); '
        || 'over two years the change of producer prices varied by {:.2f} points, of wage cost by {:.2f}, of hourly '
        || 'earnings by {:.2f}.',
        100 * hourly.change, hourly.date, 100 * cost.change, cost.date, 100 * input.change, input.date,
        100 * input.deviation, 100 * cost.deviation, 100 * hourly.deviation) as evidence
from pair
