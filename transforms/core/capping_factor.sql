/*
doc = """
What the limits make of plain capitalizations: for each rebalance, on the figures of each base it may go by (itself, or an
earlier one with none in between that sets every weight anew), the weight of each of the base's member issuers. The first
limit that is broken is kept, then the next one, until none is; annual limits at annual rebalances only. An issuer's
factor is what it keeps of its capitalization, against those that no limit touches.
"""
grain = ["index_code", "review", "base", "issuer"]

[columns]
index_code = "Code of the universe."
review = "Number of the rebalance (core.index_rebalance)."
base = "Number of the rebalance whose members, closes and counts are weighed."
issuer = "Member issuer of the base, with a capitalization within five sessions up to its reference date."
investable_weight_factor = """\
Part of the company's counted shares in the index, as known at the review; 1 without evidence of another."""
plain_weight = "Share of the capitalization at the base's reference date, 0 to 1."
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
    select rebalance.index_code, rebalance.review, base_rebalance.review as base, base_rebalance.effective_date,
        session.position as reference_position,
        base_rebalance.kind = 'annual' as is_annual
    from core.index_rebalance rebalance
    join core.index_rebalance base_rebalance on base_rebalance.index_code = rebalance.index_code
        and base_rebalance.review <= rebalance.review
    join staging.session on session.date = base_rebalance.reference_date
    where base_rebalance.review >= (
        select max(reset_rebalance.review) from core.index_rebalance reset_rebalance
        where reset_rebalance.index_code = rebalance.index_code and reset_rebalance.review <= rebalance.review
            and reset_rebalance.is_reset
    )
), member as (
    select distinct index_code, date as effective_date, issuer
    from core.index_member
), plain as (
    select pair.index_code, pair.review, pair.base, pair.is_annual, member.issuer,
        coalesce(investable_weight_factor.investable_weight_factor, 1) as investable_weight_factor,
        issuer_unit.units * issuer_unit.level * coalesce(investable_weight_factor.investable_weight_factor, 1) as value,
        greatest(issuer_unit.known_at, investable_weight_factor.known_at) as known_at
    from pair
    join member using (index_code, effective_date)
    asof join core.issuer_unit on issuer_unit.issuer = member.issuer and issuer_unit.position <= pair.reference_position
    left join core.investable_weight_factor on investable_weight_factor.index_code = pair.index_code
        and investable_weight_factor.review = pair.review and investable_weight_factor.issuer = member.issuer
    where pair.reference_position - issuer_unit.position < 5
), weighed as (
    select *,
        value / total as plain_weight,
        row_number() over (partition by index_code, review, base order by value desc, issuer) as place
    from plain
    join (
        select index_code, review, base, sum(exact(value))::double as total, max(known_at) as all_known_at
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
                            select state.*, weight_limit.position, weight_limit.limited, weight_limit.above,
                                weight_limit.target, weight_limit.others_at_most,
                                case weight_limit.limited
                                    when 'issuer' then 1
                                    when 'issuers_over' then len(list_filter(state.w, lambda x: x > weight_limit.size))
                                    when 'largest_issuers' then least(weight_limit.size, len(state.w))::bigint
                                end as n
                            from state
                            join staging.weight_limit on weight_limit.index_code = state.index_code
                                and (state.is_annual or not weight_limit.is_annual)
                            where state.step < 20
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
    select weighed.index_code, weighed.review, weighed.base, weighed.issuer, weighed.investable_weight_factor,
        weighed.plain_weight, final.limited_weight,
        final.limited_weight / weighed.plain_weight
            / max(final.limited_weight / weighed.plain_weight) over (partition by index_code, review, base) as kept,
        greatest(weighed.all_known_at, index_rebalance.known_at) as known_at
    from weighed
    join core.index_rebalance using (index_code, review)
    join final using (index_code, review, base, place)
)
