/*
doc = "Listed lines, indices and coins, as the catalog was recorded."
grain = ["symbol"]

[columns]
symbol = "Ticker, as the price source spells it."
name = "Name of the company, fund or index."
kind = "stock, fund, index or crypto."
issuer = "Symbol of the company's primary line; itself when there is one line."
share_class = "Class of the line, where the company has several."
is_primary_line = "Whether this line's price stands for the company."
counts_whole_company = "Whether the feed's share count of this line is that of all lines together."
gics_sector = "GICS sector; NULL where unknown or not a company."
nasdaq_sector = "The exchange's own sector; NULL where unknown or not a company."
since = "First day asked for."
until = "Last trading day; NULL while it trades."

[assertions]
"a kind we know" = "kind in ('stock', 'fund', 'index', 'crypto')"
"the primary line gives the issuer its name" = "is_primary_line = (issuer = symbol)"
"it ends after it starts" = "until >= since"
*/
select
    symbol, name, kind, issuer, share_class, is_primary_line, counts_whole_company,
    gics_sector, nasdaq_sector, since, until
from raw.catalog_instrument
where fetched_at = (
    select max(fetched_at) from raw.catalog_instrument where fetched_at <= getvariable('recorded_by')
)
