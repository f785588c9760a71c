/*
doc = """
Which figures the limits of each rebalance go by. One that sets every weight anew goes by its own. A quarterly one keeps
those
before it, unless the weights in force, with the counts of its own reference date, break a limit: then it goes by its
own too. Members since the base count with their capitalization here, but never above the smallest limited issuer.
"""
grain = ["index_code", "review"]

[columns]
index_code = "Code of the universe."
review = "Number of the rebalance (core.index_rebalance)."
base = "Number of the rebalance whose members, closes and counts the limits' factors come from."
largest_weight = """\
Weight in force of the largest issuer at the reference date, 0 to 1; NULL where every weight is set anew anyway."""
broken_limit = "Position of the first limit the weights in force broke; NULL for none."
known_at = "When the limits' figures, and the weights in force at the reference date, could be known (UTC)."

[assertions]
"a base is not later than its rebalance" = "base between 0 and review"
"a broken limit sets the weights anew" = "broken_limit is null or base = review"
"a weight is a fraction" = "largest_weight > 0 and largest_weight <= 1"
*/
with recursive member as (
    select distinct index_code, date as effective_date, issuer
    from core.index_member
), pair as (
    select distinct capping_factor.index_code, capping_factor.review, capping_factor.base,
        index_rebalance.effective_date, session.position as reference_position
    from core.capping_factor
    join core.index_rebalance using (index_code, review)
    join staging.session on session.date = index_rebalance.reference_date
    where capping_factor.base < capping_factor.review
), valued as (
    select pair.index_code, pair.review, pair.base, member.issuer, capping_factor.factor,
        issuer_unit.units * issuer_unit.level * coalesce(investable_weight_factor.investable_weight_factor,
            1) * coalesce(capping_factor.factor, 1) as value,
        greatest(issuer_unit.known_at, investable_weight_factor.known_at, capping_factor.known_at) as known_at
    from pair
    join member using (index_code, effective_date)
    asof join core.issuer_unit on issuer_unit.issuer = member.issuer and issuer_unit.position <= pair.reference_position
    left join core.capping_factor
        on capping_factor.index_code = pair.index_code and capping_factor.review = pair.review
            and capping_factor.base = pair.base and capping_factor.issuer = member.issuer
    left join core.investable_weight_factor on investable_weight_factor.index_code = pair.index_code
        and investable_weight_factor.review = pair.review and investable_weight_factor.issuer = member.issuer
    where pair.reference_position - issuer_unit.position < 5
), in_force as (
    select *, least(value, case when factor is null then min(value) filter (factor < 1) over (
        partition by index_code, review, base
    ) end) as held
    from valued
), weighed as (
    select index_code, review, base,
        list(held order by held desc, issuer) as values_held, sum(exact(held))::double as total,
            max(known_at) as known_at
    from in_force
    group by index_code, review, base
), tested as materialized (
    select weighed.index_code, weighed.review, weighed.base,
        any_value(values_held[1] / total) as largest_weight,
        min(weight_limit.position) filter (weight_limit.above + 1e-12 < case weight_limit.limited
            when 'issuer' then values_held[1]
            when 'issuers_over' then list_sum(list_filter(values_held, lambda x: x / total > weight_limit.size))
            when 'largest_issuers' then list_sum(values_held[1:weight_limit.size::bigint])
        end / total) as broken_limit,
        any_value(weighed.known_at) as known_at
    from weighed
    join staging.weight_limit on weight_limit.index_code = weighed.index_code and not weight_limit.is_annual
    group by weighed.index_code, weighed.review, weighed.base
), chain as (
    select index_code, review, review as base, null::double as largest_weight, null::integer as broken_limit,
        null::timestamp as tested_at
    from core.index_rebalance
    where review = 0
    union all
    select index_rebalance.index_code, index_rebalance.review,
        if(index_rebalance.is_reset or tested.broken_limit is not null, index_rebalance.review, chain.base),
        tested.largest_weight, tested.broken_limit, tested.known_at
    from chain
    join core.index_rebalance on index_rebalance.index_code = chain.index_code
        and index_rebalance.review = chain.review + 1
    left join tested on tested.index_code = index_rebalance.index_code and tested.review = index_rebalance.review
        and tested.base = chain.base
), limited as (
    select index_code, review, base, max(known_at) as known_at
    from core.capping_factor
    group by index_code, review, base
)
select chain.index_code, chain.review, chain.base, chain.largest_weight, chain.broken_limit,
    greatest(limited.known_at, chain.tested_at, index_rebalance.known_at) as known_at
from chain
join core.index_rebalance using (index_code, review)
left join limited using (index_code, review, base)
