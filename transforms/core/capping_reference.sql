/*
doc = """
Which figures the limits of each rebalance go by. One that sets every weight anew goes by its own. A quarterly one keeps those
before it, unless the weights in force, with the counts of its own reference date, break a limit: then it goes by its
own too. Members since the base count with their capitalisation here, but never above the smallest limited issuer.
"""
grain = ["index_code", "review"]

[columns]
index_code = "Code of the universe."
review = "Number of the rebalance (core.index_rebalance)."
base = "Number of the rebalance whose members, closes and counts the limits' factors come from."
largest_weight = "Weight in force of the largest issuer at the reference date, 0 to 1; NULL where every weight is set anew anyway."
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
    select distinct l.index_code, l.review, l.base, r.effective_date, s.position as reference_position
    from core.capping_factor l
    join core.index_rebalance r using (index_code, review)
    join staging.session s on s.date = r.reference_date
    where l.base < l.review
), valued as (
    select p.index_code, p.review, p.base, m.issuer, k.factor,
        u.units * u.level * coalesce(l.investable_weight_factor, 1) * coalesce(k.factor, 1) as value,
        greatest(u.known_at, l.known_at, k.known_at) as known_at
    from pair p
    join member m using (index_code, effective_date)
    asof join core.issuer_unit u on u.issuer = m.issuer and u.position <= p.reference_position
    left join core.capping_factor k
        on k.index_code = p.index_code and k.review = p.review and k.base = p.base and k.issuer = m.issuer
    left join core.investable_weight_factor l on l.index_code = p.index_code and l.review = p.review and l.issuer = m.issuer
    where p.reference_position - u.position < 5
), in_force as (
    select *, least(value, case when factor is null then min(value) filter (factor < 1) over (
        partition by index_code, review, base
    ) end) as held
    from valued
), weighed as (
    select index_code, review, base,
        list(held order by held desc, issuer) as values_held, sum(held order by issuer) as total, max(known_at) as known_at
    from in_force
    group by index_code, review, base
), tested as materialized (
    select w.index_code, w.review, w.base,
        any_value(values_held[1] / total) as largest_weight,
        min(l.position) filter (l.above + 1e-12 < case l.limited
            when 'issuer' then values_held[1]
            when 'issuers_over' then list_sum(list_filter(values_held, lambda x: x / total > l.size))
            when 'largest_issuers' then list_sum(values_held[1:l.size::bigint])
        end / total) as broken_limit,
        any_value(w.known_at) as known_at
    from weighed w
    join staging.weight_limit l on l.index_code = w.index_code and not l.is_annual
    group by w.index_code, w.review, w.base
), chain as (
    select index_code, review, review as base, null::double as largest_weight, null::integer as broken_limit,
        null::timestamp as tested_at
    from core.index_rebalance
    where review = 0
    union all
    select r.index_code, r.review, if(r.is_reset or t.broken_limit is not null, r.review, c.base),
        t.largest_weight, t.broken_limit, t.known_at
    from chain c
    join core.index_rebalance r on r.index_code = c.index_code and r.review = c.review + 1
    left join tested t on t.index_code = r.index_code and t.review = r.review and t.base = c.base
), limited as (
    select index_code, review, base, max(known_at) as known_at
    from core.capping_factor
    group by index_code, review, base
)
select c.index_code, c.review, c.base, c.largest_weight, c.broken_limit,
    greatest(l.known_at, c.tested_at, v.known_at) as known_at
from chain c
join core.index_rebalance v using (index_code, review)
left join limited l using (index_code, review, base)
