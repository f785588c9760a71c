/*
doc = """
How much of an index's weight is known by session, under each weighting. This is the one place of the coverage rule:
below 0.90 of weight an index has no figures that day, below 0.90 of weight with a return it has no return. A member
that is missing weighs what it was last known to be worth under the weighting; one of which nothing was ever known
weighs as much as the mean member.
"""
grain = ["date", "index_code", "weight_scheme"]

[columns]
date = "Session."
index_code = "Code of the universe."
weight_scheme = """\
How the universe is weighted (core.weight_scheme). A session before the first rebalance has no row of capped, one \
without a list of the last 63 sessions none of anchored."""
coverage_share = """\
Weight of the members that have a value at the close / weight of all members, each at its last known value; 0 to 1."""
return_share = "The same of the members that have a value at the close and a return."
is_covered = "coverage_share >= 0.90: the day has levels."
has_return = "return_share >= 0.90: the day has a return."
known_at = "When that could be known (UTC); of a session without any close, when a later session proved it a hole."

[assertions]
"coverage is a share" = "coverage_share between 0 and 1 and return_share between 0 and coverage_share"
"a return needs levels" = "is_covered or not has_return"
*/
with valued as (
    select date, index_code, 'full_cap' as weight_scheme, issuer as member, close_value, last_value, price_return,
        known_at
    from core.full_cap_value
    union all
    select date, index_code, 'capped', issuer, close_value, last_value, price_return, known_at
    from core.capped_value
    union all
    select date, index_code, 'anchored', symbol, close_value, last_value, price_return, known_at
    from core.anchored_value
), added as (
    select
        date, index_code, weight_scheme,
        sum(exact(last_value)) filter (close_value is not null)::double as closed_value,
        sum(exact(last_value)) filter (close_value is not null and price_return is not null)::double as returned_value,
        -- Who was never worth anything known counts as the mean of the others.
        sum(exact(last_value))::double * (count(*) / count(last_value)) as whole_value,
        max(known_at) as known_at
    from valued
    group by date, index_code, weight_scheme
), shared as (
    select
        date, index_code, weight_scheme,
        -- The sums of all members are equal to the last bit; rounding must not make more than the whole of them.
        least(coalesce(closed_value / whole_value, 0), 1) as coverage_share,
        least(coalesce(returned_value / whole_value, 0), 1) as return_share,
        known_at
    from added
)
select
    shared.date, shared.index_code, shared.weight_scheme, shared.coverage_share, shared.return_share,
    shared.coverage_share >= 0.9 as is_covered,
    shared.return_share >= 0.9 as has_return,
    greatest(index_coverage.known_at, shared.known_at) as known_at
from shared
join core.index_coverage using (date, index_code)
