/*
doc = """
Whether each published list of weights is whole and of the day it says, judged by the lists known before it. Between
rebalances index shares stand still, so a list's index shares (weight over split-free close) are those of earlier lists
at the session whose closes it was made of. A list that agrees with none of the ten before it at its own session, and
with one at the session before or after, is of that session. One that agrees with none at any is held, unless a rebalance
or a change of members lies between; the next list then has it to agree with. One without a company that a list of the
63 sessions before has, that is a member and traded that day, is held: a truncated list never replaces a whole one.
"""
grain = ["index_code", "date", "published_on"]

[columns]
index_code = "Code of the universe."
date = "Day the list is dated."
published_on = "Day the list was published."
list_date = "Session at whose close the list holds: date, or the session before or after; NULL where the list is held."
earlier_lists = "Lists known before it that it was compared with, at most ten."
deviation_bp = "Least mean absolute difference of its index shares from those of an earlier list, each weighted and at most 10 %, basis points: with the closes of date; NULL without an earlier list."
deviation_before_bp = "The same with the closes of the session before date."
deviation_after_bp = "The same with the closes of the session after date; NULL unless they were known with the list."
missing = "Members that an earlier list has, that traded on date, and that this list lacks, by symbol."
missing_weight = "What they weighed in the earlier list, 0 to 1; 0 without any."
reason = "Why the list is held or of another session, in one sentence; NULL where it is as it says."
known_at = "When the list and the closes could be known (UTC)."

[assertions]
"a held list has its reason" = "list_date is not null or reason is not null"
"a moved list agrees better" = "list_date = date or least(deviation_before_bp, deviation_after_bp) <= 20 and deviation_bp > 20"
"nothing weighs less than nothing" = "missing_weight >= 0"
*/
with list as (
    select w.index_code, w.date, w.published_on, s.position, max(w.known_at) as known_at,
        row_number() over (partition by w.index_code order by max(w.known_at), w.date, w.published_on) as number
    from staging.published_weight w
    join staging.session s using (date)
    group by w.index_code, w.date, w.published_on, s.position
), traded as (
    select p.symbol, p.date, s.position, p.level, p.known_at
    from core.held_level p
    join staging.session s using (date)
    where p.symbol in (select symbol from staging.published_weight)
), solved as (
    -- At its own session and the two beside it, as far as their closes were known with the list.
    select l.index_code, l.number, t.position - l.position as moved, w.symbol, w.weight, w.weight / t.level as index_shares
    from list l
    join staging.published_weight w using (index_code, date, published_on)
    join traded t on t.symbol = w.symbol and t.position between l.position - 1 and l.position + 1 and t.known_at <= l.known_at
    where w.weight > 0
), compared as (
    select a.index_code, a.number, a.moved, b.number as earlier, b.moved as earlier_moved, a.symbol, a.weight,
        a.index_shares / b.index_shares as ratio,
        median(a.index_shares / b.index_shares) over (
            partition by a.index_code, a.number, a.moved, b.number, b.moved) as scale
    from solved a
    join solved b on b.index_code = a.index_code and b.symbol = a.symbol and b.number between a.number - 10 and a.number - 1
), deviation as (
    select index_code, number, moved, earlier, 1e4 * sum(weight * least(abs(ratio / scale - 1), 0.1) order by symbol) as bp
    from compared
    where earlier_moved = 0
    group by index_code, number, moved, earlier
    having sum(weight order by symbol) >= 0.8
), agreement as (
    select index_code, number, count(distinct earlier) as earlier_lists,
        min(bp) filter (moved = 0) as deviation_bp,
        min(bp) filter (moved = -1) as deviation_before_bp,
        min(bp) filter (moved = 1) as deviation_after_bp
    from deviation
    group by index_code, number
), gap as (
    select l.index_code, l.number, e.number as earlier, w.symbol, w.weight
    from list l
    join list e on e.index_code = l.index_code and e.number < l.number and e.position between l.position - 63 and l.position
    join staging.published_weight w on w.index_code = e.index_code and w.date = e.date and w.published_on = e.published_on
    join staging.universe_member m
        on m.index_code = l.index_code and m.symbol = w.symbol
        and l.date >= m.valid_from and l.date < coalesce(m.valid_to, date 'infinity')
    join traded t on t.symbol = w.symbol and t.position = l.position and t.known_at <= l.known_at
    where w.weight > 0 and not exists (
        from staging.published_weight x
        where x.index_code = l.index_code and x.date = l.date and x.published_on = l.published_on
            and x.symbol = w.symbol and x.weight > 0)
), lacking as (
    select index_code, number, list(symbol order by symbol) as missing, sum(weight order by symbol) as missing_weight
    from (select index_code, number, symbol, max(weight) as weight from gap group by all)
    group by index_code, number
), changed as (
    select distinct l.index_code, l.number
    from list l
    join list e on e.index_code = l.index_code and e.number = l.number - 1
    join (
        select index_code, effective_date as changed_on from staging.rebalance
        union all
        select index_code, valid_from from staging.universe_member
        union all
        select index_code, valid_to from staging.universe_member
    ) c on c.index_code = l.index_code and c.changed_on > e.date and c.changed_on <= l.date + 7
), judged as (
    select l.*, coalesce(a.earlier_lists, 0) as earlier_lists,
        a.deviation_bp, a.deviation_before_bp, a.deviation_after_bp,
        coalesce(g.missing, []) as missing, coalesce(g.missing_weight, 0) as missing_weight,
        case
            when g.missing_weight > 0 then null
            when deviation_bp is null or deviation_bp <= 20 then 0
            when coalesce(least(deviation_before_bp, deviation_after_bp), deviation_bp) > 20 then if(c.number is not null, 0, null)
            when deviation_before_bp <= coalesce(deviation_after_bp, deviation_before_bp) then -1
            else 1
        end as moved
    from list l
    left join agreement a using (index_code, number)
    left join lacking g using (index_code, number)
    left join changed c using (index_code, number)
)
select
    j.index_code, j.date, j.published_on, s.date as list_date, earlier_lists,
    deviation_bp, deviation_before_bp, deviation_after_bp, missing, missing_weight,
    case
        when missing_weight > 0 then format(
            'held: the list of {} lacks {} ({:.2f} % of a list before), which are members and traded',
            j.date, array_to_string(missing[1:5], ', ') || if(len(missing) > 5, ' ...', ''), 100 * missing_weight)
        when moved is null then format(
            'held: the index shares of the list of {} are {:.0f} bp or more off those of every list before, and no '
            'rebalance or change of members explains it', j.date,
            least(deviation_bp, deviation_before_bp, deviation_after_bp))
        when moved <> 0 then format(
            'the list dated {} is that of {}: its index shares are {:.0f} bp off those of an earlier list as dated, '
            '{:.1f} bp a session {}', j.date, s.date, deviation_bp, least(deviation_before_bp, deviation_after_bp),
            if(moved < 0, 'earlier', 'later'))
    end as reason,
    j.known_at
from judged j
left join staging.session s on s.position = j.position + j.moved
