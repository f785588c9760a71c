/*
doc = """
Whether each published list of weights is complete and of the day it names, judged by the lists known before it. Between
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
list_date = "Session to whose close the list refers: date, or the session before or after; NULL where the list is held."
earlier_lists = "Lists known before it that it was compared with, at most ten."
deviation_bp = """\
Least mean absolute difference of its index shares from those of an earlier list, each weighted and at most 10 %, \
basis points: with the closes of date; NULL without an earlier list."""
deviation_before_bp = "The same with the closes of the session before date."
deviation_after_bp = "The same with the closes of the session after date; NULL unless they were known with the list."
missing = "Members that an earlier list has, that traded on date, and that this list lacks, by symbol."
missing_weight = "What they weighed in the earlier list, 0 to 1; 0 without any."
reason = "Why the list is held or of another session, in one sentence; NULL where it is as dated."
known_at = "When the list and the closes could be known (UTC)."

[assertions]
"a held list has its reason" = "list_date is not null or reason is not null"
"a moved list agrees better" = """\
list_date = date or least(deviation_before_bp, deviation_after_bp) <= 20 and deviation_bp > 20"""
"nothing weighs less than nothing" = "missing_weight >= 0"
*/
with list as (
    select published_weight.index_code, published_weight.date, published_weight.published_on, session.position,
        max(published_weight.known_at) as known_at,
        row_number() over (partition by published_weight.index_code order by max(published_weight.known_at),
            published_weight.date, published_weight.published_on) as number
    from staging.published_weight
    join staging.session using (date)
    group by published_weight.index_code, published_weight.date, published_weight.published_on, session.position
), traded as (
    select held_level.symbol, held_level.date, session.position, held_level.level, held_level.known_at
    from core.held_level
    join staging.session using (date)
    where held_level.symbol in (select symbol from staging.published_weight)
), solved as (
    -- At its own session and the two beside it, as far as their closes were known with the list.
    select newer_list.index_code, newer_list.number, traded.position - newer_list.position as moved,
        published_weight.symbol, published_weight.weight, published_weight.weight / traded.level as index_shares
    from list newer_list
    join staging.published_weight using (index_code, date, published_on)
    join traded on traded.symbol = published_weight.symbol and traded.position between newer_list.position - 1
        and newer_list.position + 1 and traded.known_at <= newer_list.known_at
    where published_weight.weight > 0
), compared as (
    select first_solution.index_code, first_solution.number, first_solution.moved, second_solution.number as earlier,
        second_solution.moved as earlier_moved, first_solution.symbol, first_solution.weight,
        first_solution.index_shares / second_solution.index_shares as ratio,
        median(first_solution.index_shares / second_solution.index_shares) over (
            partition by first_solution.index_code, first_solution.number, first_solution.moved,
                second_solution.number, second_solution.moved) as scale
    from solved first_solution
    join solved second_solution on second_solution.index_code = first_solution.index_code
        and second_solution.symbol = first_solution.symbol
            and second_solution.number between first_solution.number - 10 and first_solution.number - 1
), deviation as (
    select index_code, number, moved, earlier,
        1e4 * sum(exact(weight * least(abs(ratio / scale - 1), 0.1)))::double as bp
    from compared
    where earlier_moved = 0
    group by index_code, number, moved, earlier
    having sum(exact(weight)) >= 0.8
), agreement as (
    select index_code, number, count(distinct earlier) as earlier_lists,
        min(bp) filter (moved = 0) as deviation_bp,
        min(bp) filter (moved = -1) as deviation_before_bp,
        min(bp) filter (moved = 1) as deviation_after_bp
    from deviation
    group by index_code, number
), gap as (
    select newer_list.index_code, newer_list.number, earlier_list.number as earlier, published_weight.symbol,
        published_weight.weight
    from list newer_list
    join list earlier_list on earlier_list.index_code = newer_list.index_code
        and earlier_list.number < newer_list.number and earlier_list.position between newer_list.position - 63
            and newer_list.position
    join staging.published_weight on published_weight.index_code = earlier_list.index_code
        and published_weight.date = earlier_list.date and published_weight.published_on = earlier_list.published_on
    join staging.universe_member
        on universe_member.index_code = newer_list.index_code and universe_member.symbol = published_weight.symbol
        and newer_list.date >= universe_member.valid_from
            and newer_list.date < coalesce(universe_member.valid_to, date 'infinity')
    join traded on traded.symbol = published_weight.symbol and traded.position = newer_list.position
        and traded.known_at <= newer_list.known_at
    where published_weight.weight > 0 and not exists (
        from staging.published_weight same_member
        where same_member.index_code = newer_list.index_code and same_member.date = newer_list.date
            and same_member.published_on = newer_list.published_on
            and same_member.symbol = published_weight.symbol and same_member.weight > 0)
), lacking as (
    select index_code, number, list(symbol order by symbol) as missing, sum(exact(weight))::double as missing_weight
    from (select index_code, number, symbol, max(weight) as weight from gap group by all)
    group by index_code, number
), changed as (
    select distinct newer_list.index_code, newer_list.number
    from list newer_list
    join list earlier_list on earlier_list.index_code = newer_list.index_code
        and earlier_list.number = newer_list.number - 1
    join (
        select index_code, effective_date as changed_on from staging.rebalance
        union all
        select index_code, valid_from from staging.universe_member
        union all
        select index_code, valid_to from staging.universe_member
    ) change on change.index_code = newer_list.index_code and change.changed_on > earlier_list.date
        and change.changed_on <= newer_list.date + 7
), judged as (
    select newer_list.*, coalesce(agreement.earlier_lists, 0) as earlier_lists,
        agreement.deviation_bp, agreement.deviation_before_bp, agreement.deviation_after_bp,
        coalesce(lacking.missing, []) as missing, coalesce(lacking.missing_weight, 0) as missing_weight,
        case
            when lacking.missing_weight > 0 then null
            when deviation_bp is null or deviation_bp <= 20 then 0
            when coalesce(least(deviation_before_bp, deviation_after_bp), deviation_bp) > 20
                then if(changed.number is not null, 0, null)
            when deviation_before_bp <= coalesce(deviation_after_bp, deviation_before_bp) then -1
            else 1
        end as moved
    from list newer_list
    left join agreement using (index_code, number)
    left join lacking using (index_code, number)
    left join changed using (index_code, number)
)
select
    judged.index_code, judged.date, judged.published_on, session.date as list_date, earlier_lists,
    deviation_bp, deviation_before_bp, deviation_after_bp, missing, missing_weight,
    case
        when missing_weight > 0 then format(
            'held: the list of {} lacks {} ({:.2f} % of a list before), which are members and traded',
            judged.date, array_to_string(missing[1:5], ', ') || if(len(missing) > 5, ' ...', ''), 100 * missing_weight)
        when moved is null then format(
            'held: the index shares of the list of {} are {:.0f} bp or more off those of every list before, and no '
            'rebalance or change of members explains it', judged.date,
            least(deviation_bp, deviation_before_bp, deviation_after_bp))
        when moved <> 0 then format(
            'the list dated {} is that of {}: its index shares are {:.0f} bp off those of an earlier list as dated, '
            '{:.1f} bp a session {}', judged.date, session.date, deviation_bp,
                least(deviation_before_bp, deviation_after_bp),
            if(moved < 0, 'earlier', 'later'))
    end as reason,
    judged.known_at
from judged
left join staging.session on session.position = judged.position + judged.moved
