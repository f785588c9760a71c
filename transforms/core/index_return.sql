/*
doc = """
The return of each index and weighting by session, chained: how far the days can be linked to one return. A row for
every session with a return; a session without one loses nothing, since the next one carries both.
"""
grain = ["date", "index_code", "weight_scheme"]

[columns]
date = "Session with a return."
index_code = "Code of the universe."
weight_scheme = "How the universe is weighted (core.weight_scheme)."
position = "Number of the session."
index_return = "Sum of the issuers' contributions: open weight x price return."
link_factor = """\
Carino's factor ln(1 + index_return) / index_return, 1 where index_return is 0: a contribution times it adds up over \
sessions."""
start_date = """\
Session at whose close the return starts: the one of the row before, or where a chain begins the last one an issuer \
was valued at."""
start_position = "Number of that session."
chain = """\
Number of the chain, 1 for the first; a new one begins where sessions are lost: after more than five without a return, \
or where an issuer's return starts after the index's last one."""
known_at = "When all weights and returns of the session were known (UTC)."

[assertions]
"an index loses less than everything" = "index_return > -1"
"a link factor is a positive number" = "link_factor > 0 and isfinite(link_factor)"
"a return spans five sessions at most" = "position - start_position between 1 and 5"
*/
with daily as (
    select
        date, index_code, weight_scheme,
        sum(exact(open_weight * price_return))::double as index_return,
        max(previous_date) as opened_date,
        max(known_at) as known_at
    from core.index_weight
    where open_weight is not null
    group by date, index_code, weight_scheme
), placed as (
    select daily.*, close_session.position, open_session.position as opened_position,
        lag(daily.date) over days as last_date,
        lag(close_session.position) over days as last_position
    from daily
    join staging.session close_session on close_session.date = daily.date
    join staging.session open_session on open_session.date = daily.opened_date
    window days as (partition by index_code, weight_scheme order by close_session.position)
), chained as (
    select *,
        -- An issuer valued after the index's last return has lost the part before: that day was not whole enough.
        coalesce(position - last_position <= 5 and opened_position <= last_position, false) as continues
    from placed
)
select
    date, index_code, weight_scheme, position, index_return,
    -- Kahan's quotient keeps every digit of ln(1 + x) / x near 0, where ln(1 + x) alone loses them.
    case when 1 + index_return = 1 then 1 else ln(1 + index_return) / ((1 + index_return) - 1) end as link_factor,
    if(continues, last_date, opened_date) as start_date,
    if(continues, last_position, opened_position) as start_position,
    count(*) filter (not continues) over (
        partition by index_code, weight_scheme order by position rows between unbounded preceding and current row
    ) as chain,
    known_at
from chained
