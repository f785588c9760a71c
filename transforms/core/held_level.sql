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
adjustment = """\
Product of the price adjustments, and of what declared spin-offs gave, since the close the return starts from; 1 \
normally."""
known_at = "When the closes, and the splits and price adjustments so far, could be known (UTC)."

[assertions]
"levels are positive" = "level > 0 and adjustment > 0"
*/
select security_price.symbol, security_price.date, security_price.position,
    security_price.level / coalesce(own_kind.adjustment_product, 1) as level,
    coalesce(own_kind.adjustment_product, 1) / coalesce(benchmark_kind.adjustment_product,
        1) * (1 + coalesce(security_price.distributed_value / security_price.close, 0))
        as adjustment,
    greatest(security_price.known_at, case when own_kind.adjustment_product <> 1 then own_kind.known_at end) as known_at
from core.security_price
asof left join core.split_kind own_kind on own_kind.symbol = security_price.symbol
    and own_kind.date <= security_price.date
asof left join core.split_kind benchmark_kind on benchmark_kind.symbol = security_price.symbol
    and benchmark_kind.date <= coalesce(security_price.previous_date, security_price.date)
