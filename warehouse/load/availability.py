"""Compute when a value that is seen for the first time was known: the catalog's availability rule, applied to its date."""

from __future__ import annotations

# The catalog snapshot in force at the fetch; for a batch older than all snapshots, the first one.
IN_FORCE = """
    select coalesce(max(c.fetched_at) filter (c.fetched_at <= s.fetched_at), min(c.fetched_at))
    from {table} c cross join stamp s"""
# A fiscal year may end some days before or after the last day of its month, so the month of a period is the month of the
# day that lies half a month before its end.
HALF_A_MONTH = 15


def known_values(incoming: str, key: str, dated: str, released: str | None) -> str:
    """Return CTEs, the last of which is `known`: the rows of `incoming` with their known_at and pit_quality.

    `key` is the column that selects the rule, `dated` the column it counts from, and `released` the day of a vintage, if
    any. Business days are those of the exchange or, if the rule says so, federal ones (the Board's). A value dated
    between two business days counts from the earlier one. A report is due a number of days after its period, with more
    days for the last period of a fiscal year. It is known on the first federal business day on or after the due date.
    """
    vintage, quality = "s.fetched_at", "snapshot"
    if released:
        vintage, quality = f"new_york(d.{released}, time '23:59:00')", "vintage"
    return f"""
        workday as (
            select 'lag_business_days' as rule, date, row_number() over (order by date) as position
            from raw.catalog_session where fetched_at = ({IN_FORCE.format(table="raw.catalog_session")})
            union all
            select 'lag_federal_business_days', date, row_number() over (order by date)
            from raw.catalog_business_day where fetched_at = ({IN_FORCE.format(table="raw.catalog_business_day")})
                and date is not null
        ), session_close as (
            select date, close_at from raw.catalog_session
            where fetched_at = ({IN_FORCE.format(table="raw.catalog_session")})
        ), filer as (
            select symbol, fiscal_year_end_month, valid_from, year_end_lag from raw.catalog_filer
            where fetched_at = ({IN_FORCE.format(table="raw.catalog_filer")}) and symbol is not null
        ), availability as (
            select key, rule, lag from raw.catalog_availability a join stamp using (feed)
            where a.fetched_at = ({IN_FORCE.format(table="raw.catalog_availability")})
        ), due as (
            select i.*, a.rule, a.lag, c.close_at, i.{dated} + case when a.rule = 'after_period_end_days'
                and month(i.{dated} - {HALF_A_MONTH}) = f.fiscal_year_end_month then f.year_end_lag else a.lag end as due_on
            from ({incoming}) i
            join availability a on a.key = i.{key}
            left join session_close c on c.date = i.{dated}
            asof left join filer f on f.symbol = i.{key} and f.valid_from <= i.{dated}
        ), dated as (
            select d.*, n.date as workday_on, coalesce(r.date, d.due_on) as reported_on
            from due d
            asof left join workday p on p.rule = d.rule and p.date <= d.{dated}
            left join workday n on n.rule = d.rule and n.position = p.position + d.lag
            asof left join (from workday where rule = 'lag_federal_business_days') r on d.due_on <= r.date
        ), known as (
            select d.* exclude (rule, lag, close_at, due_on, workday_on, reported_on), case d.rule
                when 'after_close_minutes'
                    then coalesce(d.close_at, new_york(d.{dated}, time '16:00')) + d.lag * interval 1 minute
                when 'after_utc_midnight_minutes'
                    then d.{dated} + interval 1 day + d.lag * interval 1 minute
                when 'lag_business_days'
                    then new_york(if(d.lag = 0, d.{dated}, d.workday_on), time '23:59:00')
                when 'lag_federal_business_days'
                    then new_york(if(d.lag = 0, d.{dated}, d.workday_on), time '23:59:00')
                when 'lag_days' then new_york(d.due_on, time '23:59:00')
                when 'after_period_end_days' then new_york(d.reported_on, time '23:59:59')
                -- Without its day of release, all we know of a vintage is that it was so at the fetch.
                when 'vintage' then {vintage}
                end as known_at, if(d.rule = 'vintage', '{quality}', 'rule') as pit_quality
            from dated d cross join stamp s
        )"""
