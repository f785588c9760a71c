/*
doc = """
What the limits make of plain capitalisations: for each rebalance, on the figures of each base it may go by (itself, or an
earlier one with none in between that sets every weight anew), the weight of each of the base's member issuers. The first
limit that is broken is kept, then the next one, until none is; annual limits at annual rebalances only. An issuer's
factor is what it keeps of its capitalisation, against those that no limit touches.
"""
grain = ["index_code", "review", "base", "issuer"]

[columns]
index_code = "Code of the universe."
review = "Number of the rebalance (core.index_rebalance)."
base = "Number of the rebalance whose members, closes and counts are weighed."
issuer = "Member issuer of the base, with a capitalisation within five sessions up to its reference date."
investable_weight_factor = "Part of the company's counted shares in the index, as the review knows it; 1 where nothing says otherwise."
plain_weight = "Share of the capitalisation at the base's reference date, 0 to 1."
limited_weight = "The same within the limits, 0 to 1."
factor = "limited_weight / plain_weight, over the largest such quotient: 1 for those no limit touches."
known_at = "When all figures of the review and base could be known (UTC)."

[assertions]
"weights are fractions" = "plain_weight > 0 and plain_weight <= 1 and limited_weight > 0 and limited_weight <= 1"
"limits only take" = "factor > 0 and factor <= 1"
"the weights add to one" = """(index_code, review, base) not in (
    select (index_code, review, base) from core.capping_factor group by index_code, review, base
    having abs(sum(limited_weight) - 1) > 1e-9 or abs(sum(plain_weight) - 1) > 1e-9)"""
*/
with recursive pair as (
    select r.index_code, r.review, b.review as base, b.effective_date, s.position as reference_position,
        b.kind = 'annual' as is_annual
    from core.index_rebalance r
    join core.index_rebalance b on b.index_code = r.index_code and b.review <= r.review
    join staging.session s on s.date = b.reference_date
    where b.review >= (
        select max(z.review) from core.index_rebalance z
        where z.index_code = r.index_code and z.review <= r.review and z.is_reset
    )
), member as (
    select distinct index_code, date as effective_date, issuer
    from core.index_member
), plain as (
    select p.index_code, p.review, p.base, p.is_annual, m.issuer,
        coalesce(l.investable_weight_factor, 1) as investable_weight_factor,
        u.units * u.level * coalesce(l.investable_weight_factor, 1) as value,
        greatest(u.known_at, l.known_at) as known_at
    from pair p
    join member m using (index_code, effective_date)
    asof join core.issuer_unit u on u.issuer = m.issuer and u.position <= p.reference_position
    left join core.investable_weight_factor l on l.index_code = p.index_code and l.review = p.review and l.issuer = m.issuer
    where p.reference_position - u.position < 5
), weighed as (
    select *,
        value / total as plain_weight,
        row_number() over (partition by index_code, review, base order by value desc, issuer) as place
    from plain
    join (
        select index_code, review, base, sum(value order by issuer) as total, max(known_at) as all_known_at
        from plain
        group by index_code, review, base
    ) using (index_code, review, base)
), state as (
    -- The weights by size; no limit changes their order.
    select index_code, review, base, is_annual, 0 as step, list(plain_weight order by place) as w
    from weighed
    group by index_code, review, base, is_annual
    union all
    select index_code, review, base, is_annual, step + 1,
        list_transform(w[1:n], lambda x: x * target / held)
            || list_transform(rest, lambda x, i: if(i <= stopped, most, x * scales[stopped + 1]))
    from (
        -- The fewest of the others that must stop at the most, so that the rest in proportion stays below it.
        select *, list_filter(range(0, len(rest)), lambda j:
            scales[j + 1] > 0 and rest[j + 1] * scales[j + 1] <= most * (1 + 1e-12))[1] as stopped
        from (
            select *,
                list_transform(range(0, len(rest)), lambda j: (share - most * j) / list_sum(rest[j + 1:])) as scales
            from (
                -- What the others share, and what one of them may have.
                select *, w[n + 1:] as rest, if(n = 0, 1, 1 - target) as share,
                    if(n = 0, target, least(coalesce(others_at_most, 1), w[n] * target / held)) as most
                from (
                    select * replace (if(limited = 'issuer', 0, n) as n)
                    from (
                        select *, list_sum(w[1:n]) as held
                        from (
                            select s.*, l.position, l.limited, l.above, l.target, l.others_at_most,
                                case l.limited
                                    when 'issuer' then 1
                                    when 'issuers_over' then len(list_filter(s.w, lambda x: x > l.size))
                                    when 'largest_issuers' then least(l.size, len(s.w))::bigint
                                end as n
                            from state s
                            join staging.weight_limit l on l.index_code = s.index_code and (s.is_annual or not l.is_annual)
                            where s.step < 20
                        )
                    )
                    where held > above + 1e-12
                    qualify row_number() over (partition by index_code, review, base order by position) = 1
                )
            )
        )
    )
    -- Too few issuers to give it to: the weights stay as they are.
    where stopped is not null
), final as (
    select index_code, review, base, unnest(w) as limited_weight, generate_subscripts(w, 1) as place
    from state
    qualify row_number() over (partition by index_code, review, base order by step desc) = 1
)
select
    index_code, review, base, issuer, investable_weight_factor, plain_weight, limited_weight,
    -- Exactly 1 where no limit took anything.
    if(kept > 1 - 1e-9, 1, kept) as factor,
    known_at
from (
    select w.index_code, w.review, w.base, w.issuer, w.investable_weight_factor, w.plain_weight, f.limited_weight,
        f.limited_weight / w.plain_weight
            / max(f.limited_weight / w.plain_weight) over (partition by index_code, review, base) as kept,
        greatest(w.all_known_at, v.known_at) as known_at
    from weighed w
    join core.index_rebalance v using (index_code, review)
    join final f using (index_code, review, base, place)
)
