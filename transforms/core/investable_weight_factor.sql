/*
doc = """
How much of each company's counted shares the index counts, as a rebalance can know it: the index takes listed classes
and depositary receipts in issue, the feed's count is often the whole company's. Learned from the newest published list:
index shares over counted shares, against the largest such quotient among the issuers at least as large. Limits take from
large issuers what small ones keep, so nobody holds fewer index shares a share than every larger one but for shares that
are not counted. Large is who was when the limits were set. An upper bound, so the smallest one of the last year's rebalances stands; above 0.97 it is rounding or
a count in passing, and the company is counted whole.
"""
grain = ["index_code", "review", "issuer"]

[columns]
index_code = "Code of the universe."
review = "Number of the rebalance (core.index_rebalance)."
issuer = "Issuer on the newest list known then."
investable_weight_factor = "Part of the company's counted shares in the index, 0 to 1."
known_at = "When the lists, closes and counts used could be known (UTC)."

[assertions]
"a part of the whole" = "investable_weight_factor > 0 and investable_weight_factor <= 1"
"a part or the whole" = "investable_weight_factor = 1 or investable_weight_factor <= 0.97"
*/
with basis as (
    -- The counts that were in the index on the list's day, of the rebalance in force, and when its limits were set.
    select r.index_code, r.review, r.list_date, r.list_published_on, s.position as counted_position,
        z.position as limited_position
    from core.index_rebalance r
    asof join core.index_rebalance f on f.index_code = r.index_code and f.effective_date <= r.list_date
    join staging.session s on s.date = f.reference_date
    asof join (
        select index_code, effective_date, position
        from core.index_rebalance join staging.session on date = reference_date
        where is_reset
    ) z on z.index_code = f.index_code and z.effective_date <= f.effective_date
    where r.list_date is not null
), listed as (
    select b.index_code, b.review, b.list_date, b.counted_position, b.limited_position, a.issuer,
        sum(a.weight order by a.symbol) as weight, max(a.known_at) as known_at
    from basis b
    join core.implied_index_shares a
        on a.index_code = b.index_code and a.list_date = b.list_date and a.published_on = b.list_published_on
    group by all
), counted as (
    select l.*, coalesce(z.units * z.level, u.units * u.level) as market_cap, l.weight / p.level / u.units as quotient,
        greatest(l.known_at, p.known_at, u.known_at, z.known_at) as used_at
    from listed l
    join core.issuer_unit p on p.issuer = l.issuer and p.date = l.list_date
    asof join core.issuer_unit u on u.issuer = l.issuer and u.position <= l.counted_position
    asof left join core.issuer_unit z on z.issuer = l.issuer and z.position <= l.limited_position
    where l.counted_position - u.position < 5
), scaled as (
    select *, quotient / median(quotient) over (partition by index_code, review) as scaled
    from counted
), bounded as (
    select *, least(1, scaled / least(1, max(scaled) over (
        partition by index_code, review order by market_cap desc, issuer rows between unbounded preceding and current row
    ))) as bound
    from scaled
)
select index_code, review, issuer,
    min(if(bound > 0.97, 1, bound)) over year as investable_weight_factor,
    greatest(max(used_at) over year, v.known_at) as known_at
from bounded
join core.index_rebalance v using (index_code, review)
window year as (partition by index_code, issuer order by review range between 4 preceding and current row)
