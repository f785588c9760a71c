/*
doc = """
The state of the market at each session's close: volatility, trend, credit and financial conditions.
A row for every session on which the VIX or the Nasdaq Composite has a close.
"""
grain = ["date"]

[columns]
date = "Session."
vix_close = "VIX at the close, index points."
vix_source = "yahoo, or fred where it fills a hole."
vix_change_1d_points = "Close minus the last close within the five sessions before, index points."
vix_change_21d_points = "Close minus the close 21 sessions ago, index points; where that is missing, the last of the four before it."
vix_change_21d_return = "The same change over that earlier close."
vix_peak_21d = "Highest VIX close of the last 21 sessions, index points; NULL unless all of them have a close."
vix_peak_63d = "Highest VIX close of the last 63 sessions, index points; NULL unless all of them have a close."
vix_from_peak_21d_points = "VIX close minus vix_peak_21d, index points."
vix_from_peak_21d_return = "VIX close over vix_peak_21d - 1."
vix_from_peak_63d_points = "VIX close minus vix_peak_63d, index points."
vix_from_peak_63d_return = "VIX close over vix_peak_63d - 1."
vix_percentile_252 = "Share of the VIX closes of the last 252 sessions that are at or below today's; NULL under 126 closes."
vix_percentile_2520 = "Share of the VIX closes of the last 2,520 sessions that are at or below today's; NULL under 1,260 closes."
band_raw = "Band of today's VIX alone: above_30 (> 30), 25_to_30 (> 25), 20_to_25 (>= 20), below_20."
band = "Confirmed band: an edge of 20, 25 or 30 is passed upwards above edge + 1 and downwards below edge - 1; between, it keeps its side. On the first day, the raw band."
recontraction_fired = "VIX above 22, and the last session before whose close was below 20 or above 22 was below 20, no more than 21 sessions ago."
recontraction_confirmed = "The signal fired on the session before, and today's VIX is above 22; NULL when that session has no close."
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
is_backwardation = "vix_term_ratio > 1: fear is dearer now than for later."
realized_vol_21d = "Sample standard deviation of the last 21 sessions' log returns of the Nasdaq Composite, times sqrt(252); NULL unless all 21 are there."
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
known_at = "When the last input of the row was known (UTC)."

[promises]
"a row has the VIX or the Nasdaq" = "vix_close is not null or nasdaq_close is not null"
"a close says its source" = "(vix_close is null) = (vix_source is null) and (nasdaq_close is null) = (nasdaq_source is null)"
"fear is backward when it is dearer now" = "is_backwardation = (vix_close > vix3m_close)"
"a macro value says its date, not a later one" = """
(hy_oas_pct is null) = (hy_oas_pct_date is null) and coalesce(hy_oas_pct_date <= date, true)
and (baa10y_pct is null) = (baa10y_pct_date is null) and coalesce(baa10y_pct_date <= date, true)
and (t10y2y_pct is null) = (t10y2y_pct_date is null) and coalesce(t10y2y_pct_date <= date, true)
and (dgs10_pct is null) = (dgs10_pct_date is null) and coalesce(dgs10_pct_date <= date, true)
and (nfci is null) = (nfci_date is null) and coalesce(nfci_date <= date, true)
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
        max(known_at) as known_at
    from core.macro_as_known
    where series_id in ('BAMLH0A0HYM2', 'BAA10Y', 'T10Y2Y', 'DGS10', 'NFCI')
    group by date
), whole as (
    select s.date, v.* exclude (date, position, known_at), n.* exclude (date, position, known_at),
        t.close as vix3m_close, m.* exclude (date, known_at),
        (hy_oas_pct - lag(hy_oas_pct, 21) over (order by s.date)) * 100 as hy_oas_change_21d_bp,
        greatest(s.known_at, v.known_at, n.known_at, t.known_at, m.known_at) as known_at
    from staging.session s
    left join core.vix_state v using (date)
    left join core.nasdaq_state n using (date)
    left join core.index_level t on t.date = s.date and t.symbol = '^VIX3M'
    left join macro m on m.date = s.date
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
    recontraction_fired,
    recontraction_confirmed,
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
    known_at
from whole
where vix_close is not null or nasdaq_close is not null
