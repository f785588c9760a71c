/*
statement = "In spring 2026 leadership passed from AI leaders to semiconductors to crypto equity"
lower = 1
otherwise = "with two of the tiers taking the lead on the same day"
shown_by = "select * from marts.rotation_sequence where episode between '2026-03-15' and '2026-04-15'"
*/
select
    case when verdict <> 'open' then coalesce(kendall_tau, 0) end as observed,
    verdict = 'tie' as holds_otherwise,
    format('Episode of the VIX peak of {}: {}; order observed: {}; Kendall''s tau to the expected order '
        || '{}.', episode, verdict,
        coalesce(order_observed, 'none led'),
            coalesce(format('{:.2f}', kendall_tau), 'undefined, as not all three led'))
        as evidence
from marts.rotation_sequence
where episode between '2026-03-15' and '2026-04-15' and verdict is not null
order by episode desc limit 1
