/*
statement = "World semiconductor sales rise by about 13 % year on year in early 2026"
lower = 0.10
upper = 0.16
shown_by = """\
select date, value, change_return from core.macro_year_on_year where series_id = 'IPG3344S' order by date desc limit 6"""
*/
select
    arg_max(change_return, date) as observed,
    coalesce(
        format('By a proxy, the US industrial production of semiconductors and components: {:+.1f} % year on year '
            || 'in the month from {}.',
            100 * arg_max(change_return, date), max(date)),
        'Its proxy, IPG3344S (US industrial production of semiconductors), has no value of January to April '
            || '2026.') as evidence
from core.macro_year_on_year
where series_id = 'IPG3344S' and date between '2026-01-01' and '2026-04-01' and change_return is not null
