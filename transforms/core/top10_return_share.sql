/*
doc = """
How much of an index's return the issuers carried that were its ten largest when the window opened: one row per session
with a whole 21-session window (core.index_window), index and weighting. The share may exceed 1 or be negative.
"""
grain = ["date", "index_code", "weight_scheme"]

[columns]
date = "Session."
index_code = "Code of the universe."
weight_scheme = "How the universe is weighted (core.weight_scheme)."
top10_return_share_21d = "Linked (Carino) contribution over 21 sessions of the ten issuers with the largest open weight on the window's first session, over the index's compounded return; NULL where that is below 0.005 in size."
top10_return_share_63d = "The same over 63 sessions; NULL also where that window is not whole."
known_at = "When all weights and returns of the windows were known (UTC)."

[assertions]
"a share is a number" = "isfinite(top10_return_share_21d) and isfinite(top10_return_share_63d)"
*/
with linked as (
    select
        w.date, index_code, weight_scheme, w.issuer, w.open_weight,
        -- Decimals add exactly in any order, so that what comes later moves no last digit.
        (w.open_weight * w.price_return * r.link_factor)::decimal(38, 18) as contribution
    from core.index_weight w
    join core.index_return r using (date, index_code, weight_scheme)
    where w.open_weight is not null
), summed as (
    select date, index_code, weight_scheme, issuer, contribution,
        sum(contribution) over (partition by index_code, weight_scheme, issuer order by date) as contribution_so_far,
        row_number() over (partition by date, index_code, weight_scheme order by open_weight desc, issuer) as place
    from linked
), opened as (
    select i.*, s.issuer, s.contribution_so_far - s.contribution as contribution_before
    from core.index_window i
    join summed s
        on s.date = i.first_date and s.index_code = i.index_code and s.weight_scheme = i.weight_scheme
        and s.place <= 10
    where i.window_sessions in (21, 63)
), carried as (
    -- The link factor of the whole window cancels: contribution / return = linked contributions / log return.
    select
        o.date, o.index_code, o.weight_scheme, o.window_sessions,
        sum(s.contribution_so_far - o.contribution_before)::double / any_value(o.log_return) as return_share,
        any_value(o.index_return) as index_return,
        any_value(o.known_at) as known_at
    from opened o
    asof join summed s
        on s.index_code = o.index_code and s.weight_scheme = o.weight_scheme and s.issuer = o.issuer
        and o.date >= s.date
    group by o.date, o.index_code, o.weight_scheme, o.window_sessions
)
select
    date, index_code, weight_scheme,
    any_value(return_share) filter (window_sessions = 21 and abs(index_return) >= 0.005) as top10_return_share_21d,
    any_value(return_share) filter (window_sessions = 63 and abs(index_return) >= 0.005) as top10_return_share_63d,
    max(known_at) as known_at
from carried
group by date, index_code, weight_scheme
