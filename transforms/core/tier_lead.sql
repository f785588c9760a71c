/*
doc = """
Whether and when each tier took the lead after a peak of the VIX: one row per episode and tier. A tier leads from the
first session after the peak on which its cumulative log return over the Nasdaq Composite's since the peak exceeds one
deviation of its daily excess x sqrt(sessions since), and is above 0 there and on the next two sessions; all of that
within 63 sessions. Sessions without a level of the tier or the Composite are passed over.
"""
grain = ["episode", "tier"]

[columns]
episode = "Session of the VIX peak."
tier = "Basket of role tier."
deviation = "Sample standard deviation of the tier's daily log return minus the Composite's, over the 63 sessions that end on the peak; NULL under 50 of them."
has_history = "Whether the lead can be told: there is a deviation, and a level at the peak or on one of the four sessions before."
lead_date = "First session of the lead; NULL where there is none, or not yet."
lead_position = "Number of that session."
confirmed_position = "Number of the third session on which the excess was above 0, counted from lead_date: only from then on the lead is known."
known_at = "When the prices until the lead was confirmed were known (UTC); without a lead, those until the 63rd session after the peak or the last one."

[assertions]
"a lead has a history" = "has_history or lead_date is null"
"a lead begins after the peak" = "lead_date > episode"
"a lead is known on its third session" = "confirmed_position >= lead_position + 2 and (lead_date is null) = (confirmed_position is null)"
"nothing is known before its day" = "known_at >= coalesce(lead_date, episode)"
*/
with tier as (
    select e.episode, e.peak_position, b.basket as tier
    from core.vix_episode e
    cross join (select basket from staging.basket where role = 'tier') b
), deviated as (
    select t.episode, t.tier,
        case when count(*) >= 50
            then stddev_samp(ln(1 + r.basket_return) - ln(1 + r.benchmark_return) order by r.position) end as deviation
    from tier t
    join core.basket_risk r
        on r.basket = t.tier and r.position between t.peak_position - 62 and t.peak_position
    where r.basket_return is not null and r.benchmark_return is not null
    group by t.episode, t.tier
), started as (
    select t.episode, t.tier, arg_max(struct_pack(run := l.run, level := l.relative_log_level), l.position) as start
    from tier t
    join core.basket_level l on l.basket = t.tier and l.position between t.peak_position - 4 and t.peak_position
    where l.relative_log_level is not null
    group by t.episode, t.tier
), path as (
    select t.episode, t.tier, l.date, l.position,
        l.relative_log_level - s.start.level as excess,
        d.deviation * sqrt(l.position - t.peak_position) as hurdle
    from tier t
    join deviated d using (episode, tier)
    join started s using (episode, tier)
    join core.basket_level l
        on l.basket = t.tier and l.run = s.start.run
        and l.position between t.peak_position + 1 and t.peak_position + 63
    where l.relative_log_level is not null
), held as (
    select *,
        least(excess, lead(excess, 1) over days, lead(excess, 2) over days) > 0
            and lead(position, 2) over days is not null as holds,
        lead(position, 2) over days as third_position
    from path
    window days as (partition by episode, tier order by position)
), led as (
    select episode, tier, min(position) as lead_position, min(date) as lead_date,
        min(third_position) as confirmed_position
    from held
    where excess > hurdle and holds
    group by episode, tier
), looked_at as (
    select t.episode, t.tier,
        max(s.known_at) as session_known_at,
        max(r.known_at) as prices_known_at
    from tier t
    left join led using (episode, tier)
    join staging.session s
        on s.position between t.peak_position and coalesce(led.confirmed_position, t.peak_position + 63)
    left join core.basket_risk r on r.basket = t.tier and r.position = s.position
    group by t.episode, t.tier
)
select
    t.episode,
    t.tier,
    d.deviation,
    d.deviation is not null and s.start is not null as has_history,
    l.lead_date,
    l.lead_position,
    l.confirmed_position,
    greatest(e.known_at, k.session_known_at, k.prices_known_at) as known_at
from tier t
join core.vix_episode e using (episode)
left join deviated d using (episode, tier)
left join started s using (episode, tier)
left join led l using (episode, tier)
join looked_at k using (episode, tier)
