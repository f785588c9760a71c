/*
doc = "Weights of every weighting, one row per session, index, weighting and issuer: what the concentration marts read."
grain = ["date", "index_code", "weight_scheme", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
weight_scheme = "full_cap: plain market capitalisation."
issuer = "Member issuer: the company's primary line."
market_cap = "Dollars at the session's close that the weighting counts; NULL without a close."
weight = "Weight at the session's close; 0 to 1."
open_weight = "Weight the session opened with, over the members that have a return; 0 to 1."
price_return = "The issuer's return since previous_date."
previous_date = "Session at whose close open_weight was valued."
known_at = "When all the weights of the session could be known (UTC)."

[promises]
"a weighting we know" = "weight_scheme in ('full_cap')"
"weights are fractions" = "weight between 0 and 1 and open_weight between 0 and 1"
"an open weight has a return" = "(open_weight is null) = (price_return is null)"
"the weights of a session add to one" = """(date, index_code, weight_scheme) not in (
    select (date, index_code, weight_scheme) from core.index_weight group by date, index_code, weight_scheme
    having abs(sum(weight) - 1) > 1e-9 or abs(sum(open_weight) - 1) > 1e-9)"""
*/
select
    date, index_code, 'full_cap' as weight_scheme, issuer,
    market_cap, weight, open_weight, price_return, previous_date, known_at
from core.full_cap_weight
