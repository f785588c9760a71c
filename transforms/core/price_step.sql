/*
doc = """
Each bar's level, free of splits and of what spin-offs gave, and its step from the bar before: what core.price_bar_verdict
and its evidence examine. A level is in no unit; only differences count.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar."
number = "Number of the bar in the symbol's history, from 1."
kind = "Kind of instrument, by core.price_step_bound."
split_product = "New shares for one share at the beginning, by the splits up to date."
units_traded = "Volume in shares at the beginning; NULL where it is 0 or not known."
log_level = "ln of close x split_product x what spin-offs gave."
step = "log_level less that of the bar before; NULL for the first bar."
last_date = "Date of the bar before."
last_known_at = "When the bar before was known (UTC)."
known_at = "When the close and the volume were known (UTC)."

[assertions]
"only the first bar has no step" = "(step is null) = (number = 1)"
"bars are in order" = "last_date < date"
*/
with split_step as (
    select symbol, date, product(ratio) over (partition by symbol order by date) as split_product
    from staging.split
), gift as (
    -- What a spin-off gave is no fall.
    select spinoff.symbol, spinoff.ex_date as date,
        product(1 + spinoff.per_share * distributed_bar.close / bar.close) over (partition by spinoff.symbol
            order by spinoff.ex_date) as gift_product
    from staging.spinoff
    join staging.price_bar bar on bar.symbol = spinoff.symbol and bar.date = spinoff.ex_date
    join staging.price_bar distributed_bar on distributed_bar.symbol = spinoff.distributed
        and distributed_bar.date = spinoff.ex_date
), leveled as (
    select bar.symbol, bar.date,
        row_number() over (partition by bar.symbol order by bar.date) as number,
        if(instrument.kind = 'index' and instrument.name ilike '%volatility%', 'volatility', instrument.kind) as kind,
        coalesce(split_step.split_product, 1) as split_product,
        nullif(bar.volume, 0) / coalesce(split_step.split_product, 1) as units_traded,
        ln(bar.close * coalesce(split_step.split_product, 1) * coalesce(gift.gift_product, 1)) as log_level,
        greatest(bar.known_at, bar.volume_known_at) as known_at
    from staging.price_bar bar
    join staging.instrument using (symbol)
    asof left join split_step on split_step.symbol = bar.symbol and split_step.date <= bar.date
    asof left join gift on gift.symbol = bar.symbol and gift.date <= bar.date
)
select symbol, date, number, kind, split_product, units_traded, log_level,
    log_level - lag(log_level) over bars as step,
    lag(date) over bars as last_date,
    lag(known_at) over bars as last_known_at,
    known_at
from leveled
window bars as (partition by symbol order by date)
