/*
statement = "High-weight sectors suffice to carry the index while the others do little"
lower = 0.5
and_also = "a median company that returned less than half of what the index did"
otherwise = "as far as the sector's share goes; the median company did more than half as well as the index"
shown_by = """\
select issuer, contribution, index_return from marts.contribution_window where index_code = (select index_code from \
core.index_definition where is_primary) and weight_scheme = 'capped' and window_sessions = 63 order by date desc, \
contribution desc limit 20"""
*/
with newest as (
    select contribution_window.issuer, contribution_window.contribution, contribution_window.index_return,
        contribution_window.start_date, contribution_window.date,
            coalesce(instrument.gics_sector, 'unclassified') as sector
    from marts.contribution_window
    left join core.instrument on instrument.symbol = contribution_window.issuer
    where contribution_window.index_code = (select index_code from core.index_definition where is_primary)
        and contribution_window.weight_scheme = 'capped' and contribution_window.window_sessions = 63
        and contribution_window.date = (
            select max(date) from marts.contribution_window
            where index_code = (select index_code from core.index_definition where is_primary)
                and weight_scheme = 'capped' and window_sessions = 63)
), largest as (
    select sector from marts.sector_weight_daily
    where index_code = (select index_code from core.index_definition where is_primary)
        and weight_scheme = 'capped' and taxonomy = 'gics' and date = (select max(date) from newest)
    order by weight desc, sector limit 1
), own as (
    select newest.issuer, stop.level / start.level - 1 as issuer_return
    from newest
    join core.security_price stop on stop.symbol = newest.issuer and stop.date = newest.date
    join core.security_price start on start.symbol = newest.issuer and start.date = newest.start_date
), figure as (
    select any_value(date) as date, any_value(index_return) as index_return,
        sum(contribution order by issuer) filter (sector = (select sector from largest)) as contribution,
        (select median(issuer_return) from own) as median_return, (select count(*) from own) as issuers
    from newest
    having abs(any_value(index_return)) >= 0.005
)
select
    contribution / index_return as observed,
    index_return > 0 and median_return < index_return / 2 as holds,
    index_return > 0 and contribution / index_return >= 0.5 as holds_otherwise,
    format('Over the 63 sessions to {} {} brought {:.0f} % of the Nasdaq-100''s {:+.1f} %; the median of {} '
        || 'companies returned {:+.1f} %.', date, (select sector from largest), 100 * contribution / index_return,
            100 * index_return, issuers,
        100 * median_return) as evidence
from figure
