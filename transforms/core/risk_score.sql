/*
doc = """
How much fear is in the market, 0 to 100: where each of six gauges stands in its own last ten years, and their mean.
A gauge is compared with the values its own rows had then, as they were known then. One row per session with a gauge.
"""
grain = ["date"]

[columns]
date = "Session."
vix_percentile = "Share of the VIX closes of the last 2,520 sessions that are at or below today's; NULL under 504 of them."
term_ratio_percentile = "The same of VIX over VIX3M."
baa10y_percentile = "The same of BAA10Y, as each evening knew it."
nfci_percentile = "The same of the NFCI, as each evening knew it."
drawdown_percentile = "The same of the depth of the Nasdaq Composite's drawdown, -drawdown_return."
realized_vol_percentile = "The same of the Nasdaq Composite's realised volatility of 21 sessions."
risk_score_inputs = "How many of the six percentiles there are."
risk_score = "100 times the mean of the percentiles there are; NULL under four."
known_at = "When the last value in the windows was known (UTC)."

[assertions]
"a percentile counts today" = """
vix_percentile > 0 and vix_percentile <= 1 and term_ratio_percentile > 0 and term_ratio_percentile <= 1
and baa10y_percentile > 0 and baa10y_percentile <= 1 and nfci_percentile > 0 and nfci_percentile <= 1
and drawdown_percentile > 0 and drawdown_percentile <= 1
and realized_vol_percentile > 0 and realized_vol_percentile <= 1
"""
"a score is between calm and panic" = "risk_score > 0 and risk_score <= 100"
"a score has four gauges, and four have a score" = "(risk_score is null) = (risk_score_inputs < 4)"
*/
with gauge as (
    select date, position, 'vix' as gauge, vix_close as value, known_at from core.vix_state
    union all
    select vix_state.date, vix_state.position, 'term_ratio', vix_state.vix_close / index_level.close,
        greatest(vix_state.known_at, index_level.known_at)
    from core.vix_state join core.index_level on index_level.date = vix_state.date and index_level.symbol = '^VIX3M'
    union all
    select macro_as_known.date, session.position, lower(macro_as_known.series_id), macro_as_known.value,
        macro_as_known.known_at
    from core.macro_as_known join staging.session using (date)
    where macro_as_known.series_id in ('BAA10Y', 'NFCI')
    union all
    select date, position, 'drawdown', -drawdown_return, known_at from core.nasdaq_state
    union all
    select date, position, 'realized_vol', realized_vol_21d, known_at
    from core.nasdaq_state where realized_vol_21d is not null
), ranked as (
    select date, gauge,
        case when count(*) over last_2520 >= 504 then cume_dist(order by value) over last_2520 end as percentile,
        max(known_at) over last_2520 as known_at
    from gauge
    window last_2520 as (partition by gauge order by position range between 2519 preceding and current row)
)
select
    date,
    any_value(percentile) filter (gauge = 'vix') as vix_percentile,
    any_value(percentile) filter (gauge = 'term_ratio') as term_ratio_percentile,
    any_value(percentile) filter (gauge = 'baa10y') as baa10y_percentile,
    any_value(percentile) filter (gauge = 'nfci') as nfci_percentile,
    any_value(percentile) filter (gauge = 'drawdown') as drawdown_percentile,
    any_value(percentile) filter (gauge = 'realized_vol') as realized_vol_percentile,
    count(percentile) as risk_score_inputs,
    case when count(percentile) >= 4 then 100 * exact_mean(percentile) end as risk_score,
    max(known_at) as known_at
from ranked
group by date
