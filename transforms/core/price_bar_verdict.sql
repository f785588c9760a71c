/*
doc = """
Bars in doubt and what became of them. A close is compared with the last accepted one of its symbol, free of splits; its
witnesses are its volume, its own history, and for a volatility index the S&P 500. A bar that leaps further than the
bounds below without a witness is held, and every bar after it at that level, until the price comes back, the event is
named, the source corrects itself, or a level that is no ratio of small whole numbers has stood for ten sessions. So is a
bar whose share count moves by the inverse of its leap, as by a split that is not named. A leap that is undone within ten
sessions is held too, whatever it looked like on its evening. A bar that repeats the one before, its volume included, is
stale and counts as none.
A verdict uses bars up to the build's as_of only; known_at is the moment from which they allow it.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar."
close = "Close as traded, as reported by the source."
status = "held (in no figure), or accepted after it had been held."
kind = """\
leap (to a level nothing confirms), there_and_back (undone within ten sessions), stale (the bar before again), or \
off_range (the close is over 10 % outside the bar's own range)."""
ratio = """\
Split-free close over the last accepted one where the bar's level begins; 1 for a stale bar; close over the near end \
of the range for off_range."""
volume_ratio = "Units traded where the level begins over their median of 21 bars before; NULL without them."
reason = "The verdict in one sentence."
known_at = "When the verdict could be known (UTC)."

[assertions]
"two statuses, four kinds" = "status in ('held', 'accepted') and kind in ('leap', 'there_and_back', 'stale', 'off_range')"
"only a leap is accepted after all" = "status = 'held' or kind = 'leap'"
"a ratio is positive" = "ratio > 0"
"nothing from after as_of" = "known_at <= getvariable('as_of')"
*/
with recursive bound as (
    -- Logarithms. step: a move worth a look. back: one that is wrong if it is undone soon. leap: one that needs a witness.
    -- volume: how many times its usual volume such a move is traded with at least; 0.16 times the move in
    -- usual moves, as far as 12.
    -- Measured on every close of 176 stocks since 2024: all 13 moves beyond 0.37 had at least 4 times the volume of the 21
    -- sessions before, and 0.19 times their size in usual moves; none beyond 0.30 had less than twice the volume; none
    -- beyond 0.28 was undone within ten sessions without 3 times. The largest day of a stock index since 1990 is 0.17, of
    -- a fund 0.22, of bitcoin since 2014 0.47 on 1.3 times its volume. Of the volatility indices four moved by 0.5 or more
    -- in a day since 1990, each with the S&P 500 at least 2.5 % away.
    from (values
        ('stock', 0.18, 0.28, 0.37, 4.0),
        ('fund', 0.12, 0.20, 0.25, 4.0),
        ('index', 0.12, 0.15, 0.20, 'infinity'::double),
        ('volatility', 0.30, 0.55, 0.55, 'infinity'::double),
        ('crypto', 0.25, 0.37, 0.55, 4.0)
    ) bounds (kind, step, back, leap, volume)
), split_step as (
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
    select bar.* replace (greatest(bar.known_at, bar.volume_known_at) as known_at),
        instrument.kind = 'stock' as is_stock,
        if(instrument.kind = 'index' and instrument.name ilike '%volatility%', 'volatility', instrument.kind) as kind,
        ln(bar.close * coalesce(split_step.split_product, 1) * coalesce(gift.gift_product, 1)) as log_level,
        coalesce(split_step.split_product, 1) as split_product,
        nullif(bar.volume, 0) / coalesce(split_step.split_product, 1) as units_traded,
        row_number() over (partition by bar.symbol order by bar.date) as number
    from staging.price_bar bar
    join staging.instrument using (symbol)
    asof left join split_step on split_step.symbol = bar.symbol and split_step.date <= bar.date
    asof left join gift on gift.symbol = bar.symbol and gift.date <= bar.date
), linked as (
    select *, log_level - lag(log_level) over bars as step, lag(known_at) over bars as last_known_at,
        lag(date) over bars as last_date,
        -- Of three closes two are right: a run of wrong ones before must not weigh.
        list_aggregate([lag(log_level) over bars, lag(log_level, 7) over bars, lag(log_level, 15) over bars], 'median')
            as lasting_log_level,
        -- A halted or newly listed line may move further than one day does; five sessions are seven days.
        greatest(1, sqrt((date - lag(date) over bars) / 7)) as patience,
        min(date) over (partition by symbol) > (select min(date) from leveled where is_stock) + 7 as is_listed_later
    from leveled
    window bars as (partition by symbol order by date)
), stepped as (
    select member_bar.*, bound.step as step_bound, bound.back, bound.leap, bound.volume as volume_bound
    from linked member_bar
    join bound using (kind)
    where abs(member_bar.step) >= bound.step
), witnessed as (
    select stepped.symbol, stepped.number,
        any_value(stepped.units_traded)
            / median(later_bar.units_traded) filter (later_bar.number >= stepped.number - 21) as volume_ratio,
        median(abs(later_bar.step)) as usual_step,
        count(*) as bars_before
    from stepped
    join linked later_bar on later_bar.symbol = stepped.symbol and later_bar.number between stepped.number - 63
        and stepped.number - 1
    group by stepped.symbol, stepped.number
), market as (
    select member_bar.date, abs(member_bar.step) as market_step, bound.leap as most
    from linked member_bar
    join bound using (kind)
    where member_bar.symbol = '^GSPC'
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
), suspected as (
    select stepped.symbol, stepped.number, stepped.step, stepped.kind, stepped.back, witnessed.volume_ratio,
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
), count_step as (
    -- The median of three counts: a single wrong one makes no weight.
    select shares_outstanding.symbol, shares_outstanding.date,
        median(shares_outstanding.shares_outstanding / coalesce(split_step.split_product, 1)) over (
            partition by shares_outstanding.symbol order by shares_outstanding.date rows between 2 preceding
                and current row
        ) as units
    from staging.shares_outstanding
    asof left join split_step on split_step.symbol = shares_outstanding.symbol
        and split_step.date <= shares_outstanding.date
), member_day as (
    -- Each member's return beside the published index's over the same two sessions, at its capitalization before.
    select universe.index_code, index_bar.date, member_bar.symbol, member_bar.number, member_bar.step,
        index_bar.step as index_step,
        exp(if(abs(member_bar.log_level - member_bar.step - member_bar.lasting_log_level) > 0.25,
            member_bar.lasting_log_level, member_bar.log_level - member_bar.step)) * count_step.units
            as value,
        greatest(member_bar.known_at, member_bar.last_known_at, index_bar.known_at, index_bar.last_known_at) as known_at
    from staging.universe
    join linked index_bar on index_bar.symbol = universe.published_index
    join staging.universe_member
        on universe_member.index_code = universe.index_code and index_bar.date >= universe_member.valid_from
            and (universe_member.valid_to is null or index_bar.date < universe_member.valid_to)
    join staging.instrument on instrument.symbol = universe_member.symbol
        and (instrument.is_primary_line or not instrument.counts_whole_company)
    join linked member_bar on member_bar.symbol = universe_member.symbol and member_bar.date = index_bar.date
        and member_bar.last_date = index_bar.last_date
    asof join count_step on count_step.symbol = member_bar.symbol and count_step.date <= member_bar.date
    where abs(index_bar.step) < (select leap from bound where kind = 'index')
), contribution as (
    select *, value / sum(exact(value)) over (partition by index_code, date)::double * (exp(step) - 1) as contribution,
        max(known_at) over (partition by index_code, date) as session_known_at,
        coalesce(abs(step) >= suspected_step.leap and not suspected_step.is_confirmed, false) as is_suspected
    from member_day
    left join (select symbol, number, leap, is_confirmed from suspected) suspected_step using (symbol, number)
), session_sum as (
    select index_code, date, sum(exact(contribution))::double - exp(any_value(index_step)) + 1 as residual,
        coalesce(sum(exact(contribution)) filter (is_suspected)::double, 0) as suspected_sum,
        coalesce(sum(exact(abs(contribution))) filter (is_suspected)::double, 0) as suspected_size
    from contribution
    group by index_code, date
), closing as (
    select *, residual - suspected_sum as rest,
        median(abs(residual)) over before as usual_residual, count(*) over before as sessions_before
    from session_sum
    window before as (partition by index_code order by date rows between 21 preceding and 1 preceding)
), index_says as (
    -- An index that closes (30 bp) is a witness. It confirms a leap that it shows and that stands alone. Where it misses by
    -- 60 bp or more, it contradicts the fewest bars without which it closes to 25 bp, or to a quarter: bars far from
    -- their own days and from the index's that did not trade as such days do. Plain capitalization misses the Nasdaq-100
    -- by 12 bp on half its sessions, by 41 bp on one in twenty.
    select contribution.symbol, contribution.number, contribution.index_code, contribution.date, contribution.step,
        contribution.index_step, contribution.contribution, contribution.session_known_at, closing.rest,
        contribution.is_suspected and closing.suspected_size <= 1.25 * abs(contribution.contribution)
            and abs(contribution.contribution) >= 0.006 + 0.15 * abs(contribution.index_step)
            and abs(closing.residual) <= 0.25 * abs(contribution.contribution) as is_confirmed,
        not contribution.is_suspected and abs(closing.rest) >= 0.006 + 0.1 * abs(contribution.index_step)
            and sign(contribution.contribution) = sign(closing.rest)
            and abs(contribution.step - contribution.index_step) >= 0.06 as is_questioned
    from contribution
    join closing using (index_code, date)
    where closing.usual_residual <= 0.003 and closing.sessions_before >= 10
        and (contribution.is_suspected or abs(closing.rest) >= 0.006)
), usual as (
    select questioned.symbol, questioned.number, median(abs(later_bar.step)) as usual_step,
        any_value(member_bar.units_traded)
            / median(later_bar.units_traded) filter (later_bar.number >= questioned.number - 21) as volume_ratio
    from (select distinct symbol, number from index_says where is_questioned) questioned
    join linked member_bar using (symbol, number)
    join linked later_bar on later_bar.symbol = questioned.symbol and later_bar.number between questioned.number - 63
        and questioned.number - 1
    group by questioned.symbol, questioned.number
), removed as (
    select index_says.*, row_number() over by_size as place,
        abs(rest - sum(contribution) over by_size) <= greatest(0.0025, 0.25 * abs(rest)) as closes
    from index_says
    join usual using (symbol, number)
    where index_says.is_questioned and abs(index_says.step - index_says.index_step) >= 6 * usual.usual_step
        and coalesce(usual.volume_ratio, 1) < greatest(2,
            0.16 * abs(index_says.step - index_says.index_step) / usual.usual_step)
    window by_size as (partition by index_code, date order by abs(contribution) desc, symbol)
), contradicted as (
    select symbol, number, any_value(step) as step, max(session_known_at) as told_at
    from (select *, min(if(closes, place, null)) over (partition by index_code, date) as fewest from removed)
    where place <= fewest
    group by symbol, number
), confirmed as (
    select symbol, number, max(session_known_at) as told_at
    from index_says where is_confirmed group by symbol, number
), doubtful as (
    select suspected.* replace (contradicted.symbol is null
        and (suspected.is_confirmed or confirmed.symbol is not null) as is_confirmed),
        contradicted.symbol is not null as is_contradicted,
        not suspected.is_confirmed and confirmed.symbol is not null as is_confirmed_by_index,
        greatest(coalesce(contradicted.told_at, confirmed.told_at), suspected.counted_at) as told_at
    from suspected
    left join contradicted using (symbol, number)
    left join confirmed using (symbol, number)
    union all
    select contradicted.symbol, contradicted.number, contradicted.step, bound.kind, bound.back, null, bound.leap,
        false, null, false, false, true, false, contradicted.told_at
    from contradicted cross join bound
    where bound.kind = 'stock'
        and (contradicted.symbol, contradicted.number) not in (select (symbol, number) from suspected)
), numbered as (
    -- A level is a row of bars without a step between them.
    select member_bar.symbol, member_bar.number, member_bar.date, member_bar.close, member_bar.known_at,
        member_bar.last_known_at, doubtful.step,
        count(doubtful.step) over (partition by member_bar.symbol order by member_bar.number) as level_number
    from linked member_bar
    left join doubtful using (symbol, number)
    where member_bar.symbol in (select symbol from doubtful)
), leveled_run as (
    select symbol, level_number, min(number) as first_number, count(*) as bars,
        arg_min(greatest(known_at, last_known_at), number) as begun_at,
        list_max(list(known_at order by number)[1:10]) as stood_at
    from numbered
    group by symbol, level_number
), level as (
    select leveled_run.*, doubtful.step, doubtful.kind, doubtful.back, doubtful.leap, doubtful.volume_ratio,
        doubtful.is_confirmed, doubtful.is_new, doubtful.is_contradicted,
        doubtful.is_confirmed_by_index, doubtful.is_unnamed_split,
            greatest(leveled_run.begun_at, doubtful.told_at) as told_at,
        not doubtful.is_new and not doubtful.is_confirmed
            and (abs(doubtful.step) >= doubtful.leap or doubtful.kind = 'stock' and abs(doubtful.step) >= 0.30
                and doubtful.volume_ratio < 2) as is_leap,
        lead(is_leap) over levels as next_is_leap, lead(doubtful.step) over levels as next_step,
        lead(doubtful.is_confirmed) over levels as next_is_confirmed,
        lead(doubtful.volume_ratio) over levels as next_volume_ratio,
        lead(leveled_run.bars) over levels as next_bars,
            lead(greatest(leveled_run.begun_at, doubtful.told_at)) over levels as next_told_at,
        lead(leveled_run.stood_at) over levels as next_stood_at
    from leveled_run
    left join doubtful on doubtful.symbol = leveled_run.symbol and doubtful.number = leveled_run.first_number
    window levels as (partition by leveled_run.symbol order by leveled_run.level_number)
), judged as (
    -- away: how far the level is from the last accepted one, 0 once it is accepted; entry: how far it leapt.
    -- The first level of a history has nothing before it: a short one from which the next leaps for good is the wrong.
    select symbol, level_number,
        coalesce(bars <= 5 and next_is_leap and next_bars >= 10, false) as is_off,
        if(is_off, -next_step, 0) as away, if(is_off, -next_step, 0) as entry,
        if(is_off, 'first', 'fine') as verdict
    from level
    where level_number = 0
    union all
    select symbol, level_number,
        verdict in ('leap', 'there_and_back'), if(verdict in ('leap', 'there_and_back'), new_away, 0),
        if(verdict in ('leap', 'there_and_back'), if(entry = 0, new_away, entry), 0), verdict
    from (
        select level.symbol, level.level_number, judged.entry, judged.away + level.step as new_away,
            abs(new_away) > 2.25 or list_aggregate(
                [abs(abs(new_away) - ln(whole)) for whole in [1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]],
                    'min') < 0.04 as is_whole,
            case
                when judged.away <> 0 and sign(level.step) <> sign(judged.away)
                    and abs(new_away) <= least(0.45 * abs(judged.entry), 0.35)
                    then if(judged.verdict = 'first', 'second', 'fine')
                when judged.away <> 0 and level.bars >= 10 and not is_whole then 'stood'
                when judged.away <> 0 then 'leap'
                when level.is_contradicted then if(level.bars >= 10 and not is_whole, 'stood', 'leap')
                when level.is_confirmed_by_index then 'confirmed'
                when level.is_leap
                    then if(level.bars >= 10 and not is_whole and not level.is_unnamed_split, 'stood', 'leap')
                when level.bars < 10 and not level.is_confirmed and sign(level.next_step) <> sign(level.step)
                    and level.next_is_leap
                    and abs(level.step) >= 0.6 * abs(level.next_step)
                        and abs(level.step + level.next_step) <= 0.35 * abs(level.next_step)
                    then 'there_and_back'
                when level.bars < 10 and abs(level.step) >= level.back and sign(level.next_step) <> sign(level.step)
                    and not level.next_is_confirmed
                    and case when level.is_confirmed or level.is_new
                        -- A squeeze collapses, but not to the cent, and not unnoticed.
                        then abs(level.step) >= level.leap
                            and abs(level.step + level.next_step) <= 0.2 * abs(level.step)
                            and coalesce(level.next_volume_ratio, 1) < 2
                        else abs(level.step + level.next_step) <= 0.35 * abs(level.step)
                            and coalesce(level.volume_ratio, 1) < 3
                            and coalesce(level.next_volume_ratio, 1) < 3 end
                    then 'there_and_back'
                else 'fine'
            end as verdict
        from judged
        join level on level.symbol = judged.symbol and level.level_number = judged.level_number + 1
    )
), leaping as (
    select numbered.symbol, numbered.date, numbered.close,
        if(judged.verdict in ('stood', 'second', 'confirmed'), 'accepted', 'held') as status,
        if(judged.verdict = 'there_and_back', 'there_and_back', 'leap') as kind,
        exp(case when judged.verdict = 'first' then -level.next_step
            when judged.verdict in ('second', 'stood', 'confirmed') then level.step else judged.away end) as ratio,
        level.volume_ratio,
        case judged.verdict
            when 'first' then format('held: {:.4g} times the level that has stood since', ratio)
            when 'second' then 'accepted: the level has stood for ten sessions, and only the first days are off it'
            when 'stood'
                then format('accepted: {:.4g} times the close before, and the level has stood for ten sessions', ratio)
            when 'confirmed'
                then format('accepted: {:.4g} times the close before, which the published index shows', ratio)
            when 'there_and_back'
                then format('held: {:.4g} times the close before, and {} session{} later it is undone',
                ratio, level.bars, if(level.bars = 1, '', 's'))
            else format('held: {:.4g} times the last accepted close, ', ratio) || case
                when level.kind = 'volatility' then 'on a day when the S&P 500 hardly moved'
                when level.kind = 'index' then 'further than an index moves in a day'
                when level.is_contradicted then 'which the published index contradicts'
                when level.is_unnamed_split then 'as the share count moved the other way: a split that is not named'
                when level.volume_ratio is null then 'and no volume says so'
                else format('on {:.2g} times the usual volume', level.volume_ratio) end
        end as reason,
        greatest(numbered.known_at, numbered.last_known_at, level.told_at, case judged.verdict
            when 'first' then level.next_stood_at when 'second' then level.stood_at when 'stood' then level.stood_at
            when 'there_and_back' then level.next_told_at end) as known_at
    from judged
    join level using (symbol, level_number)
    join numbered using (symbol, level_number)
    where judged.verdict in ('leap', 'there_and_back', 'first')
        or judged.verdict in ('stood', 'second') and numbered.known_at <= level.stood_at
        or judged.verdict = 'confirmed' and numbered.known_at <= level.told_at
), repeated as (
    -- On the day of a split a source repeats the bar in its new units: the close divided, the volume multiplied.
    select symbol, date, number, close, volume, greatest(known_at, last_known_at) as known_at,
        high > low and is_repeated(high, last_high, split) and is_repeated(low, last_low, split)
            and is_repeated(open, last_open, split) as is_range_repeated
    from (
        select *, lag(close) over bars as last_close, lag(volume) over bars as last_volume,
            lag(open) over bars as last_open, lag(high) over bars as last_high, lag(low) over bars as last_low,
            split_product / lag(split_product) over bars as split
        from linked
        window bars as (partition by symbol order by date)
    )
    where is_repeated(close, last_close, split)
        and coalesce(is_repeated(open, last_open, split), true) and coalesce(is_repeated(high, last_high, split), true)
        and coalesce(is_repeated(low, last_low, split), true)
        and (is_repeated(volume, last_volume, 1 / split) and volume > 0
            or coalesce(volume, 0) = 0 and coalesce(last_volume, 0) = 0)
), frozen as (
    -- Most bars of a session once more are the feed's doing, not the market's.
    select member_bar.date, max(member_bar.known_at) as known_at
    from linked member_bar
    left join repeated using (symbol, date)
    where member_bar.kind <> 'crypto'
    group by member_bar.date
    having count(repeated.symbol) >= 3 and count(repeated.symbol) > 0.5 * count(*)
), stale as (
    -- The same volume twice, or none twice, is no chance where a line's volume is another one every day; where there is
    -- never any, the same open, high and low twice are not.
    select repeated.symbol, repeated.date, any_value(repeated.close) as close,
        (any_value(repeated.volume) > 0 or any_value(repeated.volume) is null)
            and count(later_bar.volume) filter (later_bar.volume > 0) >= 5
                and count(distinct later_bar.volume) >= 0.75 * count(*)
            or coalesce(any_value(repeated.volume), 0) = 0 and any_value(repeated.is_range_repeated) as is_proved,
        if(is_proved, any_value(repeated.known_at), any_value(frozen.known_at)) as known_at
    from repeated
    left join linked later_bar on later_bar.symbol = repeated.symbol and later_bar.number between repeated.number - 20
        and repeated.number - 1
    left join frozen on frozen.date = repeated.date
    group by repeated.symbol, repeated.date
    having is_proved or any_value(frozen.date) is not null
), off_range as (
    -- A close that the bar itself contradicts: staging.price_bar keeps such a range only where it is far off.
    select symbol, date, close, if(close > high, close / high, close / low) as ratio,
        greatest(known_at, high_known_at, low_known_at) as known_at
    from leveled
    where (close > high * (1 + 1e-6) or close < low * (1 - 1e-6))
        and (symbol, date) not in (select (symbol, date) from stale)
)
select symbol, date, close, 'held' as status, 'stale' as kind, 1.0::double as ratio, null::double as volume_ratio,
    'held: repeats the previous bar, ' || if(is_proved, 'price and volume',
        'as most bars of the session are') as reason,
    known_at
from stale
union all
select symbol, date, close, status, kind, ratio, volume_ratio, reason, known_at
from leaping
where (symbol, date) not in (select (symbol, date) from stale union all select (symbol, date) from off_range)
union all
select symbol, date, close, 'held', 'off_range', ratio, null,
    format('held: the close is {:.4g} times the {} of its own day', ratio, if(ratio > 1, 'high', 'low')), known_at
from off_range
