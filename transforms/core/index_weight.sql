/*
doc = "Weights of every weighting, one row per session, index, weighting and issuer: what the concentration marts read."
grain = ["date", "index_code", "weight_scheme", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
weight_scheme = """\
full_cap: plain market capitalization; capped: index shares by the published rules; anchored: index shares solved from \
the newest published list."""
issuer = "Member issuer: the company's primary line. Under anchored it stands for its listed lines together."
market_cap = """\
Dollars at the session's close, the whole company's, whatever part the weighting counts; NULL where it cannot be told."""
weight = "Weight at the session's close; 0 to 1."
open_weight = "Weight the session opened with, over the members that have a return; 0 to 1."
price_return = "The issuer's return since previous_date."
previous_date = "Session at whose close open_weight was valued."
known_at = "When all the weights of the session could be known (UTC)."

[assertions]
"a weighting we know" = "weight_scheme in ('full_cap', 'capped', 'anchored')"
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
union all
select
    date, index_code, 'capped' as weight_scheme, issuer,
    market_cap, weight, open_weight, price_return, previous_date, known_at
from core.capped_weight
union all
select
    date, index_code, 'anchored' as weight_scheme, issuer,
    market_cap, weight, open_weight, price_return, previous_date, known_at
from core.anchored_weight
