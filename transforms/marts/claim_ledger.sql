/*
doc = """
Every statement of the market thesis, held against the data as of the build: transforms/claims has one file for each, and
this SELECT judges what they find, in the CTE `claim`. A failure is never rounded into a success.
"""
grain = ["claim_id"]

[columns]
claim_id = "A: who drives the Nasdaq's records. B: why the Nasdaq and the S&P 500 part."
statement = "The claim of the thesis, in our words."
metric_sql = "The query that gives the figure; runs on the published file as it stands. NULL where none could."
lower = "The least figure that supports the statement; NULL for no such bound."
upper = "The greatest figure that supports the statement; NULL for no such bound."
as_of = "Moment whose knowledge the verdict rests on (UTC); nothing known later was looked at."
observed = "The figure; its meaning and unit are in the evidence. NULL where it is not known."
verdict = """\
supported: inside the bounds, and all else it needs holds. partial: only on another reading, which the evidence names. \
contradicted: neither. data_missing: no figure by as_of. not_testable: no figure could decide it."""
evidence = "What was found, in a sentence with its counts, and a query that shows the rows behind it."
known_at = "as_of: a ledger of a moment can be written at that moment (UTC)."

[assertions]
"one of five verdicts" = "verdict in ('supported', 'partial', 'contradicted', 'not_testable', 'data_missing')"
"a verdict on the claim has a figure, and no other has" = """\
(observed is null) = (verdict in ('data_missing', 'not_testable'))"""
"a figure is a number" = "isfinite(observed)"
"supported is inside the bounds" = """\
verdict <> 'supported' or observed >= coalesce(lower, observed) and observed <= coalesce(upper, observed)"""
"every verdict has evidence" = "evidence is not null and evidence <> ''"
"a partial verdict names its reading" = "verdict <> 'partial' or contains(evidence, 'Only on this reading: ')"
*/
select
    claim_id,
    statement,
    metric_sql,
    lower,
    upper,
    getvariable('as_of') as as_of,
    figure as observed,
    verdict,
    concat_ws(' ',
        case
            when verdict = 'partial' then 'Only on this reading: ' || otherwise || '.'
            when verdict = 'contradicted' and in_bounds then 'Not met: ' || and_also || '.'
        end,
        coalesce(untestable, absent, evidence, 'What it speaks of is not known by then.'),
        'See: ' || shown_by
    ) as evidence,
    getvariable('as_of') as known_at
from (
    select *,
        case
            when untestable is not null then 'not_testable'
            when figure is null then 'data_missing'
            when in_bounds and holds then 'supported'
            when holds_otherwise then 'partial'
            else 'contradicted'
        end as verdict
    from (
        select *,
            case when isfinite(observed) and holds is not null then observed end as figure,
            figure >= coalesce(lower, figure) and figure <= coalesce(upper, figure) as in_bounds
        from claim
    )
)
