/*
doc = """
What one original share's holder has of a company at the close: close x splits, without the price adjustments of spin-offs
(core.split_kind). core.security_price.level carries those on, so that returns do not break; what an index holds does
break, since the shares distributed leave it. Index shares are counted and valued at this level.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Session."
position = "Number of the session."
level = "Close x product of the splits that multiply counts, in dollars."
adjustment = "Product of the price adjustments, and of what declared spin-offs gave, since the close the return starts from; 1 normally."
known_at = "When the closes, and the splits and price adjustments so far, could be known (UTC)."

[assertions]
"levels are positive" = "level > 0 and adjustment > 0"
*/
select p.symbol, p.date, p.position,
    p.level / coalesce(k.adjustment_product, 1) as level,
    coalesce(k.adjustment_product, 1) / coalesce(b.adjustment_product, 1) * (1 + coalesce(p.distributed_value / p.close, 0))
        as adjustment,
    greatest(p.known_at, case when k.adjustment_product <> 1 then k.known_at end) as known_at
from core.security_price p
asof left join core.split_kind k on k.symbol = p.symbol and k.date <= p.date
asof left join core.split_kind b on b.symbol = p.symbol and b.date <= coalesce(p.previous_date, p.date)
