/*
doc = """
Daily bars as traded, one for a symbol and date: that of the first source by its declared priority that has one
(staging.price_bar_by_source). A bar is never mixed from two sources.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar: a session, or for coins the UTC day."
open = "First price, neither split- nor dividend-adjusted; NULL where the source has none."
high = """\
Highest price, as traded; NULL where the source has none, or one up to 10 % below the close, or one below the low."""
low = """\
Lowest price, as traded; NULL where the source has none, or one up to 10 % above the close, or one above the high."""
close = "Last price, as traded."
volume = "Units traded."
source = "The source that gave it (staging.source)."
known_at = "When the close could be known (UTC): that of the first of the newest versions that agree on it."
high_known_at = "When the high could be known, and the close it is held against (UTC); NULL without one."
low_known_at = "When the low could be known, and the close it is held against (UTC); NULL without one."
volume_known_at = "When the volume could be known (UTC)."

[assertions]
"prices are positive" = "close > 0"
*/
select price_bar_by_source.*
from staging.price_bar_by_source
left join staging.source using (source)
qualify row_number() over (partition by symbol, date order by priority nulls last, source) = 1
