/*
doc = """
What a regression on interest rates pairs: the return of an asset, the change of the 10-year yield (DGS10) and the S&P
500's return over the same span. A yield counts on the dates it is for, but a pair only from the evening on that knew
both its yields, usually that of the next session; a correction of a yield ends the pair and begins another one.
"""
grain = ["asset", "date", "from_position"]

[columns]
asset = "^IXIC, ^GSPC, or a basket of role tier or sector_fund."
date = "Session of the return."
position = "Number of the session."
from_position = "Number of the first session whose evening (23:59:59 New York) knew both yields as they are here."
until_position = "Number of the first session whose evening knew another value of one of them; NULL while they stand."
asset_return = "Price return of the asset since its last return, usually the session before."
rate_change_bp = """\
Change of the 10-year Treasury yield between the same two sessions, basis points; a pair takes a yield on both."""
control_return = """\
Price return of the S&P 500 between the same two sessions; 0 for ^GSPC itself, which is not controlled for."""
pit_quality = """\
The weaker of the two yields': rule when the moment of either follows from a rule, then snapshot, then vintage."""
known_at = "When the prices and yields were known (UTC)."

[assertions]
"a yield is not known before its day" = "from_position >= position"
"a pair that ends lasted" = "until_position > from_position"
"figures are numbers" = "isfinite(asset_return) and isfinite(rate_change_bp) and isfinite(control_return)"
"the S&P 500 is not controlled for" = "asset <> '^GSPC' or control_return = 0"
*/
with evening as (
    select date, position, new_york(date, time '23:59:59') as cutoff from staging.session
), arrival as (
    -- A value arrives on the first evening that knew it; of several on one evening the last stands.
    select macro_observation.date, macro_observation.value, macro_observation.pit_quality, macro_observation.known_at,
        evening.position
    from staging.macro_observation
    asof join evening on macro_observation.known_at <= evening.cutoff
    where macro_observation.series_id = 'DGS10'
    qualify row_number() over (partition by macro_observation.date,
        evening.position order by macro_observation.known_at desc) = 1
), yield as (
    select date, value, pit_quality, known_at, position as from_position,
        lead(position) over (partition by date order by position) as until_position
    from arrival
), sp500 as (
    select date, close, known_at from core.index_level where symbol = '^GSPC'
), move as (
    select symbol as asset, date, position, previous_date, price_return as asset_return, known_at
    from core.index_level
    where symbol in ('^IXIC', '^GSPC')
    union all
    select basket_return.basket, basket_return.date, basket_return.position, basket_return.previous_date,
        basket_return.basket_return, basket_return.known_at
    from core.basket_return
    join staging.basket using (basket)
    where basket.role in ('tier', 'sector_fund')
)
select
    move.asset,
    move.date,
    move.position,
    greatest(yield.from_position, y0.from_position) as from_position,
    least(yield.until_position, y0.until_position) as until_position,
    move.asset_return,
    (yield.value - y0.value) * 100 as rate_change_bp,
    if(move.asset = '^GSPC', 0, sp500.close / s0.close - 1) as control_return,
    least(yield.pit_quality, y0.pit_quality) as pit_quality,     -- in the alphabet the weakest stands first
    greatest(move.known_at, sp500.known_at, s0.known_at, yield.known_at, y0.known_at) as known_at
from move
join sp500 on sp500.date = move.date
join sp500 s0 on s0.date = move.previous_date
join yield on yield.date = move.date
join yield y0
    on y0.date = move.previous_date
    and y0.from_position < coalesce(yield.until_position, y0.from_position + 1)
    and yield.from_position < coalesce(y0.until_position, yield.from_position + 1)
where move.asset_return is not null and yield.value is not null and y0.value is not null
