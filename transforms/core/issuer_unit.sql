/*
doc = """
What a company is worth in shares of its primary line, free of splits: capitalisation over the line's level. For a company
with one counted line, its shares in force before all splits.
"""
grain = ["issuer", "date"]

[columns]
issuer = "Symbol of the company's primary line."
date = "Session."
position = "Number of the session."
level = "What one original share of the primary line is at the close (core.held_level), in dollars."
units = "market_cap / level."
known_at = "When closes and counts could be known (UTC)."

[assertions]
"a company is worth something" = "units > 0 and level > 0"
*/
select v.issuer, v.date, p.position, p.level, v.market_cap / p.level as units,
    greatest(v.known_at, p.known_at) as known_at
from core.issuer_value v
join core.held_level p on p.symbol = v.issuer and p.date = v.date
where v.market_cap is not null
