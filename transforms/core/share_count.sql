/*
doc = """
Shares in force by security and session: the last accepted units of the feed's count (core.share_count_verdict tells what
passes, and when) times the splits of the session that multiply counts (core.split_kind). A change is spread over
nothing: a count that must settle comes into force on the session on which it has, and is known then. A session's
decision uses sessions up to it only; so a split seen before its ex-date is held until that day, like any other jump.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Session, from the security's first count to its last trading day."
shares_in_force = "Shares: the last accepted units x the session's split product."
units = """\
Last accepted count / split product of its session: shares before all recorded splits; a price adjustment such as a \
spin-off is none."""
count_date = "Day the feed dates the count in force."
count_age_sessions = "Sessions since the count in force was first reported, 0 on that session."
feed_count = "Shares reported by the feed, as of the session."
ratio = "Units of feed_count / the units accepted before the session; NULL on the first one."
status = "accepted, held, or split_noise: what became of feed_count."
held_sessions = "Sessions its row of held counts has stood, this one included; NULL unless held."
reason = "Why the count was not accepted; NULL when it was."
known_at = "When the session had closed and the counts, splits and evidence used could be known (UTC)."

[assertions]
"a company has shares" = "shares_in_force > 0"
"a count is not in force before it is reported" = "count_date <= date and count_age_sessions >= 0"
"an accepted count is in force" = "status <> 'accepted' or abs(shares_in_force / feed_count - 1) < 1e-12"
"what is not accepted has a reason" = "(status = 'accepted') = (reason is null)"
"a held count has stood" = "(status = 'held') = (held_sessions is not null) and held_sessions >= 1"
"what drifts by up to 4 % is not held" = "status <> 'held' or ratio not between 1 / 1.04 and 1.04"
*/
with span as (
    select share_count_verdict.*, share_count_spell.count_date, share_count_spell.said_position,
        share_count_spell.feed_count, share_count_spell.split_product, share_count_spell.recent_split,
            share_count_spell.known_at as count_known_at,
        coalesce(lead(share_count_verdict.first_position) over spells - 1, session.position,
            2147483647) as last_position
    from core.share_count_verdict
    join core.share_count_spell on share_count_spell.symbol = share_count_verdict.symbol
        and share_count_spell.number = share_count_verdict.spell_number
    left join staging.instrument on instrument.symbol = share_count_verdict.symbol
    asof left join staging.session on session.date <= instrument.until
    window spells as (partition by share_count_verdict.symbol order by share_count_verdict.number)
), by_session as (
    select span.*, session.date, session.position, session.known_at as closed_at,
        span.stood_before + session.position - span.first_position + 1 as stood,
        case
            when span.kind = 'split_noise' then 'split_noise'
            when stood >= span.sessions_needed then 'accepted'
            else 'held'
        end as status
    from span
    join staging.session on session.position between span.first_position and span.last_position
), in_force as (
    select *, last_value(case when status = 'accepted' then struct_pack(
            units := feed_units, count_date := count_date, said_position := said_position, known_at := known_at
        ) end ignore nulls) over (partition by symbol order by position) as force
    from by_session
)
select
    symbol,
    date,
    force.units * split_product as shares_in_force,
    force.units as units,
    force.count_date as count_date,
    position - force.said_position as count_age_sessions,
    feed_count,
    feed_units / lag(force.units) over (partition by symbol order by position) as ratio,
    status,
    case when status = 'held' then stood end as held_sessions,
    case status
        when 'held' then format('{:.4g} times the last accepted count, session {}', feed_units / force.units, stood)
            || coalesce(' of ' || sessions_needed::varchar, '')
            || case kind
                when 'step' then ': not settled yet'
                when 'oscillation' then ': the feed oscillates'
                when 'return' then ': back at the count from before the last leap'
                when 'leap' then if(sessions_needed is null, ': the ' || evidence || ' contradicts it',
                    ': a leap without evidence')
                when 'fall' then ': no company retires that much in a day, and no evidence says it did'
                when 'whole_number' then ': a mistake of unit, class or receipt unless evidence says otherwise'
            end
        when 'split_noise' then format('{:.4g} times the last accepted count: the split of {:.4g} for 1 seen late',
                                       feed_units / force.units, recent_split)
    end as reason,
    greatest(closed_at, count_known_at, known_at, force.known_at) as known_at
from in_force
