/*
doc = """
Steps of a price that are worth a look, each with its witnesses: the volume, the symbol's own history, the share count,
and for a volatility index the S&P 500. core.price_bar_verdict decides what becomes of them.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar that steps."
number = "Number of the bar in the symbol's history (core.price_step)."
step = "ln of the level over that of the bar before, free of splits (core.price_step)."
kind = "Kind of instrument, by core.price_step_bound."
back = "A step of at least this size is held if it is undone within ten sessions."
volume_ratio = "Units traded over their median of 21 bars before; NULL without them."
leap = """\
A step of at least this size needs a witness: the bound of its kind, or six usual steps of the symbol if that is more; \
0 where the share count shows a split without its event."""
is_unnamed_split = "Whether the share count moved by the inverse of the step, by a ratio of small whole numbers."
counted_at = "When that count was known (UTC); NULL without one."
is_confirmed = "Whether the volume, or for a volatility index the S&P 500, shows a day of such a size."
is_new = "Whether the symbol has too few bars before to know what is usual."

[assertions]
"a step worth a look" = "step <> 0 and back > 0 and leap >= 0"
"an unnamed split has its count, and no other witness" = """\
is_unnamed_split = (counted_at is not null) and not (is_unnamed_split and is_confirmed)"""
*/
with stepped as (
    select price_step.*,
        -- A halted or newly listed line may move further than one day does; five sessions are seven days.
        greatest(1, sqrt((price_step.date - price_step.last_date) / 7)) as patience,
        listing.date > (select min(date) from core.price_step where kind = 'stock') + 7 as is_listed_later,
        bound.step as step_bound, bound.back, bound.leap, bound.volume as volume_bound
    from core.price_step
    join core.price_step_bound bound using (kind)
    join (select symbol, min(date) as date from core.price_step group by symbol) listing using (symbol)
    where abs(price_step.step) >= bound.step
), witnessed as (
    select stepped.symbol, stepped.number,
        any_value(stepped.units_traded)
            / median(earlier_bar.units_traded) filter (earlier_bar.number >= stepped.number - 21) as volume_ratio,
        median(abs(earlier_bar.step)) as usual_step,
        count(*) as bars_before
    from stepped
    join core.price_step earlier_bar on earlier_bar.symbol = stepped.symbol
        and earlier_bar.number between stepped.number - 63 and stepped.number - 1
    group by stepped.symbol, stepped.number
), market as (
    select member_bar.date, abs(member_bar.step) as market_step, bound.leap as most
    from core.price_step member_bar
    join core.price_step_bound bound using (kind)
    where member_bar.symbol = '^GSPC'
), split_step as (
    select symbol, date, product(ratio) over (partition by symbol order by date) as split_product
    from staging.split
), count_change as (
    select symbol, date, known_at, units / lag(units) over (partition by symbol order by date) as ratio
    from (
        select shares_outstanding.symbol, shares_outstanding.date, shares_outstanding.known_at,
            shares_outstanding.shares_outstanding / coalesce(split_step.split_product, 1) as units
        from staging.shares_outstanding
        asof left join split_step on split_step.symbol = shares_outstanding.symbol
            and split_step.date <= shares_outstanding.date
    )
), unnamed_split as (
    -- A count that moves by a ratio of small whole numbers as the close moves by its inverse: a split nobody names.
    select stepped.symbol, stepped.number, min(count_change.known_at) as told_at
    from stepped
    join witnessed using (symbol, number)
    join count_change on count_change.symbol = stepped.symbol and count_change.date between stepped.date - 3
        and stepped.date + 7
    where stepped.kind = 'stock' and abs(stepped.step) >= 6 * witnessed.usual_step
        and abs(ln(count_change.ratio) + stepped.step) <= 0.08
        and list_min(list_transform(range(1, 6), lambda smaller: abs(
            round(greatest(count_change.ratio, 1 / count_change.ratio) * smaller) / (greatest(count_change.ratio,
                1 / count_change.ratio) * smaller) - 1))) <= 0.005
    group by stepped.symbol, stepped.number
)
select stepped.symbol, stepped.date, stepped.number, stepped.step, stepped.kind, stepped.back, witnessed.volume_ratio,
    -- Six times the usual move: what is a leap for one company is a day like others for another.
    if(unnamed_split.symbol is not null, 0,
        greatest(stepped.leap, if(witnessed.bars_before >= 21, 6 * witnessed.usual_step, 0)) * stepped.patience)
            as leap,
    unnamed_split.symbol is not null as is_unnamed_split, unnamed_split.told_at as counted_at,
    case when unnamed_split.symbol is not null then false
        -- A leap of the S&P 500 that no day has is no witness.
        when stepped.kind = 'volatility' then coalesce(market.market_step between 0.025 and market.most, false)
        -- A split without its event changes volume and price by inverse ratios: the money traded stays what it was.
        else coalesce(witnessed.volume_ratio >= greatest(stepped.volume_bound,
            least(0.16 * abs(stepped.step) / witnessed.usual_step, 12))
            and witnessed.volume_ratio * exp(stepped.step) >= 1.7, false) end as is_confirmed,
    -- What is usual for a new listing, or for a new kind of index, cannot be known in its first days.
    witnessed.bars_before < 10
        and (stepped.kind = 'volatility' or stepped.kind = 'stock' and stepped.is_listed_later) as is_new
from stepped
join witnessed using (symbol, number)
left join market using (date)
left join unnamed_split on unnamed_split.symbol = stepped.symbol and unnamed_split.number = stepped.number
