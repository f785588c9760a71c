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
is_reset = "Whether every weight is recomputed from plain capitalization."
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
    select start.index_code, session.date as effective_date, start.reference_date, 'start' as kind
    from start
    asof join staging.session on start.reference_date < session.date
    union all
    select rebalance.index_code, effective_session.date, reference_session.date, rebalance.kind
    from staging.rebalance
    asof join staging.session effective_session on rebalance.effective_date <= effective_session.date
    asof join staging.session reference_session on rebalance.reference_date >= reference_session.date
    join start using (index_code)
    where reference_session.date >= start.reference_date
), distinct_rebalance as (
    select *
    from due
    qualify row_number() over (partition by index_code, effective_date order by kind <> 'start',
        reference_date desc) = 1
), numbered as (
    select *,
        row_number() over (partition by index_code order by effective_date) - 1 as review
    from distinct_rebalance
), list as (
    select distinct index_code, list_date, published_on, known_at
    from core.implied_index_shares
), newest_list as (
    select numbered.index_code, numbered.review, max(struct_pack(list.list_date, list.published_on)) as newest
    from numbered
    join staging.session on session.date = numbered.effective_date
    join list on list.index_code = numbered.index_code and list.known_at < session.open_at
    group by numbered.index_code, numbered.review
)
select
    numbered.index_code, numbered.review::integer as review, numbered.effective_date, numbered.reference_date,
        numbered.kind,
    numbered.kind <> 'quarterly' as is_reset,
    newest_list.newest.list_date as list_date,
    newest_list.newest.published_on as list_published_on,
    effective_session.known_at
from numbered
join staging.session effective_session on effective_session.date = numbered.effective_date
left join newest_list using (index_code, review)
