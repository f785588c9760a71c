/*
doc = """
Share counts that were held: one row per run of consecutive sessions in which the feed's count was too far from the
current one to be accepted at once. It leaves out counts that settled (core.share_count_verdict) and those that a split's
ex-date explains (the split seen early).
"""
grain = ["symbol", "first_date"]

[columns]
symbol = "Ticker."
first_date = "First session of the row."
last_date = "Last session of the row so far."
sessions = "Sessions the count has stood, without those of split noise."
feed_count = "Shares reported by the feed on last_date."
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
    select share_count.*, session.position, share_count.feed_count / share_count.shares_in_force as held_ratio,
        lead(share_count.status) over days as next_status,
        lead(share_count.ratio) over days as next_ratio,
        lead(share_count.held_sessions) over days as next_held_sessions,
        lead(share_count.date) over days as next_date,
        lead(share_count.known_at) over days as next_known_at
    from core.share_count
    join staging.session using (date)
    where share_count.status <> 'split_noise'
    window days as (partition by share_count.symbol order by share_count.date)
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
    from run
    where not exists (
        from core.split_kind
        asof join staging.session on split_kind.date <= session.date
        where split_kind.symbol = run.symbol
            and session.position > run.last_position and session.position - run.first_position <= 5
            and abs(run.ratio / split_kind.ratio - 1) <= 0.05
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
