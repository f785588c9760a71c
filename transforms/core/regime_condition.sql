/*
doc = """
What the VIX and the Nasdaq Composite show of the stage of the market, condition by condition: one row per session on
which either has a close. A condition whose inputs are missing is NULL.
"""
grain = ["date"]

[columns]
date = "Session."
is_recontraction_confirmed_5d = """\
A re-contraction was confirmed within the last 5 sessions; NULL when none was and one of the 5 is not known."""
is_vix_above_22 = "VIX close > 22."
is_band_above_30 = "Confirmed band is above_30."
is_band_25_to_30 = "Confirmed band is 25_to_30."
is_band_20_to_25 = "Confirmed band is 20_to_25."
is_band_below_20 = "Confirmed band is below_20."
has_band_above_25_63d = """\
Confirmed band was 25_to_30 or above_30 within the last 63 sessions; NULL when it was not and under 57 of them have \
one."""
vix_below_20_share_63d = "Share of the VIX closes of the last 63 sessions that are below 20; NULL under 57 closes."
is_vix_calm_63d = "vix_below_20_share_63d >= 0.80."
ath_closes_63d = "Nasdaq closes of the last 63 sessions that were records; NULL under 57 closes."
has_5_ath_closes_63d = "ath_closes_63d >= 5."
is_near_ath = "drawdown_return >= -0.02."
known_at = "When the closes since the first were known (UTC)."

[assertions]
"there is one band" = """\
is_band_above_30::integer + is_band_25_to_30::integer + is_band_20_to_25::integer + is_band_below_20::integer = 1"""
"a band is within its window" = "has_band_above_25_63d or not (is_band_25_to_30 or is_band_above_30)"
"a share is one" = "vix_below_20_share_63d between 0 and 1 and ath_closes_63d between 0 and 63"
*/
with state as (
    select session.date, session.position, vix_state.vix_close, vix_state.band, vix_state.is_recontraction_confirmed,
        nasdaq_state.nasdaq_close, nasdaq_state.is_ath_close,
        nasdaq_state.drawdown_return, greatest(vix_state.known_at, nasdaq_state.known_at) as known_at
    from staging.session
    left join core.vix_state using (date)
    left join core.nasdaq_state using (date)
    where vix_state.vix_close is not null or nasdaq_state.nasdaq_close is not null
), counted as (
    select *,
        bool_or(is_recontraction_confirmed) over last_5 as any_confirmed,
        count(is_recontraction_confirmed) over last_5 as confirmations,
        bool_or(band in ('25_to_30', 'above_30')) over last_63 as any_above_25,
        count(band) over last_63 as closes_63d,
        count(case when vix_close < 20 then 1 end) over last_63 as calm_closes_63d,
        count(nasdaq_close) over last_63 as nasdaq_closes_63d,
        count(case when is_ath_close then 1 end) over last_63 as ath_closes_63d
    from state
    window
        last_5 as (order by position range between 4 preceding and current row),
        last_63 as (order by position range between 62 preceding and current row)
), measured as (
    select * replace (case when nasdaq_closes_63d >= 57 then ath_closes_63d end as ath_closes_63d),
        case when closes_63d >= 57 then calm_closes_63d / closes_63d end as vix_below_20_share_63d
    from counted
)
select
    date,
    case when any_confirmed then true when confirmations = 5 then false end as is_recontraction_confirmed_5d,
    vix_close > 22 as is_vix_above_22,
    band = 'above_30' as is_band_above_30,
    band = '25_to_30' as is_band_25_to_30,
    band = '20_to_25' as is_band_20_to_25,
    band = 'below_20' as is_band_below_20,
    case when any_above_25 then true when closes_63d >= 57 then false end as has_band_above_25_63d,
    vix_below_20_share_63d,
    vix_below_20_share_63d >= 0.80 as is_vix_calm_63d,
    ath_closes_63d,
    ath_closes_63d >= 5 as has_5_ath_closes_63d,
    drawdown_return >= -0.02 as is_near_ath,
    max(known_at) over (order by position rows between unbounded preceding and current row) as known_at
from measured
