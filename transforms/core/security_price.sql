/*
doc = """
Prices by security and session with the return since the last close and a level that splits do not break. Splits
are carried forward only: what one original share has become, so that a later split changes no earlier row. What a
company gave in shares of another line (staging.spinoff) is in the return of the ex-date, at that line's close. A stock
has no row once it has left every index and basket: nobody asks it any longer, and whether a source was asked further
must change no table.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "Session. A coin has its UTC day of that date, which ends after the close: it is pending until then."
position = "Number of the session in staging.session."
close = "Close as traded, neither split- nor dividend-adjusted."
split_product = "Product of all split ratios with an ex-date up to the bar's day: shares that one original share became."
level = "Value of one original share: close x split_product; its changes are price returns but for spin-offs."
return_level = """\
level x (1 + distributed_value / close) of all ex-dates so far: its changes are price returns; constant over an \
unknown one."""
distributed_value = """\
Dollars a share that a spin-off gave since the last close, at the ex-date's closes; NULL without one, or without a \
close."""
distribution = "What was distributed, per share; NULL where nothing was."
high_level = "The day's high x split_product; NULL where the source has no highs."
low_level = "The day's low x split_product; NULL where the source has no lows."
previous_date = "Session of the last close within the five sessions before; NULL when there is none."
gap_sessions = "Sessions skipped since previous_date, 0 normally; NULL without one."
price_return = """\
(close + distributed_value) x splits since / close of previous_date - 1, without dividends; NULL without one of them."""
log_return = "ln(1 + price_return)."
known_at = "When the session had closed, and both closes and the splits between them could be known (UTC)."

[assertions]
"levels are positive" = "level > 0"
"a return has a start, and a start a return" = "(price_return is null) = (previous_date is null)"
"a return spans five sessions at most" = "gap_sessions between 0 and 4"
"a return loses less than everything" = "price_return > -1"
*/
with last_stay as (
    select symbol, max(coalesce(valid_to, date '9999-12-31')) as valid_to
    from (select symbol, valid_to from staging.universe_member union all select symbol,
        valid_to from staging.basket_member)
    group by symbol
), session_bar as (
    -- A coin trades through nights and weekends: a session takes its own UTC day, Monday's return is from Friday on.
    select price_bar.symbol, session.date, session.position, price_bar.close, price_bar.high, price_bar.low,
        price_bar.known_at
    from core.price_bar
    join staging.instrument on instrument.symbol = price_bar.symbol
    join staging.session on session.date = price_bar.date
    left join last_stay on last_stay.symbol = price_bar.symbol and instrument.kind = 'stock'
    where last_stay.valid_to is null or price_bar.date < last_stay.valid_to
), split_steps as (
    -- exp(sum(ln)) would lose the last digits of a product of whole ratios.
    select symbol, date, known_at,
        product(ratio) over (partition by symbol order by date) as split_product
    from staging.split
), distributed as (
    -- All or nothing: half of what was given is not what was given.
    select spinoff.symbol, spinoff.ex_date,
        case when count(*) = count(price_bar.close)
            then sum(exact(spinoff.per_share * price_bar.close))::double end as value,
        string_agg(format('{:.6g} {}', spinoff.per_share, spinoff.distributed)
            || coalesce(format(' at {:.2f}', price_bar.close), ', whose close is not known'),
                ' and ' order by spinoff.distributed) as text,
        max(price_bar.known_at) as known_at
    from staging.spinoff
    left join core.price_bar on price_bar.symbol = spinoff.distributed and price_bar.date = spinoff.ex_date
    -- Where the feed writes it as a split of no whole ratio, the split carries it already.
    where not exists (
        from staging.split
        where split.symbol = spinoff.symbol and split.date = spinoff.ex_date
            and abs(split.ratio - round(split.ratio)) > 0.01 and abs(1 / split.ratio - round(1 / split.ratio)) > 0.01
    )
    group by spinoff.symbol, spinoff.ex_date
), leveled as (
    select session_bar.*, coalesce(split_steps.split_product, 1) as split_product, split_steps.date as split_date,
        split_steps.known_at as split_known_at
    from session_bar
    asof left join split_steps on split_steps.symbol = session_bar.symbol and split_steps.date <= session_bar.date
), linked as (
    select *,
        lag(date) over bars as last_date,
        lag(position) over bars as last_position,
        lag(close) over bars as last_close,
        lag(split_product) over bars as last_product,
        lag(known_at) over bars as last_known_at
    from leveled
    window bars as (partition by symbol order by position)
), given as (
    select linked.*, distributed.value as distributed_value, distributed.text as distribution,
        distributed.known_at as distributed_at,
        distributed.symbol is not null as is_ex_date,
        (close + coalesce(distributed.value, 0)) * (split_product / last_product) / last_close - 1 as change
    from linked
    left join distributed on distributed.symbol = linked.symbol and distributed.ex_date > linked.last_date
        and distributed.ex_date <= linked.date
), returned as (
    select *,
        case when position - last_position <= 5 and (distributed_value is not null or not is_ex_date) then change end
            as price_return,
        case when not is_ex_date then 1
            when distributed_value is not null then 1 + distributed_value / close
            else coalesce(last_close * last_product / (close * split_product), 1) end as distribution_factor
    from given
), carried as (
    select *,
        product(distribution_factor) over so_far as distribution_product,
        max(distributed_at) over so_far as distributions_at
    from returned
    window so_far as (partition by symbol order by position)
)
select
    symbol,
    date,
    position,
    close,
    split_product,
    close * split_product as level,
    close * split_product * distribution_product as return_level,
    distributed_value,
    distribution,
    high * split_product as high_level,
    low * split_product as low_level,
    case when price_return is not null then last_date end as previous_date,
    case when price_return is not null then position - last_position - 1 end as gap_sessions,
    price_return,
    ln(1 + price_return) as log_return,
    greatest(
        known_at,
        case when price_return is not null then last_known_at end,
        case when price_return is not null and split_date > last_date then split_known_at end,
        distributions_at
    ) as known_at
from carried
