/*
doc = """
What a published index tells of its members' steps. Its return is set against the sum of its members' contributions by
plain capitalization. Where the two agree, a leap that the index shows and that stands alone is confirmed; where they do
not, the fewest bars without which they agree are contradicted.
"""
grain = ["symbol", "date", "evidence"]

[columns]
symbol = "Ticker of a member."
date = "The source's date of the bar that steps."
number = "Number of the bar in the symbol's history (core.price_step)."
evidence = "confirmed or contradicted."
step = "ln of the level over that of the bar before, free of splits (core.price_step)."
told_at = "When the index's and all members' bars of the session were known (UTC)."

[assertions]
"two kinds of evidence" = "evidence in ('confirmed', 'contradicted')"
*/
with split_step as (
    select symbol, date, product(ratio) over (partition by symbol order by date) as split_product
    from staging.split
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
), member_step as (
    select *,
        -- Of three closes two are right: a run of wrong ones before must not weigh.
        list_aggregate([lag(log_level) over bars, lag(log_level, 7) over bars, lag(log_level, 15) over bars], 'median')
            as lasting_log_level
    from core.price_step
    where symbol in (select symbol from staging.universe_member)
    window bars as (partition by symbol order by date)
), member_day as (
    -- Each member's return beside the published index's over the same two sessions, at its capitalization before.
    select universe.index_code, index_bar.date, member_bar.symbol, member_bar.number, member_bar.step,
        index_bar.step as index_step,
        exp(if(abs(member_bar.log_level - member_bar.step - member_bar.lasting_log_level) > 0.25,
            member_bar.lasting_log_level, member_bar.log_level - member_bar.step)) * count_step.units
            as value,
        greatest(member_bar.known_at, member_bar.last_known_at, index_bar.known_at, index_bar.last_known_at) as known_at
    from staging.universe
    join core.price_step index_bar on index_bar.symbol = universe.published_index
    join staging.universe_member
        on universe_member.index_code = universe.index_code and index_bar.date >= universe_member.valid_from
            and (universe_member.valid_to is null or index_bar.date < universe_member.valid_to)
    join staging.instrument on instrument.symbol = universe_member.symbol
        and (instrument.is_primary_line or not instrument.counts_whole_company)
    join member_step member_bar on member_bar.symbol = universe_member.symbol and member_bar.date = index_bar.date
        and member_bar.last_date = index_bar.last_date
    asof join count_step on count_step.symbol = member_bar.symbol and count_step.date <= member_bar.date
    where abs(index_bar.step) < (select leap from core.price_step_bound where kind = 'index')
), contribution as (
    select *, value / sum(exact(value)) over (partition by index_code, date)::double * (exp(step) - 1) as contribution,
        max(known_at) over (partition by index_code, date) as session_known_at,
        coalesce(abs(step) >= suspected_step.leap and not suspected_step.is_confirmed, false) as is_suspected
    from member_day
    left join (select symbol, number, leap, is_confirmed from core.doubtful_step) suspected_step using (symbol, number)
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
    select questioned.symbol, questioned.number, median(abs(earlier_bar.step)) as usual_step,
        any_value(member_bar.units_traded)
            / median(earlier_bar.units_traded) filter (earlier_bar.number >= questioned.number - 21) as volume_ratio
    from (select distinct symbol, number from index_says where is_questioned) questioned
    join core.price_step member_bar using (symbol, number)
    join core.price_step earlier_bar on earlier_bar.symbol = questioned.symbol
        and earlier_bar.number between questioned.number - 63 and questioned.number - 1
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
    select symbol, any_value(date) as date, number, any_value(step) as step, max(session_known_at) as told_at
    from (select *, min(if(closes, place, null)) over (partition by index_code, date) as fewest from removed)
    where place <= fewest
    group by symbol, number
), confirmed as (
    select symbol, any_value(date) as date, number, any_value(step) as step, max(session_known_at) as told_at
    from index_says where is_confirmed group by symbol, number
)
select symbol, date, number, 'contradicted' as evidence, step, told_at from contradicted
union all
select symbol, date, number, 'confirmed', step, told_at from confirmed
