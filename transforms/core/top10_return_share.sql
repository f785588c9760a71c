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
top10_return_share_21d = """\
Linked (Carino) contribution over 21 sessions of the ten issuers with the largest open weight on the window's first \
session, over the index's compounded return; NULL where that is below 0.005 in size."""
top10_return_share_63d = "The same over 63 sessions; NULL also where that window is not whole."
known_at = "When all weights and returns of the windows were known (UTC)."

[assertions]
"a share is a number" = "isfinite(top10_return_share_21d) and isfinite(top10_return_share_63d)"
*/
with linked as (
    select
        index_weight.date, index_code, weight_scheme, index_weight.issuer, index_weight.open_weight,
        exact(index_weight.open_weight * index_weight.price_return * index_return.link_factor) as contribution
    from core.index_weight
    join core.index_return using (date, index_code, weight_scheme)
    where index_weight.open_weight is not null
), summed as (
    select date, index_code, weight_scheme, issuer, contribution,
        sum(contribution) over (partition by index_code, weight_scheme, issuer order by date) as contribution_so_far,
        row_number() over (partition by date, index_code, weight_scheme order by open_weight desc, issuer) as place
    from linked
), opened as (
    select index_window.*, summed.issuer, summed.contribution_so_far - summed.contribution as contribution_before
    from core.index_window
    join summed
        on summed.date = index_window.first_date and summed.index_code = index_window.index_code
            and summed.weight_scheme = index_window.weight_scheme
        and summed.place <= 10
    where index_window.window_sessions in (21, 63)
), carried as (
    -- The link factor of the whole window cancels: contribution / return = linked contributions / log return.
    select
        opened.date, opened.index_code, opened.weight_scheme, opened.window_sessions,
        sum(exact(summed.contribution_so_far - opened.contribution_before))::double / any_value(opened.log_return)
            as return_share,
        any_value(opened.index_return) as index_return,
        any_value(opened.known_at) as known_at
    from opened
    asof join summed
        on summed.index_code = opened.index_code and summed.weight_scheme = opened.weight_scheme
            and summed.issuer = opened.issuer
        and opened.date >= summed.date
    group by opened.date, opened.index_code, opened.weight_scheme, opened.window_sessions
)
select
    date, index_code, weight_scheme,
    any_value(return_share) filter (window_sessions = 21 and abs(index_return) >= 0.005) as top10_return_share_21d,
    any_value(return_share) filter (window_sessions = 63 and abs(index_return) >= 0.005) as top10_return_share_63d,
    max(known_at) as known_at
from carried
group by date, index_code, weight_scheme
