/*
doc = """
Index shares solved from each published list of weights, by security: weight over split-free close of the list's session,
which core.weight_list_date tells; a list that it holds is left out. Only whole lists count: their weights add to 0.98 to
1.02, and securities that had a close that day hold 0.90 of it.
"""
grain = ["index_code", "list_date", "published_on", "symbol"]

[columns]
index_code = "Code of the universe."
list_date = "Session at whose close the list holds, which may be another than the day it is dated."
published_on = "Day the list was published."
position = "Number of the session list_date."
symbol = "Security on the list with a close that day."
issuer = "Its issuer: the company's primary line."
weight = "Published weight, 0 to 1."
index_shares = """\
weight / level of the security at the close (core.held_level): index shares before all splits, in a scale that holds \
within the list."""
known_at = "When the whole list and the closes could be known (UTC)."

[assertions]
"weights are fractions" = "weight > 0 and weight <= 1"
"index shares are positive" = "index_shares > 0"
*/
with listed as (
    select
        published_weight.index_code, session.date as list_date, published_weight.published_on, published_weight.date,
            session.position, published_weight.symbol,
        coalesce(instrument.issuer, published_weight.symbol) as issuer, published_weight.weight, held_level.level,
        greatest(published_weight.known_at, weight_list_date.known_at, session.known_at,
            held_level.known_at) as known_at
    from staging.published_weight
    left join core.weight_list_date
        on weight_list_date.index_code = published_weight.index_code and weight_list_date.date = published_weight.date
            and weight_list_date.published_on = published_weight.published_on
    join staging.session
        on session.date = if(weight_list_date.reason is null, published_weight.date, weight_list_date.list_date)
    left join staging.instrument using (symbol)
    left join core.held_level on held_level.symbol = published_weight.symbol and held_level.date = session.date
), complete_list as (
    select index_code, list_date, published_on, date, max(known_at) as known_at
    from listed
    group by index_code, list_date, published_on, date
    having sum(exact(weight)) between 0.98 and 1.02
        and sum(exact(weight)) filter (level is not null) >= 0.9
    -- Of two lists published on one day for one session the one that is dated so stands.
    qualify row_number() over (partition by index_code, list_date, published_on order by date <> list_date, date) = 1
)
select
    index_code, list_date, published_on, position, symbol, issuer, weight,
    weight / level as index_shares,
    complete_list.known_at
from listed
join complete_list using (index_code, list_date, published_on, date)
where level is not null and weight > 0
