/*
doc = """
In which order the tiers took the lead after a peak of the VIX, one row per declared episode (core.vix_episode,
core.tier_lead). The order expected is ai_leaders, then semiconductors, then crypto_equity; defensive is reported and not
judged. A row is settled once the three have led, or 63 sessions after the peak, not before the episode is declared;
nothing later changes it. A record of what happened, never a forecast.
"""
grain = ["episode"]

[columns]
episode = "Session of the VIX peak."
peak_vix_close = "VIX at the peak, index points."
declared_on = """\
First later session whose VIX close is at or below 0.8 of the peak: no one could speak of the episode before."""
defensive_lead_date = """\
First session on which the tier led: its cumulative log return over the Nasdaq Composite's since the peak above one \
deviation of its daily excess (63 sessions up to the peak) x sqrt(sessions since), and above 0 there and on the next \
two sessions. NULL where that did not happen by the settling session."""
ai_leaders_lead_date = "The same for ai_leaders."
semiconductors_lead_date = "The same for semiconductors."
crypto_equity_lead_date = "The same for crypto_equity."
order_observed = "The tiers that led by lead date, < between them, = on the same day; NULL while none has."
verdict = """\
match: ai_leaders before semiconductors before crypto_equity. tie: in that order, but two on one day. no_match: \
another order. incomplete: one of the three did not lead within 63 sessions. open: not settled yet. NULL: one of the \
three had too little history at the peak to tell."""
kendall_tau = """\
Kendall's tau-b of the three lead dates to the expected order: 1 as expected, -1 reversed; NULL unless all three have \
led, or when all led on one day."""
sessions_observed = "Sessions since the peak that the row looks at: until it was settled, or until the last one."
known_at = "When the settling session's prices were known (UTC); of an open episode the last session's."

[assertions]
"a verdict we know" = "verdict in ('match', 'tie', 'no_match', 'incomplete', 'open')"
"declared after the peak" = "declared_on > episode"
"a lead begins after the peak" = """\
least(defensive_lead_date, ai_leaders_lead_date, semiconductors_lead_date, crypto_equity_lead_date) > episode"""
"a match is in order" = """\
verdict <> 'match' or (ai_leaders_lead_date < semiconductors_lead_date and semiconductors_lead_date < \
crypto_equity_lead_date and kendall_tau = 1)"""
"an order takes three" = """\
(verdict in ('match', 'tie', 'no_match')) = (ai_leaders_lead_date is not null and semiconductors_lead_date is not null \
and crypto_equity_lead_date is not null)"""
"tau is a correlation" = "kendall_tau between -1 and 1"
"nothing is known before its day" = "known_at >= declared_on"
*/
with judged as (
    select episode,
        bool_and(has_history) as has_history,
        count(confirmed_position) = 3 as have_led,
        max(confirmed_position) as last_confirmed
    from core.tier_lead
    where tier in ('ai_leaders', 'semiconductors', 'crypto_equity')
    group by episode
), settled as (
    select vix_episode.*, judged.has_history,
        greatest(vix_episode.declared_position,
            if(judged.have_led, judged.last_confirmed, vix_episode.peak_position + 63)) as settling_position,
        -- The last session a tier has a level of: where prices are behind the calendar, nothing is over yet.
        (select max(basket_level.position) from core.basket_level
            join staging.basket using (basket) where role = 'tier')
            as last_position
    from core.vix_episode
    join judged using (episode)
), observed as (
    select *, least(settling_position, last_position) as observed_position from settled
), lead as (
    -- What a tier did after the row was settled is no part of it.
    select observed.episode, tier_lead.tier, tier_lead.lead_date, basket.position as place
    from observed
    join core.tier_lead on tier_lead.episode = observed.episode
        and tier_lead.confirmed_position <= observed.observed_position
    join staging.basket on basket.basket = tier_lead.tier
), ordered as (
    select episode,
        any_value(lead_date) filter (tier = 'defensive') as defensive,
        any_value(lead_date) filter (tier = 'ai_leaders') as ai_leaders,
        any_value(lead_date) filter (tier = 'semiconductors') as semiconductors,
        any_value(lead_date) filter (tier = 'crypto_equity') as crypto_equity
    from lead
    group by episode
), observed_order as (
    select episode, string_agg(tiers, ' < ' order by lead_date) as order_observed
    from (
        select episode, lead_date, string_agg(tier, ' = ' order by place) as tiers from lead group by episode, lead_date
    )
    group by episode
), agreed as (
    select *,
        sign(semiconductors - ai_leaders) as first_pair,
        sign(crypto_equity - semiconductors) as second_pair,
        sign(crypto_equity - ai_leaders) as outer_pair
    from ordered
), known_sequence as (
    select observed.episode, max(session.known_at) as session_known_at, max(basket_risk.known_at) as prices_known_at
    from observed
    join staging.session on session.position between observed.peak_position and observed.observed_position
    left join core.basket_risk
        on basket_risk.position = session.position
            and basket_risk.basket in (select basket from staging.basket where role = 'tier')
    group by observed.episode
)
select
    observed.episode,
    observed.peak_vix_close,
    observed.declared_on,
    agreed.defensive as defensive_lead_date,
    agreed.ai_leaders as ai_leaders_lead_date,
    agreed.semiconductors as semiconductors_lead_date,
    agreed.crypto_equity as crypto_equity_lead_date,
    observed_order.order_observed,
    case
        when not observed.has_history then null
        when observed.observed_position < observed.settling_position then 'open'
        when agreed.outer_pair is null or agreed.first_pair is null then 'incomplete'
        when least(agreed.first_pair, agreed.second_pair, agreed.outer_pair) < 0 then 'no_match'
        when least(agreed.first_pair, agreed.second_pair) = 0 then 'tie'
        else 'match'
    end as verdict,
    -- The expected order has no ties: only pairs that led on one day are taken from its three.
    (agreed.first_pair + agreed.second_pair + agreed.outer_pair)
        / nullif(sqrt(3 * (abs(agreed.first_pair) + abs(agreed.second_pair) + abs(agreed.outer_pair))),
            0) as kendall_tau,
    observed.observed_position - observed.peak_position as sessions_observed,
    greatest(observed.known_at, known_sequence.session_known_at, known_sequence.prices_known_at) as known_at
from observed
left join agreed using (episode)
left join observed_order using (episode)
join known_sequence using (episode)
