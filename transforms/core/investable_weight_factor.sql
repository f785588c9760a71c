/*
doc = """
How much of each company's counted shares the index counts, as a rebalance can know it: the index takes listed classes
and depositary receipts in issue, the feed's count is often the whole company's. Learned from the newest published list:
index shares over counted shares, against the largest such quotient among the issuers at least as large. Limits take from
large issuers what small ones keep, so nobody holds fewer index shares a share than every larger one but for shares that
are not counted. Large is who was when the limits were set. An upper bound, so the smallest one of the last year's
rebalances stands; above 0.97 it is rounding or
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
    select rebalance.index_code, rebalance.review, rebalance.list_date, rebalance.list_published_on,
        session.position as counted_position,
        reset.position as limited_position
    from core.index_rebalance rebalance
    asof join core.index_rebalance rebalance_in_force on rebalance_in_force.index_code = rebalance.index_code
        and rebalance_in_force.effective_date <= rebalance.list_date
    join staging.session on session.date = rebalance_in_force.reference_date
    asof join (
        select index_code, effective_date, position
        from core.index_rebalance join staging.session on date = reference_date
        where is_reset
    ) reset on reset.index_code = rebalance_in_force.index_code
        and reset.effective_date <= rebalance_in_force.effective_date
    where rebalance.list_date is not null
), listed as (
    select basis.index_code, basis.review, basis.list_date, basis.counted_position, basis.limited_position,
        implied_index_shares.issuer,
        sum(exact(implied_index_shares.weight))::double as weight,
            max(implied_index_shares.known_at) as known_at
    from basis
    join core.implied_index_shares
        on implied_index_shares.index_code = basis.index_code and implied_index_shares.list_date = basis.list_date
            and implied_index_shares.published_on = basis.list_published_on
    group by all
), counted as (
    select listed.*,
        coalesce(limited_unit.units * limited_unit.level, counted_unit.units * counted_unit.level) as market_cap,
            listed.weight / listed_unit.level / counted_unit.units as quotient,
        greatest(listed.known_at, listed_unit.known_at, counted_unit.known_at, limited_unit.known_at) as used_at
    from listed
    join core.issuer_unit listed_unit on listed_unit.issuer = listed.issuer and listed_unit.date = listed.list_date
    asof join core.issuer_unit counted_unit on counted_unit.issuer = listed.issuer
        and counted_unit.position <= listed.counted_position
    asof left join core.issuer_unit limited_unit on limited_unit.issuer = listed.issuer
        and limited_unit.position <= listed.limited_position
    where listed.counted_position - counted_unit.position < 5
), scaled as (
    select *, quotient / median(quotient) over (partition by index_code, review) as scaled
    from counted
), bounded as (
    select *, least(1, scaled / least(1, max(scaled) over (
        partition by index_code, review order by market_cap desc, issuer rows between unbounded preceding
            and current row
    ))) as bound
    from scaled
)
select index_code, review, issuer,
    min(if(bound > 0.97, 1, bound)) over year as investable_weight_factor,
    greatest(max(used_at) over year, index_rebalance.known_at) as known_at
from bounded
join core.index_rebalance using (index_code, review)
window year as (partition by index_code, issuer order by review range between 4 preceding and current row)
