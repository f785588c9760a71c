/*
doc = """
What each named split does to a company's share count. A ratio of small whole numbers (the smaller one up to 10, exact to
1e-4) is a split: it multiplies the count. Any other ratio (1.323, 1.281, 1.046) is how sources write a spin-off: it
adjusts the price and no count. Where the feed's count does move by such a ratio, core.share_count takes the two as
one fact.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Ex-date."
ratio = "New shares for one old share, as the source names it."
kind = "split: multiplies share counts; price_adjustment: adjusts the price alone."
count_product = """\
Product of the ratios of all splits up to this one, price adjustments left out: shares that one original share became."""
adjustment_product = "Product of the ratios of all price adjustments up to this one; 1 before the first."
known_at = "When the events up to this one could be known (UTC)."

[assertions]
"two kinds" = "kind in ('split', 'price_adjustment')"
"a product is positive" = "count_product > 0 and adjustment_product > 0"
*/
with named as (
    select symbol, date, ratio, known_at,
        -- The nearest ratio of whole numbers whose smaller one is at most 10.
        list_min(list_transform(range(1, 11), lambda smaller: abs(
            round(greatest(ratio, 1 / ratio) * smaller) / (greatest(ratio, 1 / ratio) * smaller) - 1
        ))) <= 1e-4 as is_whole
    from staging.split
)
select symbol, date, ratio,
    if(is_whole, 'split', 'price_adjustment') as kind,
    product(if(is_whole, ratio, 1)) over events as count_product,
    product(if(is_whole, 1, ratio)) over events as adjustment_product,
    max(known_at) over events as known_at
from named
window events as (partition by symbol order by date)
