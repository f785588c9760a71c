/*
doc = """
What each issuer added to an index's compounded return over the last 5, 21 and 63 sessions, linked by Carino's method:
one row per session, index, weighting, window and issuer that contributed on one of its days. The contributions of a
window add up to its return. A session without an index return has no row of its own; inside a window it adds nothing
itself, since the next day carries both. A window is there once it is whole: with less history, or with a stretch lost
in it, it has no rows.
"""
grain = ["date", "index_code", "weight_scheme", "window_sessions", "issuer"]

[columns]
date = "Session, the last of the window."
index_code = "Code of the universe, NDX for the Nasdaq-100."
weight_scheme = "How the universe is weighted (core.weight_scheme)."
window_sessions = """\
Sessions of the calendar that the window spans, today included: 5, 21 or 63. One on which nothing traded is one of \
them, and the next one's return covers both."""
issuer = "Issuer with an open weight on a session of the window, a member today or not."
contribution = """\
Linked contribution to index_return: the sum of contribution x ln(1 + R) / R of each session, over the same factor of \
the whole window."""
contribution_sessions = "Sessions of the window on which the issuer had an open weight."
index_return = "The index's compounded return over the window: the sum of its contributions."
start_date = """\
Session at whose close the window starts; earlier than window_sessions ago, at most by four, where that one had no \
return."""
known_at = "When all contributions of the window could be known (UTC)."

[assertions]
"three windows" = "window_sessions in (5, 21, 63)"
"no more contributions than sessions" = "contribution_sessions between 1 and window_sessions"
"a window starts before its last session" = "start_date < date"
"the contributions add up to the return" = """(date, index_code, weight_scheme, window_sessions) not in (
    select (date, index_code, weight_scheme, window_sessions) from marts.contribution_window
    group by date, index_code, weight_scheme, window_sessions
    having abs(sum(contribution) - any_value(index_return)) > 1e-12)"""
*/
with linked as (
    select
        index_code, weight_scheme, index_weight.issuer, index_return.position,
        exact(index_weight.open_weight * index_weight.price_return * index_return.link_factor) as contribution
    from core.index_weight
    join core.index_return using (date, index_code, weight_scheme)
    where index_weight.open_weight is not null
), stay as (
    select index_code, weight_scheme, issuer, min(position) as first_position, max(position) as last_position
    from linked
    group by index_code, weight_scheme, issuer
), member_stay as (
    -- A member that left stays in the windows it contributed to.
    select index_return.date, index_return.position, stay.index_code, stay.weight_scheme, stay.issuer,
        linked.contribution
    from stay
    join core.index_return
        on index_return.index_code = stay.index_code and index_return.weight_scheme = stay.weight_scheme
        and index_return.position between stay.first_position and stay.last_position + 62
    left join linked
        on linked.index_code = stay.index_code and linked.weight_scheme = stay.weight_scheme
            and linked.issuer = stay.issuer
        and linked.position = index_return.position
), summed as (
    select date, index_code, weight_scheme, issuer, unnest([
        struct_pack(window_sessions := 5, linked := sum(contribution) over w5, sessions := count(contribution) over w5),
        struct_pack(window_sessions := 21, linked := sum(contribution) over w21,
            sessions := count(contribution) over w21),
        struct_pack(window_sessions := 63, linked := sum(contribution) over w63,
            sessions := count(contribution) over w63)
    ], recursive := true)
    from member_stay
    window
        w5 as (partition by index_code, weight_scheme, issuer order by position range between 4 preceding
            and current row),
        w21 as (partition by index_code, weight_scheme, issuer order by position range between 20 preceding
            and current row),
        w63 as (partition by index_code, weight_scheme, issuer order by position range between 62 preceding
            and current row)
)
select summed.date, summed.index_code, summed.weight_scheme, summed.window_sessions, summed.issuer,
    summed.linked::double / index_window.link_factor as contribution,
    summed.sessions as contribution_sessions,
    index_window.index_return,
    index_window.start_date,
    index_window.known_at
from summed
join core.index_window using (date, index_code, weight_scheme, window_sessions)
where summed.sessions > 0
