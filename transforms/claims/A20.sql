/*
statement = "Crypto-concept stocks weigh under 2 % and swing far more than others"
upper = 0.02
and_also = "a volatility at least twice that of the technology fund"
shown_by = """\
select date, basket, volatility_63d, volatility_ratio_to_xlk from marts.rotation_daily where basket in \
('crypto_equity', 'xlk') order by date desc limit 2"""
*/
with held_state as (
    select date, sum(open_weight order by issuer) as weight, count(*) as names,
        string_agg(issuer, ' ' order by issuer) as issuers
    from marts.contribution_daily
    where index_code = (select index_code from core.index_definition where is_primary)
        and weight_scheme = 'capped' and tier = 'crypto_equity'
    group by date
), newest as (
    select changed_day.date, coalesce(held_state.weight, 0) as weight, coalesce(held_state.names, 0) as names,
        coalesce(held_state.issuers, 'none') as issuers
    from (
        select max(date) as date from marts.contribution_daily
        where index_code = (select index_code from core.index_definition where is_primary) and weight_scheme = 'capped'
    ) changed_day
    left join held_state using (date)
    where changed_day.date is not null
), swing as (
    select arg_max(volatility_ratio_to_xlk, date) as ratio
    from marts.rotation_daily where basket = 'crypto_equity' and volatility_ratio_to_xlk is not null
)
select
    weight as observed,
    ratio >= 2 as holds,
    format('{:.2f} % of the Nasdaq-100 by the index''s own weights on {} ({} of the basket in it: {}); 63-session '
        || 'volatility {:.1f} times that of XLK.', 100 * weight, date, names, issuers, ratio) as evidence
from newest, swing
