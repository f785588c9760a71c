/*
doc = """
Bars in doubt and what became of them. A close is compared with the last accepted one of its symbol, free of splits; its
witnesses are its volume, its own history (core.doubtful_step) and its index (core.price_step_by_index). A bar that leaps
further than the bound of its kind without a witness is held, and every bar after it at that level, until the price comes
back, the event is named, the source corrects itself, or a level that is no ratio of small whole numbers has stood for ten
sessions. So is a bar whose share count moves by the inverse of its leap, as by a split that is not named. A leap that is
undone within ten sessions is held too, whatever it looked like on its evening. A bar that repeats the one before
(core.stale_bar) counts as none.
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
with recursive contradicted as (
    select * from core.price_step_by_index where evidence = 'contradicted'
), confirmed as (
    select * from core.price_step_by_index where evidence = 'confirmed'
), doubtful as (
    select doubtful_step.symbol, doubtful_step.number, doubtful_step.step, doubtful_step.kind, doubtful_step.back,
        doubtful_step.leap, doubtful_step.volume_ratio, doubtful_step.is_new, doubtful_step.is_unnamed_split,
        contradicted.symbol is null and (doubtful_step.is_confirmed or confirmed.symbol is not null) as is_confirmed,
        contradicted.symbol is not null as is_contradicted,
        not doubtful_step.is_confirmed and confirmed.symbol is not null as is_confirmed_by_index,
        greatest(coalesce(contradicted.told_at, confirmed.told_at), doubtful_step.counted_at) as told_at
    from core.doubtful_step
    left join contradicted using (symbol, number)
    left join confirmed using (symbol, number)
    union all by name
    select contradicted.symbol, contradicted.number, contradicted.step, price_step_bound.kind, price_step_bound.back,
        price_step_bound.leap, null as volume_ratio, false as is_new, false as is_unnamed_split, false as is_confirmed,
        true as is_contradicted, false as is_confirmed_by_index, contradicted.told_at
    from contradicted
    join core.price_step_bound on price_step_bound.kind = 'stock'
    where (contradicted.symbol, contradicted.number) not in (select (symbol, number) from core.doubtful_step)
), numbered as (
    -- A level is a row of bars without a step between them.
    select member_bar.symbol, member_bar.number, member_bar.date, member_bar.known_at, member_bar.last_known_at,
        doubtful.step,
        count(doubtful.step) over (partition by member_bar.symbol order by member_bar.number) as level_number
    from core.price_step member_bar
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
    select numbered.symbol, numbered.date, bar.close,
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
    join staging.price_bar bar using (symbol, date)
    where judged.verdict in ('leap', 'there_and_back', 'first')
        or judged.verdict in ('stood', 'second') and numbered.known_at <= level.stood_at
        or judged.verdict = 'confirmed' and numbered.known_at <= level.told_at
), off_range as (
    -- A close that the bar itself contradicts: staging.price_bar keeps such a range only where it is far off.
    select bar.symbol, bar.date, bar.close, if(bar.close > bar.high, bar.close / bar.high, bar.close / bar.low) as ratio,
        greatest(price_step.known_at, bar.high_known_at, bar.low_known_at) as known_at
    from staging.price_bar bar
    join core.price_step using (symbol, date)
    where (bar.close > bar.high * (1 + 1e-6) or bar.close < bar.low * (1 - 1e-6))
        and (bar.symbol, bar.date) not in (select (symbol, date) from core.stale_bar)
)
select symbol, date, close, 'held' as status, 'stale' as kind, 1.0::double as ratio, null::double as volume_ratio,
    'held: repeats the previous bar, ' || if(is_proved, 'price and volume',
        'as most bars of the session are') as reason,
    known_at
from core.stale_bar
union all
select symbol, date, close, status, kind, ratio, volume_ratio, reason, known_at
from leaping
where (symbol, date) not in (select (symbol, date) from core.stale_bar union all select (symbol, date) from off_range)
union all
select symbol, date, close, 'held', 'off_range', ratio, null,
    format('held: the close is {:.4g} times the {} of its own day', ratio, if(ratio > 1, 'high', 'low')), known_at
from off_range
