/*
statement = "Semiconductors outperform the market and gain weight"
lower = 0
and_also = "a greater weight in the Nasdaq-100 than 63 sessions before"
otherwise = "as far as the fund's return goes; the weight did not grow"
shown_by = """\
select date, tier, sum(open_weight) as weight from marts.contribution_daily where index_code = (select index_code from \
core.index_definition where is_primary) and weight_scheme = 'capped' and tier = 'semiconductors' group by all order by \
date desc limit 63"""
*/
-- The weight's change is split: drift is what prices alone would have made of the first weights, the rest is rebalance:
-- share counts, memberships and limits.
with newest as (
    select max(position) as position from core.security_price where symbol = 'SMH'
), fund as (
    select stop.date, start.date as start_date,
        stop.level / start.level - market_stop.level / market_start.level as ahead
    from newest
    join core.security_price stop on stop.symbol = 'SMH' and stop.position = newest.position
    join core.security_price start on start.symbol = 'SMH' and start.position = newest.position - 63
    join core.security_price market_stop on market_stop.symbol = 'SPY' and market_stop.position = newest.position
    join core.security_price market_start on market_start.symbol = 'SPY'
        and market_start.position = newest.position - 63
), tier as (
    select distinct issuer from marts.contribution_daily, fund
    where tier = 'semiconductors' and contribution_daily.date between fund.start_date and fund.date
), weight as (
    select index_weight.date, index_weight.issuer, index_weight.weight,
        index_weight.issuer in (select issuer from tier) as is_semiconductor
    from core.index_weight
    where index_weight.index_code = (select index_code from core.index_definition where is_primary)
        and index_weight.weight_scheme = 'capped'
        and index_weight.date in (select unnest([start_date, date]) from fund)
), drifted as (
    select weight.issuer, weight.is_semiconductor, weight.weight * coalesce(stop.level / start.level, 1) as value
    from fund
    join weight on weight.date = fund.start_date
    left join core.security_price start on start.symbol = weight.issuer and start.date = fund.start_date
    left join core.security_price stop on stop.symbol = weight.issuer and stop.date = fund.date
), figure as (
    select any_value(ahead) as ahead, any_value(fund.date) as date,
        sum(weight.weight order by weight.issuer) filter (weight.is_semiconductor
            and weight.date = fund.start_date) as before,
        sum(weight.weight order by weight.issuer) filter (weight.is_semiconductor and weight.date = fund.date) as after,
        (select sum(value order by issuer) filter (is_semiconductor) / sum(value order by issuer) from drifted) as drift
    from fund join weight on true
)
select
    ahead as observed,
    after > before as holds,
    ahead >= 0 and after <= before as holds_otherwise,
    format('SMH minus SPY over the 63 sessions to {}: {:+.1f} %; weight of the chip makers without NVIDIA {:.1f} -> '
        || '{:.1f} % of the index, {:+.1f} points by drift, {:+.1f} by '
        || 'rebalance.', date, 100 * ahead, 100 * before, 100 * after,
        100 * (drift - before), 100 * (after - drift)) as evidence
from figure
