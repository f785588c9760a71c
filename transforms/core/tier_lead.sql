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
deviation = """\
Sample standard deviation of the tier's daily log return minus the Composite's, over the 63 sessions that end on the \
peak; NULL under 50 of them."""
has_history = """\
Whether the lead can be told: there is a deviation, and a level at the peak or on one of the four sessions before."""
lead_date = "First session of the lead; NULL where there is none, or not yet."
lead_position = "Number of that session."
confirmed_position = """\
Number of the third session on which the excess was above 0, counted from lead_date: only from then on the lead is \
known."""
known_at = """\
When the prices until the lead was confirmed were known (UTC); without a lead, those until the 63rd session after the \
peak or the last one."""

[assertions]
"a lead has a history" = "has_history or lead_date is null"
"a lead begins after the peak" = "lead_date > episode"
"a lead is known on its third session" = """\
confirmed_position >= lead_position + 2 and (lead_date is null) = (confirmed_position is null)"""
"nothing is known before its day" = "known_at >= coalesce(lead_date, episode)"
*/
with tier as (
    select vix_episode.episode, vix_episode.peak_position, tier_basket.basket as tier
    from core.vix_episode
    cross join (select basket from staging.basket where role = 'tier') tier_basket
), deviated as (
    select tier.episode, tier.tier,
        case when count(*) >= 50
            then stddev_samp(ln(1 + basket_risk.basket_return) - ln(1 + basket_risk.benchmark_return)
                order by basket_risk.position) end as deviation
    from tier
    join core.basket_risk
        on basket_risk.basket = tier.tier and basket_risk.position between tier.peak_position - 62
            and tier.peak_position
    where basket_risk.basket_return is not null and basket_risk.benchmark_return is not null
    group by tier.episode, tier.tier
), started as (
    select tier.episode, tier.tier,
        arg_max(struct_pack(run := basket_level.run, level := basket_level.relative_log_level),
            basket_level.position) as start
    from tier
    join core.basket_level on basket_level.basket = tier.tier and basket_level.position between tier.peak_position - 4
        and tier.peak_position
    where basket_level.relative_log_level is not null
    group by tier.episode, tier.tier
), path as (
    select tier.episode, tier.tier, basket_level.date, basket_level.position,
        basket_level.relative_log_level - started.start.level as excess,
        deviated.deviation * sqrt(basket_level.position - tier.peak_position) as hurdle
    from tier
    join deviated using (episode, tier)
    join started using (episode, tier)
    join core.basket_level
        on basket_level.basket = tier.tier and basket_level.run = started.start.run
        and basket_level.position between tier.peak_position + 1 and tier.peak_position + 63
    where basket_level.relative_log_level is not null
), lead_over_three_sessions as (
    select *,
        least(excess, lead(excess, 1) over days, lead(excess, 2) over days) > 0
            and lead(position, 2) over days is not null as holds,
        lead(position, 2) over days as third_position
    from path
    window days as (partition by episode, tier order by position)
), led as (
    select episode, tier, min(position) as lead_position, min(date) as lead_date,
        min(third_position) as confirmed_position
    from lead_over_three_sessions
    where excess > hurdle and holds
    group by episode, tier
), looked_at as (
    select tier.episode, tier.tier,
        max(session.known_at) as session_known_at,
        max(basket_risk.known_at) as prices_known_at
    from tier
    left join led using (episode, tier)
    join staging.session
        on session.position between tier.peak_position and coalesce(led.confirmed_position, tier.peak_position + 63)
    left join core.basket_risk on basket_risk.basket = tier.tier and basket_risk.position = session.position
    group by tier.episode, tier.tier
)
select
    tier.episode,
    tier.tier,
    deviated.deviation,
    deviated.deviation is not null and started.start is not null as has_history,
    led.lead_date,
    led.lead_position,
    led.confirmed_position,
    greatest(vix_episode.known_at, looked_at.session_known_at, looked_at.prices_known_at) as known_at
from tier
join core.vix_episode using (episode)
left join deviated using (episode, tier)
left join started using (episode, tier)
left join led using (episode, tier)
join looked_at using (episode, tier)
