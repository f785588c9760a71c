/*
doc = "The weightings a universe is looked at in; core.index_weight holds the weights of each."
grain = ["weight_scheme"]

[columns]
weight_scheme = "Key of the weighting."
title = "What it weighs by."
*/
select weight_scheme, title
from (values ('full_cap', 'Plain market capitalisation of the whole company')) scheme(weight_scheme, title)
