/*
doc = """
The rebalances that a universe's capped weights go by: a start, when the first session whose members are known sets all
weights for the next one, and from there on the catalog's. Each takes the newest published list known before its session
opens, to learn how much of a company the index counts.
"""
grain = ["index_code", "review"]

[columns]
index_code = "Code of the universe."
review = "Number of the rebalance, 0 for the start."
effective_date = "First session with the new index shares."
reference_date = "Session whose closes and counts they are set on."
kind = "start, quarterly, annual or special; all but the quarterly ones set every weight anew."
is_reset = "Whether every weight is set anew from plain capitalisations."
list_date = "Day of the newest whole list published before effective_date; NULL without one."
list_published_on = "Day that list was published."
known_at = "When its first session had closed (UTC): from then on a build has it."

[assertions]
"set on what was known" = "reference_date < effective_date"
"a list known before it takes effect" = "list_date <= list_published_on and list_published_on < effective_date"
*/
with start as (
    select index_code, min(date) as reference_date
    from core.index_coverage
    where is_covered and index_code in (select index_code from staging.rebalance)
    group by index_code
), due as (
    select t.index_code, s.date as effective_date, t.reference_date, 'start' as kind
    from start t
    asof join staging.session s on t.reference_date < s.date
    union all
    select r.index_code, e.date, k.date, r.kind
    from staging.rebalance r
    asof join staging.session e on r.effective_date <= e.date
    asof join staging.session k on r.reference_date >= k.date
    join start t using (index_code)
    where k.date >= t.reference_date
), apart as (
    select *
    from due
    qualify row_number() over (partition by index_code, effective_date order by kind <> 'start', reference_date desc) = 1
), numbered as (
    select *,
        row_number() over (partition by index_code order by effective_date) - 1 as review
    from apart
), list as (
    select distinct index_code, list_date, published_on, known_at
    from core.implied_index_shares
), chosen as (
    select n.index_code, n.review, max(struct_pack(l.list_date, l.published_on)) as newest
    from numbered n
    join staging.session s on s.date = n.effective_date
    join list l on l.index_code = n.index_code and l.known_at < s.open_at
    group by n.index_code, n.review
)
select
    n.index_code, n.review::integer as review, n.effective_date, n.reference_date, n.kind,
    n.kind <> 'quarterly' as is_reset,
    c.newest.list_date as list_date,
    c.newest.published_on as list_published_on,
    e.known_at
from numbered n
join staging.session e on e.date = n.effective_date
left join chosen c using (index_code, review)
