/*
doc = """
Index shares by the published rules, constant from one rebalance to the next: shares of the primary line before all splits,
as many as the index counts at the rebalance's reference date, times the factor the limits leave. An issuer that joins after
the base whose limits are in force enters at the last close before with its whole count, but never above the smallest
limited issuer of that day, and keeps that factor until the next base.
"""
grain = ["index_code", "review", "issuer"]

[columns]
index_code = "Code of the universe."
review = "Number of the rebalance (core.index_rebalance)."
base = "Number of the rebalance whose limits are in force (core.capping_reference)."
issuer = "Issuer that is a member on a session of the rebalance."
joined_on = "First session as a member, of an issuer that joined after the base; NULL for the others."
counted_on = "Session whose count is used: the reference date, or the last one before with a count; of a joiner, its first."
counted_position = "Number of that session; the index shares are there from the next one on."
investable_weight_factor = "Part of the counted shares that the index counts, 0 to 1."
factor = "What the limits leave of them, 0 to 1."
index_shares = "Shares before all splits: units at counted_on x investable_weight_factor x factor."
known_at = "When everything they are set on could be known (UTC)."

[assertions]
"an index holds shares" = "index_shares > 0"
"limits only take" = "factor > 0 and factor <= 1"
"counted before they are held" = "joined_on is not null or counted_on is not null"
*/
with spell as (
    select rebalance.index_code, rebalance.review, capping_reference.base, rebalance.effective_date,
        base_rebalance.effective_date as base_date, session.position as reference_position,
        capping_reference.known_at
    from core.index_rebalance rebalance
    join core.capping_reference using (index_code, review)
    join core.index_rebalance base_rebalance on base_rebalance.index_code = rebalance.index_code
        and base_rebalance.review = capping_reference.base
    join staging.session on session.date = rebalance.reference_date
), member as (
    select index_member.index_code, spell.review, index_member.issuer, min(index_member.date) as first_date
    from core.index_member
    asof join spell on spell.index_code = index_member.index_code and spell.effective_date <= index_member.date
    group by index_member.index_code, spell.review, index_member.issuer
), rebalance_member as (
    -- Every member of each rebalance, with its count at the reference date, and its factor where the base has it.
    select spell.*, member.issuer, member.first_date,
        capping_factor.factor,
        coalesce(investable_weight_factor.investable_weight_factor, 1) as investable_weight_factor,
        case when spell.reference_position - issuer_unit.position < 5 then issuer_unit end as counted,
        greatest(spell.known_at, capping_factor.known_at, investable_weight_factor.known_at) as rule_known_at
    from spell
    join member using (index_code, review)
    asof left join core.issuer_unit on issuer_unit.issuer = member.issuer
        and issuer_unit.position <= spell.reference_position
    left join core.capping_factor
        on capping_factor.index_code = spell.index_code and capping_factor.review = spell.review
            and capping_factor.base = spell.base and capping_factor.issuer = member.issuer
    left join core.investable_weight_factor on investable_weight_factor.index_code = spell.index_code
        and investable_weight_factor.review = spell.review and investable_weight_factor.issuer = member.issuer
), entry as (
    -- Who is not in the base, or has no count at a reference date, enters at its first count since the session before.
    select newcomer.index_code, newcomer.base, newcomer.issuer, newcomer.review, newcomer.joined_on,
        newcomer.investable_weight_factor, issuer_unit.units, issuer_unit.level, issuer_unit.date,
            issuer_unit.position, issuer_unit.known_at
    from (
        select index_code, base, issuer, arg_min(review, first_date) as review, min(first_date) as joined_on,
            arg_min(investable_weight_factor, first_date) as investable_weight_factor
        from rebalance_member
        where factor is null or counted is null
        group by index_code, base, issuer
    ) newcomer
    join staging.session on session.date = newcomer.joined_on
    asof join core.issuer_unit on issuer_unit.issuer = newcomer.issuer and issuer_unit.position >= session.position - 1
), limited as (
    select entry.index_code, entry.base, entry.issuer,
        min(rebalance_member.counted.units * rebalance_member.investable_weight_factor * rebalance_member.factor
            * issuer_unit.level) as smallest,
        max(greatest(rebalance_member.rule_known_at, rebalance_member.counted.known_at, issuer_unit.known_at))
            as known_at
    from entry
    join rebalance_member on rebalance_member.index_code = entry.index_code and rebalance_member.review = entry.review
        and rebalance_member.factor < 1
    asof join core.issuer_unit on issuer_unit.issuer = rebalance_member.issuer
        and issuer_unit.position <= entry.position
    where rebalance_member.counted is not null and entry.position - issuer_unit.position < 5
    group by entry.index_code, entry.base, entry.issuer
), entered as (
    select entry.*,
        least(1, limited.smallest / (entry.units * entry.investable_weight_factor * entry.level)) as entry_factor,
        greatest(entry.known_at, limited.known_at) as entry_known_at
    from entry
    left join limited using (index_code, base, issuer)
), member_index_shares as (
    select
        rebalance_member.index_code, rebalance_member.review, rebalance_member.base, rebalance_member.issuer,
        case when rebalance_member.factor is null then entered.joined_on end as joined_on,
        if(rebalance_member.counted is not null
            and (rebalance_member.factor is not null or rebalance_member.counted.position >= entered.position),
            struct_pack(units := rebalance_member.counted.units, date := rebalance_member.counted.date,
                position := rebalance_member.counted.position,
                        known_at := rebalance_member.counted.known_at),
            struct_pack(units := entered.units, date := entered.date, position := entered.position,
                known_at := entered.known_at)) as count,
        rebalance_member.investable_weight_factor,
        coalesce(rebalance_member.factor, entered.entry_factor) as factor,
        greatest(rebalance_member.rule_known_at, case when rebalance_member.factor is null
            then entered.entry_known_at end) as known_at
    from rebalance_member
    left join entered using (index_code, base, issuer)
)
select index_code, review, base, issuer, joined_on,
    count.date as counted_on, count.position as counted_position, investable_weight_factor, factor,
    count.units * investable_weight_factor * factor as index_shares,
    greatest(member_index_shares.known_at, count.known_at, index_rebalance.known_at, session.known_at) as known_at
from member_index_shares
join core.index_rebalance using (index_code, review)
left join staging.session on session.date = member_index_shares.joined_on
where count.units is not null
