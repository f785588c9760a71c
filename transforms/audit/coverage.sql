/*
doc = """
What was asked of the daily feeds and what came, by session: every instrument that traded and every daily series, once
it was due by its availability rule and a fetch after that moment asked for it.
"""
grain = ["date", "feed"]

[columns]
date = "Session."
feed = "bars (instruments) or observations (daily macro series)."
expected = "Keys that were due and asked for."
received = "Of those, the keys that have a value."
missing = "Of those, the keys that have none."
late = "Of those received, the keys that came in a later fetch than the first one that asked after they were due."
missing_keys = "The missing keys by name, the first 20 of them."
late_keys = "The late keys by name, the first 20 of them."

[assertions]
"what was expected came or is missing" = "received + missing = expected and expected > 0"
"late is received" = "late between 0 and received"
"what is missing has a name" = "len(missing_keys) = least(missing, 20)"
*/
with rule as (
    select feed, key, rule, coalesce(lag, 0) as lag
    from raw.catalog_availability
    where fetched_at = (
        select max(fetched_at) from raw.catalog_availability where fetched_at <= getvariable('recorded_by')
    )
), alive as (
    select r.feed, r.key, r.rule, r.lag, i.since, i.until
    from rule r
    join staging.instrument i on i.symbol = r.key
    where r.feed = 'bars'
    union all
    select r.feed, r.key, r.rule, r.lag, s.since, null
    from rule r
    join staging.series s on s.series_id = r.key
    where r.feed = 'observations' and s.frequency = 'daily'
), due as (
    select r.rule, r.lag, s.date, s.position,
        case r.rule
            when 'after_close_minutes' then s.close_at + r.lag * interval 1 minute
            when 'after_utc_midnight_minutes' then s.date + interval 1 day + r.lag * interval 1 minute
            when 'lag_business_days'
                then (n.date + time '23:59:00') at time zone 'America/New_York' at time zone 'UTC'
            -- Of a day on which the Board is closed there is no yield to expect.
            when 'lag_federal_business_days'
                then (b.date + time '23:59:00') at time zone 'America/New_York' at time zone 'UTC'
            when 'lag_days'
                then (s.date + r.lag + time '23:59:00') at time zone 'America/New_York' at time zone 'UTC'
        end as due_at
    from (select distinct rule, lag from alive) r
    cross join staging.session s
    left join staging.session n on n.position = s.position + r.lag
    left join staging.business_day d on d.date = s.date
    left join staging.business_day b on b.position = d.position + r.lag
), asked as (
    -- Sessions by number, so that a range of them is unfolded and not searched.
    select o.feed, o.key, a.rule, a.lag, o.fetched_at, unnest(range(f.position, l.position + 1)) as position
    from raw.fetch_outcome o
    join alive a using (feed, key)
    asof join staging.session f on greatest(o.asked_from, a.since) <= f.date
    asof join staging.session l on least(o.asked_to, coalesce(a.until, o.asked_to)) >= l.date
    where o.fetched_at <= getvariable('recorded_by')
), expected as (
    select a.feed, a.key, d.date, min(a.fetched_at) as first_asked_at
    from asked a
    join due d on d.rule = a.rule and d.lag = a.lag and d.position = a.position
    where d.due_at <= least(a.fetched_at, getvariable('as_of'))
    group by a.feed, a.key, d.date
), received as (
    select 'bars' as feed, symbol as key, date, min(fetched_at) as first_fetched_at
    from raw.price_bar
    where not is_withdrawn and known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
        and (symbol, date) in (select (symbol, date) from staging.price_bar)
    group by symbol, date
    union all
    select 'observations', series_id, date, min(fetched_at)
    from raw.macro_observation
    where not is_withdrawn and known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
    group by series_id, date
)
select
    e.date,
    e.feed,
    count(*) as expected,
    count(r.first_fetched_at) as received,
    count(*) - count(r.first_fetched_at) as missing,
    count(*) filter (r.first_fetched_at > e.first_asked_at) as late,
    coalesce((list(e.key order by e.key) filter (r.first_fetched_at is null))[1:20], []) as missing_keys,
    coalesce((list(e.key order by e.key) filter (r.first_fetched_at > e.first_asked_at))[1:20], []) as late_keys
from expected e
left join received r using (feed, key, date)
group by e.date, e.feed
