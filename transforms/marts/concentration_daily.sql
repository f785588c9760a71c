/*
doc = """
How much of the market its largest issuers carry, and whether their contributions add up to the published index: one
row per session, index and weighting. A session of which less than 90 % of the weight is known has NULL figures, and
one without a list of weights from the last 63 sessions has none under anchored.
"""
grain = ["date", "index_code", "weight_scheme"]

[columns]
date = "Session."
index_code = "Code of the universe, NDX for the Nasdaq-100."
weight_scheme = """\
How the universe is weighted: full_cap (plain market capitalization), capped (index shares by the published rules) or \
anchored (index shares solved from the newest published list of weights)."""
members = "Member securities that day."
issuers = "Member issuers that day; several classes of one company are one issuer."
coverage_share = """\
Weight of the members whose value at the close is known / weight of all members under this weighting, 0 to 1; who is \
missing weighs what it was last known to be worth. NULL where the weighting has nothing to weigh by: before the first \
rebalance, or without a list."""
total_market_cap = """\
Dollars at the close: whole capitalizations, summed over the issuers that have a weight, whatever part of them the \
weighting counts."""
top1_weight = "Weight of the largest issuer at the close, 0 to 1."
top5_weight = "Weight of the five largest issuers at the close, 0 to 1."
top10_weight = "Weight of the ten largest issuers at the close, 0 to 1."
top10_issuers = "The ten largest issuers, largest first; ties by name."
hhi = "Herfindahl-Hirschman index: sum of squared weights, 0 to 1."
effective_names = "1 / hhi: how many equal names would be as concentrated."
entropy = "Shannon entropy of the weights in nats: -sum of weight x ln weight."
gini = "Gini coefficient of the weights over the issuers: 0 when all are equal, (n - 1) / n when one has everything."
index_return = """\
Sum of the issuers' contributions (open weight x price return); NULL when members of under 90 % of the weight have a \
return."""
official_return = "Return of the published index over the same span, from the close most of the open weight was valued at."
residual_bp = "index_return - official_return, in basis points."
is_residual_large = "Whether the residual is above 15 basis points in size."
equal_weight_return = "Mean return over the issuers with an open weight."
cap_minus_equal_return = "index_return - equal_weight_return."
advancers = "Member securities with a return above 0; NULL when under 90 % of members have a return."
decliners = "Member securities with a return below 0; NULL when under 90 % of members have a return."
above_50d_share = """\
Members above the mean of their last 50 sessions' closes / members with 45 of them; NULL under 90 % of members."""
above_200d_share = """\
Members above the mean of their last 200 sessions' closes / members with 180 of them; NULL under 90 % of members."""
new_highs_252d = """\
Members that closed above every close of the 251 sessions before (227 closes needed); NULL under 90 % of members."""
new_lows_252d = """\
Members that closed below every close of the 251 sessions before (227 closes needed); NULL under 90 % of members."""
top10_return_share_21d = """\
Linked (Carino) contribution over 21 sessions of the issuers that were the ten largest when the window opened / index \
return over it; may exceed 1 or be negative. NULL where that return is below 0.005 in size, or the window not whole."""
top10_return_share_63d = "The same over 63 sessions."
known_at = """\
When the row could first be computed (UTC). Under anchored the evening of a session can bring a newer list: until its \
known_at passes, a build shows the list before."""

[assertions]
"weights are fractions, the larger group the heavier" = """\
0 <= top1_weight and top1_weight <= top5_weight and top5_weight <= top10_weight and top10_weight <= 1 + 1e-12"""
"coverage is a share" = "coverage_share between 0 and 1"
"no figures from less than 90 % of the weight" = "coverage_share >= 0.9 or coalesce(top10_weight, index_return) is null"
"between one name and all of them" = "effective_names between 1 - 1e-9 and issuers + 1e-9"
"entropy is at most that of equal weights" = "entropy between 0 and ln(issuers) + 1e-9"
"gini is below 1" = "gini between -1e-9 and 1"
"the ten largest are ten" = "len(top10_issuers) = least(10, issuers) or coverage_share < 1"
"breadth is a share" = "above_50d_share between 0 and 1 and above_200d_share between 0 and 1"
"advancers and decliners are members" = "advancers + decliners <= members and new_highs_252d + new_lows_252d <= members"
"the residual is the difference shown" = "abs(residual_bp - (index_return - official_return) * 1e4) < 1e-6"
*/
with ranked as (
    select *,
        row_number() over (partition by date, index_code, weight_scheme order by weight, issuer desc) as from_smallest
    from core.index_weight
), weighted as (
    select
        date, index_code, weight_scheme,
        sum(exact(market_cap))::double as total_market_cap,
        max(weight) as top1_weight,
        list_sum(max(weight, 5)) as top5_weight,
        list_sum(max(weight, 10)) as top10_weight,
        list(issuer order by weight desc, issuer) filter (weight is not null) as largest_first,
        sum(exact(weight * weight))::double as hhi,
        -sum(exact(weight * ln(weight)))::double as entropy,
        2 * sum(exact(from_smallest * weight))::double / count(weight) - (count(weight) + 1) / count(weight) as gini,
        sum(exact(open_weight * price_return))::double as index_return,
        sum(exact(price_return)) filter (open_weight is not null)::double / count(open_weight) as equal_weight_return,
        max(known_at) as known_at
    from ranked
    group by date, index_code, weight_scheme
), span as (
    -- Where the feed dropped a session the issuers' returns are longer; the published index is taken over as much.
    select date, index_code, weight_scheme, arg_max(previous_date, (open_weight, previous_date)) as start
    from (
        select date, index_code, weight_scheme, previous_date, sum(exact(open_weight))::double as open_weight
        from core.index_weight
        where open_weight is not null
        group by date, index_code, weight_scheme, previous_date
    )
    group by date, index_code, weight_scheme
), official as (
    select span.date, span.index_code, span.weight_scheme, close.close / open.close - 1 as official_return,
        greatest(close.known_at, open.known_at) as known_at
    from span
    join staging.universe using (index_code)
    join core.index_level close on close.symbol = universe.published_index and close.date = span.date
    join core.index_level open on open.symbol = universe.published_index and open.date = span.start
), breadth as (
    select
        date, index_code,
        count(*) filter (price_return > 0) as advancers,
        count(*) filter (price_return < 0) as decliners,
        count(is_above_50d) / count(*) as with_50d,
        count(*) filter (is_above_50d) / count(is_above_50d) as above_50d_share,
        count(is_above_200d) / count(*) as with_200d,
        count(*) filter (is_above_200d) / count(is_above_200d) as above_200d_share,
        count(is_new_high_252d) / count(*) as with_252d,
        count(*) filter (is_new_high_252d) as new_highs_252d,
        count(*) filter (is_new_low_252d) as new_lows_252d
    from core.index_member
    group by date, index_code
)
select
    index_coverage.date,
    index_coverage.index_code,
    scheme.weight_scheme,
    index_coverage.members,
    index_coverage.issuers,
    weight_coverage.coverage_share,
    weighted.total_market_cap,
    weighted.top1_weight,
    weighted.top5_weight,
    weighted.top10_weight,
    weighted.largest_first[1:10] as top10_issuers,
    weighted.hhi,
    1 / weighted.hhi as effective_names,
    weighted.entropy,
    weighted.gini,
    weighted.index_return,
    official.official_return,
    (weighted.index_return - official.official_return) * 1e4 as residual_bp,
    abs((weighted.index_return - official.official_return) * 1e4) > 15 as is_residual_large,
    weighted.equal_weight_return,
    weighted.index_return - weighted.equal_weight_return as cap_minus_equal_return,
    case when index_coverage.has_return then breadth.advancers end as advancers,
    case when index_coverage.has_return then breadth.decliners end as decliners,
    case when index_coverage.is_covered and breadth.with_50d >= 0.9 then breadth.above_50d_share end as above_50d_share,
    case when index_coverage.is_covered and breadth.with_200d >= 0.9
        then breadth.above_200d_share end as above_200d_share,
    case when index_coverage.is_covered and breadth.with_252d >= 0.9 then breadth.new_highs_252d end as new_highs_252d,
    case when index_coverage.is_covered and breadth.with_252d >= 0.9 then breadth.new_lows_252d end as new_lows_252d,
    top10_return_share.top10_return_share_21d,
    top10_return_share.top10_return_share_63d,
    greatest(index_coverage.known_at, weight_coverage.known_at, weighted.known_at, official.known_at,
        top10_return_share.known_at) as known_at
from core.index_coverage
join core.weight_scheme scheme using (index_code)
join breadth using (date, index_code)
left join core.weight_coverage
    on weight_coverage.date = index_coverage.date and weight_coverage.index_code = index_coverage.index_code
        and weight_coverage.weight_scheme = scheme.weight_scheme
left join weighted on weighted.date = index_coverage.date and weighted.index_code = index_coverage.index_code
    and weighted.weight_scheme = scheme.weight_scheme
left join official on official.date = index_coverage.date and official.index_code = index_coverage.index_code
    and official.weight_scheme = scheme.weight_scheme
left join core.top10_return_share
    on top10_return_share.date = index_coverage.date and top10_return_share.index_code = index_coverage.index_code
        and top10_return_share.weight_scheme = scheme.weight_scheme
