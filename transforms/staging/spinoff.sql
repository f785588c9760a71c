/*
doc = "Spin-offs: shares of another line that a company gave its shareholders, as the catalog was recorded."
grain = ["symbol", "ex_date", "distributed"]

[columns]
symbol = "Line whose holders received the shares."
ex_date = "First session on which it trades without them."
distributed = "Line that was distributed."
per_share = "Shares of the distributed line for one share."

[assertions]
"something is given" = "per_share > 0"
*/
select of_symbol as symbol, ex_date, symbol as distributed, per_share
from raw.catalog_spinoff
where fetched_at = (
        select max(fetched_at) from raw.catalog_spinoff where fetched_at <= getvariable('recorded_by')
    )
    and symbol is not null
