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
    select r.index_code, r.review, b.base, r.effective_date, o.effective_date as base_date, s.position as reference_position,
        b.known_at
    from core.index_rebalance r
    join core.capping_reference b using (index_code, review)
    join core.index_rebalance o on o.index_code = r.index_code and o.review = b.base
    join staging.session s on s.date = r.reference_date
), member as (
    select m.index_code, p.review, m.issuer, min(m.date) as first_date
    from core.index_member m
    asof join spell p on p.index_code = m.index_code and p.effective_date <= m.date
    group by m.index_code, p.review, m.issuer
), known as (
    -- Every member of each rebalance, with its count at the reference date, and its factor where the base has it.
    select p.*, m.issuer, m.first_date,
        k.factor,
        coalesce(l.investable_weight_factor, 1) as investable_weight_factor,
        case when p.reference_position - u.position < 5 then u end as counted,
        greatest(p.known_at, k.known_at, l.known_at) as rule_known_at
    from spell p
    join member m using (index_code, review)
    asof left join core.issuer_unit u on u.issuer = m.issuer and u.position <= p.reference_position
    left join core.capping_factor k
        on k.index_code = p.index_code and k.review = p.review and k.base = p.base and k.issuer = m.issuer
    left join core.investable_weight_factor l on l.index_code = p.index_code and l.review = p.review and l.issuer = m.issuer
), entry as (
    -- Who is not in the base, or has no count at a reference date, enters at its first count since the session before.
    select n.index_code, n.base, n.issuer, n.review, n.joined_on, n.investable_weight_factor, u.units, u.level, u.date, u.position, u.known_at
    from (
        select index_code, base, issuer, arg_min(review, first_date) as review, min(first_date) as joined_on,
            arg_min(investable_weight_factor, first_date) as investable_weight_factor
        from known
        where factor is null or counted is null
        group by index_code, base, issuer
    ) n
    join staging.session s on s.date = n.joined_on
    asof join core.issuer_unit u on u.issuer = n.issuer and u.position >= s.position - 1
), limited as (
    select e.index_code, e.base, e.issuer,
        min(k.counted.units * k.investable_weight_factor * k.factor * u.level) as smallest,
        max(greatest(k.rule_known_at, k.counted.known_at, u.known_at)) as known_at
    from entry e
    join known k on k.index_code = e.index_code and k.review = e.review and k.factor < 1
    asof join core.issuer_unit u on u.issuer = k.issuer and u.position <= e.position
    where k.counted is not null and e.position - u.position < 5
    group by e.index_code, e.base, e.issuer
), entered as (
    select e.*, least(1, l.smallest / (e.units * e.investable_weight_factor * e.level)) as entry_factor,
        greatest(e.known_at, l.known_at) as entry_known_at
    from entry e
    left join limited l using (index_code, base, issuer)
), held as (
    select
        k.index_code, k.review, k.base, k.issuer,
        case when k.factor is null then e.joined_on end as joined_on,
        if(k.counted is not null and (k.factor is not null or k.counted.position >= e.position),
            struct_pack(units := k.counted.units, date := k.counted.date, position := k.counted.position,
                        known_at := k.counted.known_at),
            struct_pack(units := e.units, date := e.date, position := e.position, known_at := e.known_at)) as count,
        k.investable_weight_factor,
        coalesce(k.factor, e.entry_factor) as factor,
        greatest(k.rule_known_at, case when k.factor is null then e.entry_known_at end) as known_at
    from known k
    left join entered e using (index_code, base, issuer)
)
select index_code, review, base, issuer, joined_on,
    count.date as counted_on, count.position as counted_position, investable_weight_factor, factor,
    count.units * investable_weight_factor * factor as index_shares,
    greatest(h.known_at, count.known_at, v.known_at, j.known_at) as known_at
from held h
join core.index_rebalance v using (index_code, review)
left join staging.session j on j.date = h.joined_on
where count.units is not null
