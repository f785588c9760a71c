/*
doc = """
How many members of each universe are known by session, by name. What an index's breadth counts needs 0.90 of the names;
its weights and its return need 0.90 of the weight (core.weight_coverage).
"""
grain = ["date", "index_code"]

[columns]
date = "Session."
index_code = "Code of the universe."
members = "Member securities."
issuers = "Issuers with a member security; several classes of one company are one issuer."
coverage_share = "Members with a close and shares in force / members."
return_share = "Members with those and a return / members."
is_covered = "coverage_share >= 0.90: the day has breadth over longer windows."
has_return = "is_covered, and return_share >= 0.90: the day has advancers and decliners."
known_at = "When that could be known (UTC); of a session without any close, when a later session proved it a hole."

[assertions]
"coverage is a share" = "coverage_share between 0 and 1 and return_share between 0 and coverage_share"
"an issuer has at least one security" = "issuers between 1 and members"
"a return needs levels" = "is_covered or not has_return"
*/
with counted as (
    select
        date, index_code,
        count(*) as members,
        count(distinct issuer) as issuers,
        count(*) filter (is_priced) / count(*) as coverage_share,
        count(*) filter (is_priced and price_return is not null) / count(*) as return_share,
        min(known_at) as first_known_at,
        max(known_at) as known_at
    from core.index_member
    group by date, index_code
), closed as (
    select counted.* exclude first_known_at, session.known_at as session_known_at,
        least(counted.first_known_at, index_level.known_at) as first_known_at
    from counted
    join staging.session using (date)
    join staging.universe using (index_code)
    left join core.index_level on index_level.symbol = universe.published_index and index_level.date = counted.date
)
select
    date, index_code, members, issuers, coverage_share, return_share,
    coverage_share >= 0.9 as is_covered,
    coverage_share >= 0.9 and return_share >= 0.9 as has_return,
    greatest(
        session_known_at, known_at,
        min(first_known_at) over (
            partition by index_code order by date rows between current row and unbounded following
        )
    ) as known_at
from closed
