/*
doc = """
Shares in force by security and session. The feed's count of a session (its newest, carried forward) is compared in
split-neutral units (count / split product of that session) with the last accepted one:
within 0.8 to 1.25 times of it, it is accepted;
on an ex-date or in the five sessions after it, a count off by exactly that split (5 %) is the split seen late, and
changes nothing: it neither accepts nor counts for or against a run;
anything else is held, and accepted on the 63rd session of a run. A run is a row of held sessions in which each
count lies within 0.8 to 1.25 times of the one held before; a count in the accepted one's band ends it, a third
count begins its own.
A session's decision uses sessions up to it only. So a split seen before its ex-date is held until that day, like any
other jump: what is in force is the same.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Session, from the security's first count to its last trading day."
shares_in_force = "Shares: the last accepted units x the session's split product."
units = "Last accepted count / split product of its session: shares before all recorded splits."
count_date = "Day the feed dates the count in force."
count_age_sessions = "Sessions since the count in force was first said, 0 on that session."
feed_count = "Shares the feed says, as of the session."
ratio = "Units of feed_count / the units accepted before the session; NULL on the first one."
status = "accepted, held, or split_noise: what became of feed_count."
held_sessions = "Sessions its run of held counts has stood, this one included; NULL unless held."
reason = "Why the count was not accepted; NULL when it was."
known_at = "When the session had closed and the counts and splits used could be known (UTC)."

[promises]
"a company has shares" = "shares_in_force > 0"
"a count is not in force before it is said" = "count_date <= date and count_age_sessions >= 0"
"an accepted count is in force" = "status <> 'accepted' or abs(shares_in_force / feed_count - 1) < 1e-12"
"what is not accepted has a reason" = "(status = 'accepted') = (reason is null)"
"no count is held for 63 sessions" = "held_sessions between 1 and 62"
"a held count is out of the band" = "status <> 'held' or ratio not between 0.8 and 1.25"
*/
with recursive count_step as (
    select c.symbol, s.position, c.date as count_date, c.shares_outstanding, c.known_at
    from staging.shares_outstanding c
    asof join staging.session s on c.date <= s.date
    qualify row_number() over (partition by c.symbol, s.position order by c.date desc) = 1
), split_step as (
    select p.symbol, s.position, p.ratio, p.known_at,
        product(p.ratio) over (partition by p.symbol order by p.date) as split_product
    from staging.split p
    asof join staging.session s on p.date <= s.date
    qualify row_number() over (partition by p.symbol, s.position order by p.date desc) = 1
), day as (
    select c.symbol, s.date, s.position, n.count_date, n.position as said_position, n.shares_outstanding as feed_count,
        coalesce(p.split_product, 1) as split_product,
        n.shares_outstanding / coalesce(p.split_product, 1) as feed_units,
        case when s.position - p.position <= 5 then p.ratio end as recent_ratio,
        s.known_at as closed_at, n.known_at as count_known_at,
        p.position as split_position, p.known_at as split_known_at
    from (select symbol, min(position) as first_position from count_step group by symbol) c
    left join staging.instrument i using (symbol)
    join staging.session s on s.position >= c.first_position and (i.until is null or s.date <= i.until)
    asof join count_step n on n.symbol = c.symbol and n.position <= s.position
    asof left join split_step p on p.symbol = c.symbol and p.position <= s.position
), numbered as (
    -- A spell is a row of sessions that must be decided alike: the same units, as near to the same split.
    select *, sum(is_new) over (partition by symbol order by position) as number
    from (
        select *, (
            feed_units is distinct from lag(feed_units) over days
            or recent_ratio is distinct from lag(recent_ratio) over days
        )::integer as is_new
        from day
        window days as (partition by symbol order by position)
    )
), spell as (
    select symbol, number, min(position) as first_position, count(*) as sessions,
        any_value(feed_units) as feed_units, any_value(recent_ratio) as recent_ratio
    from numbered
    group by symbol, number
), decided as (
    -- accepted, held: the units accepted last and held last; run: sessions the held ones have stood, of which
    -- run_before stood before the spell.
    select symbol, number, feed_units as accepted, feed_units as held, 'accepted' as verdict,
        0::bigint as run_before, 0::bigint as run
    from spell
    where number = 1
    union all
    select symbol, number,
        case when new_verdict = 'accepted' or new_verdict = 'held' and stood >= 63 then feed_units else accepted end,
        case when new_verdict = 'held' then feed_units else held end,
        new_verdict,
        stood_before,
        case new_verdict
            when 'accepted' then 0
            when 'held' then if(stood >= 63, 0, stood)
            when 'split_noise' then stood_before
        end
    from (
        select *, stood_before + sessions as stood
        from (
            select s.symbol, s.number, s.sessions, s.feed_units, d.accepted, d.held,
                case
                    when s.feed_units / d.accepted between 0.8 and 1.25 then 'accepted'
                    when abs(s.feed_units / d.accepted * s.recent_ratio - 1) <= 0.05 then 'split_noise'
                    else 'held'
                end as new_verdict,
                -- Split noise passes the run on as it was; a held count continues it or begins its own.
                case when new_verdict = 'split_noise' or s.feed_units / d.held between 0.8 and 1.25
                    then d.run else 0 end as stood_before
            from decided d
            join spell s on s.symbol = d.symbol and s.number = d.number + 1
        )
    )
), by_session as (
    select n.*,
        d.run_before + n.position - s.first_position + 1 as stood,
        case when d.verdict = 'held' and stood >= 63 then 'accepted' else d.verdict end as status
    from numbered n
    join spell s using (symbol, number)
    join decided d using (symbol, number)
), in_force as (
    select *, last_value(case when status = 'accepted' then struct_pack(
            units := feed_units, count_date := count_date, said_position := said_position, position := position,
            known_at := count_known_at
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
        when 'held' then format('{:.4g} times the last accepted count, session {} of 63', ratio, stood)
        when 'split_noise' then format('{:.4g} times the last accepted count: the split of {:.4g} for 1 seen late',
                                       ratio, recent_ratio)
    end as reason,
    greatest(
        closed_at, count_known_at, force.known_at,
        case when split_position > force.position or recent_ratio is not null then split_known_at end
    ) as known_at
from in_force
