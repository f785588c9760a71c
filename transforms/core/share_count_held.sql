/*
doc = """
Share counts that were held: one row per row of sessions in which the feed's count was too far from the one in force to
be believed at once. Not among them are counts that settled (core.share_count_verdict) and those that a split's
ex-date explains (the split seen early).
"""
grain = ["symbol", "first_date"]

[columns]
symbol = "Ticker."
first_date = "First session of the row."
last_date = "Last session of the row so far."
sessions = "Sessions the count has stood, without those of split noise."
feed_count = "Shares the feed said on last_date."
ratio = "feed_count / the accepted count, both in split-neutral units."
outcome = "accepted (it passed after all), dropped (the feed came back), replaced (by a third count) or open."
reason = "The row in one sentence."
known_at = "When the row, and the session that ended it, could be known (UTC)."

[assertions]
"what is held is no drift" = "ratio not between 1 / 1.04 and 1.04"
"a count stands for a session at least" = "sessions >= 1"
"it ends after it starts" = "last_date >= first_date"
"an outcome we know" = "outcome in ('accepted', 'dropped', 'replaced', 'open')"
*/
with decided as (
    select c.*, s.position, c.feed_count / c.shares_in_force as held_ratio,
        lead(c.status) over days as next_status,
        lead(c.ratio) over days as next_ratio,
        lead(c.held_sessions) over days as next_held_sessions,
        lead(c.date) over days as next_date,
        lead(c.known_at) over days as next_known_at
    from core.share_count c
    join staging.session s using (date)
    where c.status <> 'split_noise'
    window days as (partition by c.symbol order by c.date)
), run as (
    select symbol,
        min(date) as first_date,
        max(date) as last_date,
        min(position) as first_position,
        max(position) as last_position,
        max(held_sessions) as sessions,
        arg_max(feed_count, date) as feed_count,
        arg_max(held_ratio, date) as ratio,
        arg_max(reason, date) as last_reason,
        max(known_at) as known_at,
        -- What follows the run's last session; nothing when that is the newest one.
        arg_max(struct_pack(
            status := next_status, ratio := next_ratio, held_sessions := next_held_sessions, date := next_date,
            known_at := next_known_at
        ), date) as next
    from (
        select *, sum((held_sessions = 1)::integer) over (partition by symbol order by date) as number
        from decided
        where status = 'held'
    )
    group by symbol, number
), judged as (
    select *,
        case
            when next.status is null then 'open'
            when next.status = 'held' then 'replaced'
            when abs(ln(next.ratio)) <= ln(1.04) + 1e-9 then 'dropped'
            when abs(ln(next.ratio / ratio)) <= ln(1.25) + 1e-9 then 'accepted'
            else 'replaced'
        end as outcome
    from run r
    where not exists (
        from core.split_kind p
        asof join staging.session s on p.date <= s.date
        where p.symbol = r.symbol
            and s.position > r.last_position and s.position - r.first_position <= 5
            and abs(r.ratio / p.ratio - 1) <= 0.05
    )
)
select
    symbol,
    first_date,
    last_date,
    sessions,
    feed_count,
    ratio,
    outcome,
    format('Shares {:.4g} times the last accepted count for {} session{}: ', ratio, sessions,
           if(sessions = 1, '', 's'))
        || case outcome
            when 'accepted' then 'accepted on ' || next.date::varchar
            when 'dropped' then 'the feed came back to the accepted count on ' || next.date::varchar
            when 'replaced' then 'another count took its place on ' || next.date::varchar
            when 'open' then regexp_replace(last_reason, '^.*?: ', '')
        end as reason,
    greatest(known_at, next.known_at) as known_at
from judged
where outcome <> 'accepted' or ratio not between 0.8 and 1.25
