/*
doc = "The weightings each universe is looked at in; core.index_weight holds the weights of each."
grain = ["index_code", "weight_scheme"]

[columns]
index_code = "Code of the universe."
weight_scheme = "Key of the weighting."
title = "What it weighs by."

[assertions]
"a weighting we know" = "weight_scheme in ('full_cap', 'capped', 'anchored')"
*/
select universe.index_code, scheme.weight_scheme, scheme.title
from staging.universe
cross join (values
    ('full_cap', 'Plain market capitalization of the whole company'),
    ('capped', 'Index shares by the published rules and limits'),
    ('anchored', 'Index shares solved from the newest published list of weights')
) scheme(weight_scheme, title)
-- Only a universe whose rebalances are declared has weights by the rules.
where scheme.weight_scheme <> 'capped' or universe.index_code in (select index_code from staging.rebalance)
