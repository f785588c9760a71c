/*
doc = """
The state of the market at each session's close: volatility, trend, credit and financial conditions.
A row for every session on which the VIX or the Nasdaq Composite has a close.
"""
grain = ["date"]

[columns]
date = "Session."
vix_close = "VIX at the close, index points."
vix_source = "Source of the close: the first by priority that has it (cboe, then yahoo), or fred where it fills a hole."
vix_change_1d_points = "Close minus the last close within the five sessions before, index points."
vix_change_21d_points = """\
Close minus the close 21 sessions ago, index points; where that is missing, the last of the four before it."""
vix_change_21d_return = "The same change over that earlier close."
vix_peak_21d = """\
Highest VIX close of the last 21 sessions that traded, index points; NULL under 19 closes, or where the history does \
not reach back 21 sessions."""
vix_peak_63d = """\
Highest VIX close of the last 63 sessions that traded, index points; NULL under 57 closes, or where the history does \
not reach back 63 sessions."""
vix_from_peak_21d_points = "VIX close minus vix_peak_21d, index points."
vix_from_peak_21d_return = "VIX close over vix_peak_21d - 1."
vix_from_peak_63d_points = "VIX close minus vix_peak_63d, index points."
vix_from_peak_63d_return = "VIX close over vix_peak_63d - 1."
vix_percentile_252 = "Share of the VIX closes of the last 252 sessions that are at or below today's; NULL under 126 closes."
vix_percentile_2520 = """\
Share of the VIX closes of the last 2,520 sessions that are at or below today's; NULL under 1,260 closes."""
band_raw = "Band of today's VIX alone: above_30 (> 30), 25_to_30 (> 25), 20_to_25 (>= 20), below_20."
band = """\
Confirmed band: an edge of 20, 25 or 30 is passed upwards above edge + 1 and downwards below edge - 1; between, it \
keeps its side. On the first day, the raw band."""
is_recontraction = """\
VIX above 22, and the last session before whose close was below 20 or above 22 was below 20, no more than 21 sessions \
ago."""
is_recontraction_confirmed = """\
The signal fired on the session before, and today's VIX is above 22; NULL when that session has no close."""
nasdaq_close = "Nasdaq Composite at the close, index points."
nasdaq_source = "yahoo, or fred where it fills a hole."
is_ath_close = "Close strictly above every earlier close of the history held (since 1990)."
is_ath_intraday = "The day's high above every earlier high, or close where a day has no high; NULL without today's high."
drawdown_return = "Close over the highest close up to today - 1: 0 at it, else negative."
sessions_since_ath = "Sessions since the last close that was a record; 0 on its day."
is_correction = "drawdown_return <= -0.10."
is_bear_market = "drawdown_return <= -0.20."
vix3m_close = "VIX3M, the three-month VIX, at the close, index points."
vix_term_ratio = "VIX over VIX3M."
is_backwardation = "vix_term_ratio > 1: near-term volatility costs more than three-month volatility."
realized_vol_21d = """\
Sample standard deviation of the Nasdaq Composite's log returns of the last 21 sessions that traded, times sqrt(252): \
a return over a session without a close is one of two days. NULL under 19 returns, or where the history does not reach \
back 21 sessions."""
hy_oas_pct = "ICE BofA US High Yield option-adjusted spread, percent: the newest value known on the evening of date."
hy_oas_pct_date = "Day that value is for."
hy_oas_change_21d_bp = "hy_oas_pct minus what the row 21 sessions ago has, basis points."
baa10y_pct = "Moody's Baa yield minus 10-year Treasury yield, percent, as known."
baa10y_pct_date = "Day that value is for."
t10y2y_pct = "10-year minus 2-year Treasury yield, percent, as known."
t10y2y_pct_date = "Day that value is for."
dgs10_pct = "10-year Treasury yield, percent, as known."
dgs10_pct_date = "Day that value is for."
nfci = "Chicago Fed National Financial Conditions Index, standard deviations from its mean (above 0: tight), as known."
nfci_date = "Friday that value is for."
risk_score = """\
0 (calm) to 100 (panic): 100 times the mean of the trailing 2,520-session percentiles (minimum 504) of VIX, VIX/VIX3M, \
BAA10Y, NFCI, depth of the Nasdaq's drawdown and realized_vol_21d, each among its own rows' values as known then; NULL \
under four of them. The percentiles are in core.risk_score."""
risk_score_inputs = "How many of the six percentiles there are."
is_recontraction_confirmed_5d = "A re-contraction was confirmed within the last 5 sessions."
is_vix_above_22 = "vix_close > 22."
is_band_above_30 = "band is above_30."
is_band_25_to_30 = "band is 25_to_30."
is_band_20_to_25 = "band is 20_to_25."
has_band_above_25_63d = "band was 25_to_30 or above_30 within the last 63 sessions."
is_vix_calm_63d = "At least 0.80 of the VIX closes of the last 63 sessions are below 20; NULL under 57 closes."
has_5_ath_closes_63d = "At least 5 of the Nasdaq closes of the last 63 sessions were records; NULL under 57 closes."
is_band_below_20 = "band is below_20."
is_near_ath = "drawdown_return >= -0.02."
is_top10_return_share_high = """\
top10_return_share_63d of NDX, full_cap >= 0.50; NULL where it is (marts.concentration_daily)."""
is_rotation_fast = """\
rotation_speed is in the top 40 % of its last 252 sessions: under 40 % of their values are above it; NULL without it \
or under 126 values (marts.rotation_speed_daily)."""
is_crypto_leading = "rs_21d of the basket crypto_equity > 0 (marts.rotation_daily)."
stage = """\
The first whose conditions hold: re_contraction (is_recontraction_confirmed_5d, is_vix_above_22), high_vol_risk_off \
(is_band_above_30), consolidation (is_band_25_to_30), re_entry (is_band_20_to_25, has_band_above_25_63d), \
emotion_driven (is_vix_calm_63d, has_5_ath_closes_63d), mid_late_dispersion (is_band_below_20, is_near_ath, two of \
is_top10_return_share_high, is_rotation_fast, is_crypto_leading), risk_on_expansion (is_band_below_20), neutral. A \
condition that is NULL does not hold; NULL without a band."""
nfci_pit_quality = """\
How the known_at of nfci was determined: vintage (an observed release), snapshot (since we fetched it), or rule (so many \
days after its Friday); NULL without it."""
pit_quality = """\
The least reliable pit_quality of the row's five macro values: rule, then snapshot, then vintage; NULL without any. Yields \
and spreads are known by a rule."""
known_at = "When the last input of the row was known (UTC)."

[assertions]
"a row has the VIX or the Nasdaq" = "vix_close is not null or nasdaq_close is not null"
"a close has its source" = """\
(vix_close is null) = (vix_source is null) and (nasdaq_close is null) = (nasdaq_source is null)"""
"backwardation is VIX above VIX3M" = "is_backwardation = (vix_close > vix3m_close)"
"a macro value has its date, not a later one" = """
(hy_oas_pct is null) = (hy_oas_pct_date is null) and coalesce(hy_oas_pct_date <= date, true)
and (baa10y_pct is null) = (baa10y_pct_date is null) and coalesce(baa10y_pct_date <= date, true)
and (t10y2y_pct is null) = (t10y2y_pct_date is null) and coalesce(t10y2y_pct_date <= date, true)
and (dgs10_pct is null) = (dgs10_pct_date is null) and coalesce(dgs10_pct_date <= date, true)
and (nfci is null) = (nfci_date is null) and coalesce(nfci_date <= date, true)
"""
"a score has four gauges" = """\
(risk_score is null or risk_score between 0 and 100) and (risk_score is null) = (coalesce(risk_score_inputs, 0) < 4)"""
"a macro value has the quality of its known_at" = """\
(nfci is null) = (nfci_pit_quality is null) and (pit_quality is null) = (coalesce(hy_oas_pct, baa10y_pct, t10y2y_pct, \
dgs10_pct, nfci) is null) and coalesce(pit_quality <= nfci_pit_quality, true)"""
"a stage has its conditions" = """
coalesce(case stage
when 're_contraction' then is_recontraction_confirmed_5d and is_vix_above_22
when 'high_vol_risk_off' then is_band_above_30
when 'consolidation' then is_band_25_to_30
when 're_entry' then is_band_20_to_25 and has_band_above_25_63d
when 'emotion_driven' then is_vix_calm_63d and has_5_ath_closes_63d and not (is_band_above_30 or is_band_25_to_30)
when 'mid_late_dispersion' then is_band_below_20 and is_near_ath
    and 1 < coalesce(is_top10_return_share_high::integer, 0) + coalesce(is_rotation_fast::integer, 0)
        + coalesce(is_crypto_leading::integer, 0)
when 'risk_on_expansion' then is_band_below_20
when 'neutral' then is_band_20_to_25 and has_band_above_25_63d is not true
else stage is null and band is null end, false)
"""
"nothing is known before its day" = "known_at >= date"
*/
with macro as (
    select date,
        any_value(value) filter (series_id = 'BAMLH0A0HYM2') as hy_oas_pct,
        any_value(observation_date) filter (series_id = 'BAMLH0A0HYM2') as hy_oas_pct_date,
        any_value(value) filter (series_id = 'BAA10Y') as baa10y_pct,
        any_value(observation_date) filter (series_id = 'BAA10Y') as baa10y_pct_date,
        any_value(value) filter (series_id = 'T10Y2Y') as t10y2y_pct,
        any_value(observation_date) filter (series_id = 'T10Y2Y') as t10y2y_pct_date,
        any_value(value) filter (series_id = 'DGS10') as dgs10_pct,
        any_value(observation_date) filter (series_id = 'DGS10') as dgs10_pct_date,
        any_value(value) filter (series_id = 'NFCI') as nfci,
        any_value(observation_date) filter (series_id = 'NFCI') as nfci_date,
        any_value(pit_quality) filter (series_id = 'NFCI') as nfci_quality,
        min(pit_quality) as pit_quality,     -- in the alphabet the weakest stands first
        max(known_at) as known_at
    from core.macro_as_known
    where series_id in ('BAMLH0A0HYM2', 'BAA10Y', 'T10Y2Y', 'DGS10', 'NFCI')
    group by date
), rotation as (
    select date, max(rotation_speed_daily.known_at) over last_252 as known_at,
        case when count(*) over last_252 >= 126
            then cume_dist(order by rotation_speed_daily.rotation_speed) over last_252 > 0.60 end
            as is_rotation_fast
    from marts.rotation_speed_daily join staging.session using (date)
    where rotation_speed_daily.rotation_speed is not null
    window last_252 as (order by session.position range between 251 preceding and current row)
), session_row as (
    select session.date, vix_state.* exclude (date, position, known_at),
        nasdaq_state.* exclude (date, position, known_at),
        index_level.close as vix3m_close, macro.* exclude (date, known_at),
        (hy_oas_pct - lag(hy_oas_pct, 21) over (order by session.date)) * 100 as hy_oas_change_21d_bp,
        risk_score.risk_score, coalesce(risk_score.risk_score_inputs, 0) as risk_score_inputs,
            regime_condition.* exclude (date, known_at),
        concentration_daily.top10_return_share_63d >= 0.50 as is_top10_return_share_high,
        rotation.is_rotation_fast,
        rotation_daily.rs_21d > 0 as is_crypto_leading,
        greatest(session.known_at, vix_state.known_at, nasdaq_state.known_at, index_level.known_at, macro.known_at,
            risk_score.known_at, regime_condition.known_at, concentration_daily.known_at,
                 rotation.known_at, rotation_daily.known_at) as known_at
    from staging.session
    left join core.vix_state using (date)
    left join core.nasdaq_state using (date)
    left join core.index_level on index_level.date = session.date and index_level.symbol = '^VIX3M'
    left join macro on macro.date = session.date
    left join core.risk_score on risk_score.date = session.date
    left join core.regime_condition on regime_condition.date = session.date
    left join marts.concentration_daily
        on concentration_daily.date = session.date
            and concentration_daily.index_code = (select index_code from core.index_definition where is_primary)
        and concentration_daily.weight_scheme = 'full_cap'
    left join rotation on rotation.date = session.date
    left join marts.rotation_daily on rotation_daily.date = session.date and rotation_daily.basket = 'crypto_equity'
)
select
    date,
    vix_close,
    vix_source,
    vix_change_1d_points,
    vix_change_21d_points,
    vix_change_21d_return,
    vix_peak_21d,
    vix_peak_63d,
    vix_from_peak_21d_points,
    vix_from_peak_21d_return,
    vix_from_peak_63d_points,
    vix_from_peak_63d_return,
    vix_percentile_252,
    vix_percentile_2520,
    band_raw,
    band,
    is_recontraction,
    is_recontraction_confirmed,
    nasdaq_close,
    nasdaq_source,
    is_ath_close,
    is_ath_intraday,
    drawdown_return,
    sessions_since_ath,
    is_correction,
    is_bear_market,
    vix3m_close,
    vix_close / vix3m_close as vix_term_ratio,
    vix_close > vix3m_close as is_backwardation,
    realized_vol_21d,
    hy_oas_pct,
    hy_oas_pct_date,
    hy_oas_change_21d_bp,
    baa10y_pct,
    baa10y_pct_date,
    t10y2y_pct,
    t10y2y_pct_date,
    dgs10_pct,
    dgs10_pct_date,
    nfci,
    nfci_date,
    risk_score,
    risk_score_inputs,
    is_recontraction_confirmed_5d,
    is_vix_above_22,
    is_band_above_30,
    is_band_25_to_30,
    is_band_20_to_25,
    has_band_above_25_63d,
    is_vix_calm_63d,
    has_5_ath_closes_63d,
    is_band_below_20,
    is_near_ath,
    is_top10_return_share_high,
    is_rotation_fast,
    is_crypto_leading,
    case
        when band is null then null
        when is_recontraction_confirmed_5d and is_vix_above_22 then 're_contraction'
        when is_band_above_30 then 'high_vol_risk_off'
        when is_band_25_to_30 then 'consolidation'
        when is_band_20_to_25 and has_band_above_25_63d then 're_entry'
        when is_vix_calm_63d and has_5_ath_closes_63d then 'emotion_driven'
        when is_band_below_20 and is_near_ath
            and coalesce(is_top10_return_share_high::integer, 0) + coalesce(is_rotation_fast::integer, 0)
                + coalesce(is_crypto_leading::integer, 0) >= 2
            then 'mid_late_dispersion'
        when is_band_below_20 then 'risk_on_expansion'
        else 'neutral'
    end as stage,
    nfci_quality as nfci_pit_quality,
    pit_quality,
    known_at
from session_row
where vix_close is not null or nasdaq_close is not null
