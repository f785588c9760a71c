/*
doc = """
What each member issuer is worth by plain market capitalisation, one row per session and issuer: also of one that is
missing, with the value it was last known to have (core.weight_coverage).
"""
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Issuer with a member security that day, counted whole."
close_value = "Dollars at the session's close; NULL without a close or a count."
last_value = "The newest close_value up to this session, dollars; NULL before the first."
open_value = "Dollars at the last close before the session; NULL without a return."
price_return = "The issuer's return since previous_date."
previous_date = "Session at whose close open_value was valued."
known_at = "When these values could be known (UTC); NULL while nothing is."

[assertions]
"a value today is the last one" = "close_value is null or last_value is not distinct from close_value"
"an opening value has a return" = "(open_value is null) = (price_return is null)"
*/
with member as (
    select distinct date, index_code, issuer from core.index_member
), known as (
    select issuer, date, market_cap, known_at from core.issuer_value where market_cap is not null
)
select
    m.date, m.index_code, m.issuer,
    v.market_cap as close_value,
    k.market_cap as last_value,
    v.open_market_cap as open_value,
    v.price_return,
    v.previous_date,
    greatest(v.known_at, k.known_at) as known_at
from member m
left join core.issuer_value v on v.issuer = m.issuer and v.date = m.date
asof left join known k on k.issuer = m.issuer and k.date <= m.date
