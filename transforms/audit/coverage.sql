/*
doc = """
What was requested from the daily feeds and what was received, by session: every instrument that traded and every daily
series, once it was due by its availability rule and a fetch after that time requested it.
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
    select rule.feed, rule.key, rule.rule, rule.lag, instrument.since, instrument.until
    from rule
    join staging.instrument on instrument.symbol = rule.key
    where rule.feed = 'bars'
    union all
    select rule.feed, rule.key, rule.rule, rule.lag, series.since, null
    from rule
    join staging.series on series.series_id = rule.key
    where rule.feed = 'observations' and series.frequency = 'daily'
), due as (
    select rule_row.rule, rule_row.lag, observed_session.date, observed_session.position,
        case rule_row.rule
            when 'after_close_minutes' then observed_session.close_at + rule_row.lag * interval 1 minute
            when 'after_utc_midnight_minutes'
                then observed_session.date + interval 1 day + rule_row.lag * interval 1 minute
            when 'lag_business_days'
                then (due_session.date + time '23:59:00') at time zone 'America/New_York' at time zone 'UTC'
            -- Of a day on which the Board is closed there is no yield to expect.
            when 'lag_federal_business_days'
                then (due_day.date + time '23:59:00') at time zone 'America/New_York' at time zone 'UTC'
            when 'lag_days'
                then (observed_session.date + rule_row.lag
                    + time '23:59:00') at time zone 'America/New_York' at time zone 'UTC'
        end as due_at
    from (select distinct rule, lag from alive) rule_row
    cross join staging.session observed_session
    left join staging.session due_session on due_session.position = observed_session.position + rule_row.lag
    left join staging.business_day observed_day on observed_day.date = observed_session.date
    left join staging.business_day due_day on due_day.position = observed_day.position + rule_row.lag
), asked as (
    -- Sessions by number, so that a range of them is unfolded and not searched.
    select fetch_outcome.feed, fetch_outcome.key, alive.rule, alive.lag, fetch_outcome.fetched_at,
        unnest(range(first_session.position, last_session.position + 1)) as position
    from raw.fetch_outcome
    join alive using (feed, key)
    asof join staging.session first_session on greatest(fetch_outcome.asked_from, alive.since) <= first_session.date
    asof join staging.session last_session
        on least(fetch_outcome.asked_to, coalesce(alive.until, fetch_outcome.asked_to)) >= last_session.date
    where fetch_outcome.fetched_at <= getvariable('recorded_by')
), expected as (
    select asked.feed, asked.key, due.date, min(asked.fetched_at) as first_asked_at
    from asked
    join due on due.rule = asked.rule and due.lag = asked.lag and due.position = asked.position
    where due.due_at <= least(asked.fetched_at, getvariable('as_of'))
    group by asked.feed, asked.key, due.date
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
    expected.date,
    expected.feed,
    count(*) as expected,
    count(received.first_fetched_at) as received,
    count(*) - count(received.first_fetched_at) as missing,
    count(*) filter (received.first_fetched_at > expected.first_asked_at) as late,
    coalesce((list(expected.key order by expected.key) filter (received.first_fetched_at is null))[1:20],
        []) as missing_keys,
    coalesce((list(expected.key
        order by expected.key) filter (received.first_fetched_at > expected.first_asked_at))[1:20], []) as late_keys
from expected
left join received using (feed, key, date)
group by expected.date, expected.feed
