/*
doc = """
What each member issuer is worth by plain market capitalization, one row per session and issuer: also of one that is
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
), known_value as (
    select issuer, date, market_cap, known_at from core.issuer_value where market_cap is not null
)
select
    member.date, member.index_code, member.issuer,
    issuer_value.market_cap as close_value,
    known_value.market_cap as last_value,
    issuer_value.open_market_cap as open_value,
    issuer_value.price_return,
    issuer_value.previous_date,
    greatest(issuer_value.known_at, known_value.known_at) as known_at
from member
left join core.issuer_value on issuer_value.issuer = member.issuer and issuer_value.date = member.date
asof left join known_value on known_value.issuer = member.issuer and known_value.date <= member.date
