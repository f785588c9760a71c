/*
doc = """
Weight and contribution of each sector, one row per session, index, weighting, taxonomy and sector. An issuer's sector
is its primary line's, as the catalog holds it now; the two taxonomies do not agree, and neither is ICB.
"""
grain = ["date", "index_code", "weight_scheme", "taxonomy", "sector"]

[columns]
date = "Session."
index_code = "Code of the universe, NDX for the Nasdaq-100."
weight_scheme = """\
How the universe is weighted: full_cap (plain market capitalization), capped (index shares by the published rules) or \
anchored (index shares solved from the newest published list of weights)."""
taxonomy = "gics, or nasdaq (the exchange's own)."
sector = "Sector; unclassified gathers what has none, so that the weights add to 1."
weight = "Share of the index at the session's close; 0 to 1."
contribution = "Part of the index's return from the sector's issuers; NULL when none of them has a return."
known_at = "When all the weights of the session could be known (UTC)."

[assertions]
"a taxonomy we know" = "taxonomy in ('gics', 'nasdaq')"
"weights are fractions" = "weight between 0 and 1 + 1e-12"
"the sectors of a taxonomy add to one" = """(date, index_code, weight_scheme, taxonomy) not in (
    select (date, index_code, weight_scheme, taxonomy) from marts.sector_weight_daily
    group by date, index_code, weight_scheme, taxonomy having abs(sum(weight) - 1) > 1e-9)"""
*/
with classified as (
    select index_weight.*, taxonomy_name.taxonomy,
        coalesce(case taxonomy_name.taxonomy when 'gics' then instrument.gics_sector else instrument.nasdaq_sector end,
            'unclassified') as sector
    from core.index_weight
    left join staging.instrument on instrument.symbol = index_weight.issuer
    cross join (values ('gics'), ('nasdaq')) taxonomy_name(taxonomy)
)
select
    date, index_code, weight_scheme, taxonomy, sector,
    sum(exact(weight))::double as weight,
    sum(exact(open_weight * price_return))::double as contribution,
    max(known_at) as known_at
from classified
group by date, index_code, weight_scheme, taxonomy, sector
