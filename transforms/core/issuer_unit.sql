/*
doc = """
What a company is worth in shares of its primary line, free of splits: capitalization over the line's level. For a company
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
select issuer_value.issuer, issuer_value.date, held_level.position, held_level.level,
    issuer_value.market_cap / held_level.level as units,
    greatest(issuer_value.known_at, held_level.known_at) as known_at
from core.issuer_value
join core.held_level on held_level.symbol = issuer_value.issuer and held_level.date = issuer_value.date
where issuer_value.market_cap is not null
