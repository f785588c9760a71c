/*
doc = "Every instrument of the catalog: what its symbol is, whose it is, and its sector in each taxonomy."
grain = ["symbol"]

[columns]
symbol = "Symbol under which the instrument is asked."
name = "Name."
kind = "stock, fund, index or crypto."
issuer = "Symbol of the company's primary line; the symbol itself where there is one line."
share_class = "Share class, NULL where there is one."
gics_sector = "Sector by GICS, NULL where it is not known."
nasdaq_sector = "Sector by the exchange's own taxonomy, NULL where it is not known."

[assertions]
"a kind is one of four" = "kind in ('stock', 'fund', 'index', 'crypto')"
*/
select symbol, name, kind, issuer, share_class, gics_sector, nasdaq_sector
from staging.instrument
