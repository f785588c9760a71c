/*
doc = """
Bars in doubt and what became of them. A close is compared with the last accepted one of its symbol, free of splits; its
witnesses are its volume, its own history, and for a volatility index the S&P 500. A bar that leaps further than the
bounds below without a witness is held, and every bar after it at that level, until the price comes back, the event is
named, the source corrects itself, or a level that is no ratio of small whole numbers has stood for ten sessions. So is a
bar whose share count moves by the inverse of its leap, as by a split that is not named. A leap that is undone within ten
sessions is held too, whatever it looked like on its evening. A bar that repeats the one before, its volume included, is
stale and counts as none.
A verdict uses bars up to the build's as_of only, and says since when it could be told.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar."
close = "Close as traded, as the source says it."
status = "held (in no figure), or accepted after it had been held."
kind = "leap (to a level nothing confirms), there_and_back (undone within ten sessions), stale (the bar before again), or off_range (the close is over 10 % outside the bar's own range)."
ratio = "Split-free close over the last accepted one where the bar's level begins; 1 for a stale bar; close over the near end of the range for off_range."
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
    select o.symbol, o.ex_date as date,
        product(1 + o.per_share * d.close / b.close) over (partition by o.symbol order by o.ex_date) as gift_product
    from staging.spinoff o
    join staging.price_bar b on b.symbol = o.symbol and b.date = o.ex_date
    join staging.price_bar d on d.symbol = o.distributed and d.date = o.ex_date
), leveled as (
    select b.* replace (greatest(b.known_at, b.volume_known_at) as known_at), i.kind = 'stock' as is_stock,
        if(i.kind = 'index' and i.name ilike '%volatility%', 'volatility', i.kind) as kind,
        ln(b.close * coalesce(p.split_product, 1) * coalesce(g.gift_product, 1)) as log_level,
        nullif(b.volume, 0) / coalesce(p.split_product, 1) as units_traded,
        row_number() over (partition by b.symbol order by b.date) as number
    from staging.price_bar b
    join staging.instrument i using (symbol)
    asof left join split_step p on p.symbol = b.symbol and p.date <= b.date
    asof left join gift g on g.symbol = b.symbol and g.date <= b.date
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
    select l.*, b.step as step_bound, b.back, b.leap, b.volume as volume_bound
    from linked l
    join bound b using (kind)
    where abs(l.step) >= b.step
), witnessed as (
    select s.symbol, s.number,
        any_value(s.units_traded) / median(h.units_traded) filter (h.number >= s.number - 21) as volume_ratio,
        median(abs(h.step)) as usual_step,
        count(*) as bars_before
    from stepped s
    join linked h on h.symbol = s.symbol and h.number between s.number - 63 and s.number - 1
    group by s.symbol, s.number
), market as (
    select l.date, abs(l.step) as market_step, b.leap as most
    from linked l
    join bound b using (kind)
    where l.symbol = '^GSPC'
), count_change as (
    select symbol, date, known_at, units / lag(units) over (partition by symbol order by date) as ratio
    from (
        select c.symbol, c.date, c.known_at, c.shares_outstanding / coalesce(p.split_product, 1) as units
        from staging.shares_outstanding c
        asof left join split_step p on p.symbol = c.symbol and p.date <= c.date
    )
), unnamed_split as (
    -- A count that moves by a ratio of small whole numbers as the close moves by its inverse: a split nobody names.
    select s.symbol, s.number, min(c.known_at) as told_at
    from stepped s
    join witnessed w using (symbol, number)
    join count_change c on c.symbol = s.symbol and c.date between s.date - 3 and s.date + 7
    where s.kind = 'stock' and abs(s.step) >= 6 * w.usual_step and abs(ln(c.ratio) + s.step) <= 0.08
        and list_min(list_transform(range(1, 6), lambda smaller: abs(
            round(greatest(c.ratio, 1 / c.ratio) * smaller) / (greatest(c.ratio, 1 / c.ratio) * smaller) - 1))) <= 0.005
    group by s.symbol, s.number
), suspected as (
    select s.symbol, s.number, s.step, s.kind, s.back, w.volume_ratio,
        -- Six times the usual move: what is a leap for one company is a day like others for another.
        if(u.symbol is not null, 0, greatest(s.leap, if(w.bars_before >= 21, 6 * w.usual_step, 0)) * s.patience) as leap,
        u.symbol is not null as is_unnamed_split, u.told_at as counted_at,
        case when u.symbol is not null then false
            -- A leap of the S&P 500 that no day has is no witness.
            when s.kind = 'volatility' then coalesce(m.market_step between 0.025 and m.most, false)
            -- A split without its event changes volume and price by inverse ratios: the money traded stays what it was.
            else coalesce(w.volume_ratio >= greatest(s.volume_bound, least(0.16 * abs(s.step) / w.usual_step, 12))
                and w.volume_ratio * exp(s.step) >= 1.7, false) end as is_confirmed,
        -- What is usual for a new listing, or for a new kind of index, cannot be known in its first days.
        w.bars_before < 10 and (s.kind = 'volatility' or s.kind = 'stock' and s.is_listed_later) as is_new
    from stepped s
    join witnessed w using (symbol, number)
    left join market m using (date)
    left join unnamed_split u on u.symbol = s.symbol and u.number = s.number
), count_step as (
    -- The median of three counts: a single wrong one makes no weight.
    select c.symbol, c.date, median(c.shares_outstanding / coalesce(p.split_product, 1)) over (
            partition by c.symbol order by c.date rows between 2 preceding and current row
        ) as units
    from staging.shares_outstanding c
    asof left join split_step p on p.symbol = c.symbol and p.date <= c.date
), member_day as (
    -- Each member's return beside the published index's over the same two sessions, at its capitalisation before.
    select u.index_code, x.date, l.symbol, l.number, l.step, x.step as index_step,
        exp(if(abs(l.log_level - l.step - l.lasting_log_level) > 0.25, l.lasting_log_level, l.log_level - l.step)) * c.units
            as value,
        greatest(l.known_at, l.last_known_at, x.known_at, x.last_known_at) as known_at
    from staging.universe u
    join linked x on x.symbol = u.published_index
    join staging.universe_member m
        on m.index_code = u.index_code and x.date >= m.valid_from and (m.valid_to is null or x.date < m.valid_to)
    join staging.instrument i on i.symbol = m.symbol and (i.is_primary_line or not i.counts_whole_company)
    join linked l on l.symbol = m.symbol and l.date = x.date and l.last_date = x.last_date
    asof join count_step c on c.symbol = l.symbol and c.date <= l.date
    where abs(x.step) < (select leap from bound where kind = 'index')
), contribution as (
    select *, value / sum(value order by symbol) over (partition by index_code, date) * (exp(step) - 1) as contribution,
        max(known_at) over (partition by index_code, date) as session_known_at,
        coalesce(abs(step) >= s.leap and not s.is_confirmed, false) as is_suspected
    from member_day
    left join (select symbol, number, leap, is_confirmed from suspected) s using (symbol, number)
), session_sum as (
    select index_code, date, sum(contribution order by symbol) - exp(any_value(index_step)) + 1 as residual,
        coalesce(sum(contribution order by symbol) filter (is_suspected), 0) as suspected_sum,
        coalesce(sum(abs(contribution) order by symbol) filter (is_suspected), 0) as suspected_size
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
    -- their own days and from the index's that did not trade as such days do. Plain capitalisation misses the Nasdaq-100
    -- by 12 bp on half its sessions, by 41 bp on one in twenty.
    select c.symbol, c.number, c.index_code, c.date, c.step, c.index_step, c.contribution, c.session_known_at, s.rest,
        c.is_suspected and s.suspected_size <= 1.25 * abs(c.contribution)
            and abs(c.contribution) >= 0.006 + 0.15 * abs(c.index_step)
            and abs(s.residual) <= 0.25 * abs(c.contribution) as is_confirmed,
        not c.is_suspected and abs(s.rest) >= 0.006 + 0.1 * abs(c.index_step) and sign(c.contribution) = sign(s.rest)
            and abs(c.step - c.index_step) >= 0.06 as is_questioned
    from contribution c
    join closing s using (index_code, date)
    where s.usual_residual <= 0.003 and s.sessions_before >= 10
        and (c.is_suspected or abs(s.rest) >= 0.006)
), usual as (
    select q.symbol, q.number, median(abs(h.step)) as usual_step,
        any_value(l.units_traded) / median(h.units_traded) filter (h.number >= q.number - 21) as volume_ratio
    from (select distinct symbol, number from index_says where is_questioned) q
    join linked l using (symbol, number)
    join linked h on h.symbol = q.symbol and h.number between q.number - 63 and q.number - 1
    group by q.symbol, q.number
), removed as (
    select q.*, row_number() over by_size as place, 
        abs(rest - sum(contribution) over by_size) <= greatest(0.0025, 0.25 * abs(rest)) as closes
    from index_says q
    join usual u using (symbol, number)
    where q.is_questioned and abs(q.step - q.index_step) >= 6 * u.usual_step 
        and coalesce(u.volume_ratio, 1) < greatest(2, 0.16 * abs(q.step - q.index_step) / u.usual_step)
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
    select s.* replace (c.symbol is null and (s.is_confirmed or i.symbol is not null) as is_confirmed),
        c.symbol is not null as is_contradicted,
        not s.is_confirmed and i.symbol is not null as is_confirmed_by_index,
        greatest(coalesce(c.told_at, i.told_at), s.counted_at) as told_at
    from suspected s
    left join contradicted c using (symbol, number)
    left join confirmed i using (symbol, number)
    union all
    select c.symbol, c.number, c.step, b.kind, b.back, null, b.leap, false, null, false, false, true, false, c.told_at
    from contradicted c cross join bound b
    where b.kind = 'stock' and (c.symbol, c.number) not in (select (symbol, number) from suspected)
), numbered as (
    -- A level is a row of bars without a step between them.
    select l.symbol, l.number, l.date, l.close, l.known_at, l.last_known_at, d.step,
        count(d.step) over (partition by l.symbol order by l.number) as level_number
    from linked l
    left join doubtful d using (symbol, number)
    where l.symbol in (select symbol from doubtful)
), leveled_run as (
    select symbol, level_number, min(number) as first_number, count(*) as bars,
        arg_min(greatest(known_at, last_known_at), number) as begun_at,
        list_max(list(known_at order by number)[1:10]) as stood_at
    from numbered
    group by symbol, level_number
), level as (
    select r.*, d.step, d.kind, d.back, d.leap, d.volume_ratio, d.is_confirmed, d.is_new, d.is_contradicted,
        d.is_confirmed_by_index, d.is_unnamed_split, greatest(r.begun_at, d.told_at) as told_at,
        not d.is_new and not d.is_confirmed
            and (abs(d.step) >= d.leap or d.kind = 'stock' and abs(d.step) >= 0.30 and d.volume_ratio < 2) as is_leap,
        lead(is_leap) over levels as next_is_leap, lead(d.step) over levels as next_step,
        lead(d.is_confirmed) over levels as next_is_confirmed,
        lead(d.volume_ratio) over levels as next_volume_ratio,
        lead(r.bars) over levels as next_bars, lead(greatest(r.begun_at, d.told_at)) over levels as next_told_at,
        lead(r.stood_at) over levels as next_stood_at
    from leveled_run r
    left join doubtful d on d.symbol = r.symbol and d.number = r.first_number
    window levels as (partition by r.symbol order by r.level_number)
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
        select l.symbol, l.level_number, j.entry, j.away + l.step as new_away,
            abs(new_away) > 2.25 or list_aggregate(
                [abs(abs(new_away) - ln(whole)) for whole in [1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]], 'min') < 0.04 as is_whole,
            case
                when j.away <> 0 and sign(l.step) <> sign(j.away) and abs(new_away) <= least(0.45 * abs(j.entry), 0.35)
                    then if(j.verdict = 'first', 'second', 'fine')
                when j.away <> 0 and l.bars >= 10 and not is_whole then 'stood'
                when j.away <> 0 then 'leap'
                when l.is_contradicted then if(l.bars >= 10 and not is_whole, 'stood', 'leap')
                when l.is_confirmed_by_index then 'confirmed'
                when l.is_leap
                    then if(l.bars >= 10 and not is_whole and not l.is_unnamed_split, 'stood', 'leap')
                when l.bars < 10 and not l.is_confirmed and sign(l.next_step) <> sign(l.step) and l.next_is_leap
                    and abs(l.step) >= 0.6 * abs(l.next_step) and abs(l.step + l.next_step) <= 0.35 * abs(l.next_step)
                    then 'there_and_back'
                when l.bars < 10 and abs(l.step) >= l.back and sign(l.next_step) <> sign(l.step) and not l.next_is_confirmed
                    and case when l.is_confirmed or l.is_new
                        -- A squeeze collapses, but not to the cent, and not unnoticed.
                        then abs(l.step) >= l.leap and abs(l.step + l.next_step) <= 0.2 * abs(l.step)
                            and coalesce(l.next_volume_ratio, 1) < 2
                        else abs(l.step + l.next_step) <= 0.35 * abs(l.step) and coalesce(l.volume_ratio, 1) < 3
                            and coalesce(l.next_volume_ratio, 1) < 3 end
                    then 'there_and_back'
                else 'fine'
            end as verdict
        from judged j
        join level l on l.symbol = j.symbol and l.level_number = j.level_number + 1
    )
), leaping as (
    select n.symbol, n.date, n.close,
        if(j.verdict in ('stood', 'second', 'confirmed'), 'accepted', 'held') as status,
        if(j.verdict = 'there_and_back', 'there_and_back', 'leap') as kind,
        exp(case when j.verdict = 'first' then -v.next_step
            when j.verdict in ('second', 'stood', 'confirmed') then v.step else j.away end) as ratio,
        v.volume_ratio,
        case j.verdict
            when 'first' then format('held: {:.4g} times the level that has stood since', ratio)
            when 'second' then 'accepted: the level has stood for ten sessions, and only the first days are off it'
            when 'stood'
                then format('accepted: {:.4g} times the close before, and the level has stood for ten sessions', ratio)
            when 'confirmed' then format('accepted: {:.4g} times the close before, which the published index shows', ratio)
            when 'there_and_back' then format('held: {:.4g} times the close before, and {} session{} later it is undone',
                ratio, v.bars, if(v.bars = 1, '', 's'))
            else format('held: {:.4g} times the last accepted close, ', ratio) || case
                when v.kind = 'volatility' then 'on a day when the S&P 500 hardly moved'
                when v.kind = 'index' then 'further than an index moves in a day'
                when v.is_contradicted then 'which the published index contradicts'
                when v.is_unnamed_split then 'as the share count moved the other way: a split that is not named'
                when v.volume_ratio is null then 'and no volume says so'
                else format('on {:.2g} times the usual volume', v.volume_ratio) end
        end as reason,
        greatest(n.known_at, n.last_known_at, v.told_at, case j.verdict
            when 'first' then v.next_stood_at when 'second' then v.stood_at when 'stood' then v.stood_at
            when 'there_and_back' then v.next_told_at end) as known_at
    from judged j
    join level v using (symbol, level_number)
    join numbered n using (symbol, level_number)
    where j.verdict in ('leap', 'there_and_back', 'first')
        or j.verdict in ('stood', 'second') and n.known_at <= v.stood_at
        or j.verdict = 'confirmed' and n.known_at <= v.told_at
), repeated as (
    select symbol, date, number, close, volume, greatest(known_at, last_known_at) as known_at,
        high > low and high = last_high and low = last_low and open = last_open as is_range_repeated
    from (
        select *, lag(close) over bars as last_close, lag(volume) over bars as last_volume,
            lag(open) over bars as last_open, lag(high) over bars as last_high, lag(low) over bars as last_low
        from linked
        window bars as (partition by symbol order by date)
    )
    where close = last_close
        and coalesce(open = last_open, true) and coalesce(high = last_high, true) and coalesce(low = last_low, true)
        and (volume = last_volume and volume > 0
            or coalesce(volume, 0) = 0 and coalesce(last_volume, 0) = 0)
), frozen as (
    -- Most bars of a session once more are the feed's doing, not the market's.
    select l.date, max(l.known_at) as known_at
    from linked l
    left join repeated r using (symbol, date)
    where l.kind <> 'crypto'
    group by l.date
    having count(r.symbol) >= 3 and count(r.symbol) > 0.5 * count(*)
), stale as (
    -- The same volume twice, or none twice, is no chance where a line's volume is another one every day; where there is
    -- never any, the same open, high and low twice are not.
    select r.symbol, r.date, any_value(r.close) as close,
        (any_value(r.volume) > 0 or any_value(r.volume) is null) and count(h.volume) filter (h.volume > 0) >= 5
                and count(distinct h.volume) >= 0.75 * count(*)
            or coalesce(any_value(r.volume), 0) = 0 and any_value(r.is_range_repeated) as is_proved,
        if(is_proved, any_value(r.known_at), any_value(f.known_at)) as known_at
    from repeated r
    left join linked h on h.symbol = r.symbol and h.number between r.number - 20 and r.number - 1
    left join frozen f on f.date = r.date
    group by r.symbol, r.date
    having is_proved or any_value(f.date) is not null
), off_range as (
    -- A close that the bar itself contradicts: staging.price_bar keeps such a range only where it is far off.
    select symbol, date, close, if(close > high, close / high, close / low) as ratio,
        greatest(known_at, high_known_at, low_known_at) as known_at
    from leveled
    where (close > high * (1 + 1e-6) or close < low * (1 - 1e-6))
        and (symbol, date) not in (select (symbol, date) from stale)
)
select symbol, date, close, 'held' as status, 'stale' as kind, 1.0::double as ratio, null::double as volume_ratio,
    'held: the bar before once more, ' || if(is_proved, 'price and volume', 'as most bars of the session are') as reason,
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
