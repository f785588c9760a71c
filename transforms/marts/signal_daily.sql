/*
doc = """
What changed: one row when a signal's state differs from its last known state. The first known state of a signal
changes nothing and has no row; a day on which it is not known is passed over.
"""
grain = ["date", "signal"]

[columns]
date = "Session on whose close the signal changed."
signal = """\
band, recontraction, stage, ath, correction, top10_weight, leaders_weak, residual_<weighting>, stale_<series>, \
stale_count_<issuer>, or unexplained_fall_<issuer>."""
previous = "State it was in when last known."
current = """\
State it is in now. band, stage: as in marts.regime_daily. recontraction: none, fired, confirmed. ath: record, \
below_record. correction: none, correction, bear_market (drawdown of 10 and 20 %). top10_weight, of NDX capped: \
below_0.45, 0.45_to_0.50, above_0.50 (an edge belongs to the upper state). leaders_weak: weak when the relative \
strength of ai_leaders has been below its 50-session mean for 10 sessions, else steady. residual: large when the \
reconstructed index misses the published NDX by over 15 basis points, else within; of capped and anchored, since \
full_cap is not how NDX is weighted. stale: stale when a series' newest known observation is older than its limit, \
else fresh. stale_count: stale when the current share count of a member of NDX was first reported over 273 sessions (13 \
months) ago, else fresh. unexplained_fall: unexplained on a session on which a member fell by 4 % or more and the \
reconstructed index missed the published one by just what that took (within 35 %; at least 2 basis points and four \
times the median of the 21 sessions before): a spin-off or another event that nobody declared, or a wrong close."""
severity = "Of the current state: info, watch or alert."
evidence = "A query that shows it, from the session of the previous state to this one."
known_at = "When both states were known (UTC)."

[assertions]
"a change is one" = "previous <> current and current is not null and previous is not null"
"three severities" = "severity in ('info', 'watch', 'alert')"
"evidence is a query" = "evidence like 'select date, % from % date between %'"
"nothing is known before its day" = "known_at >= date"
*/
with primary_index as (
    select index_code from core.index_definition where is_primary
), state as (
    select date, 'band' as kind, null as of, band as state,
        case band when 'above_30' then 'alert' when 'below_20' then 'info' else 'watch' end as severity, known_at
    from marts.regime_daily
    union all
    select date, 'recontraction', null,
        case when is_recontraction_confirmed then 'confirmed' when is_recontraction then 'fired'
            when not is_recontraction_confirmed then 'none' end,
        case when is_recontraction_confirmed then 'alert' when is_recontraction then 'watch' else 'info' end, known_at
    from marts.regime_daily
    union all
    select date, 'stage', null, stage,
        case when stage in ('re_contraction', 'high_vol_risk_off') then 'alert'
            when stage in ('consolidation', 'emotion_driven', 'mid_late_dispersion') then 'watch' else 'info' end,
        known_at
    from marts.regime_daily
    union all
    select date, 'ath', null, case is_ath_close when true then 'record' when false then 'below_record' end, 'info',
        known_at
    from marts.regime_daily
    union all
    select date, 'correction', null,
        case when is_bear_market then 'bear_market' when is_correction then 'correction'
            when not is_correction then 'none' end,
        case when is_bear_market then 'alert' when is_correction then 'watch' else 'info' end, known_at
    from marts.regime_daily
    union all
    select date, 'top10_weight', null,
        case when top10_weight >= 0.50 then 'above_0.50' when top10_weight >= 0.45 then '0.45_to_0.50'
            when top10_weight < 0.45 then 'below_0.45' end,
        case when top10_weight >= 0.50 then 'alert' when top10_weight >= 0.45 then 'watch' else 'info' end, known_at
    -- By market value the ten have been far above both edges for years: that weight could never signal.
    from marts.concentration_daily where index_code = (select index_code from primary_index)
        and weight_scheme = 'capped'
    union all
    select date, 'leaders_weak', null,
        case when sessions_below_mean >= 10 then 'weak' when sessions_below_mean < 10 then 'steady' end,
        if(sessions_below_mean >= 10, 'watch', 'info'), known_at
    from core.basket_trend where basket = 'ai_leaders'
    union all
    select date, 'residual', weight_scheme, case is_residual_large when true then 'large' when false then 'within' end,
        if(is_residual_large, 'watch', 'info'), known_at
    from marts.concentration_daily where index_code = (select index_code from primary_index)
        and weight_scheme <> 'full_cap'
    union all
    select macro_as_known.date, 'stale', series_id,
        if(macro_as_known.date - observation_date > stale_after_days, 'stale', 'fresh'),
        if(macro_as_known.date - observation_date > stale_after_days, 'watch', 'info'), macro_as_known.known_at
    from core.macro_as_known join staging.series using (series_id)
    union all
    select date, 'stale_count', issuer,
        case when share_count_age_sessions > 273 then 'stale' when share_count_age_sessions <= 273 then 'fresh' end,
        if(share_count_age_sessions > 273, 'watch', 'info'), known_at
    from marts.contribution_daily where index_code = (select index_code from primary_index)
        and weight_scheme = 'full_cap'
), change as (
    select *,
        lag(struct_pack(date, state, known_at)) over (partition by kind, of order by date) as before
    from state where state is not null
), missed as (
    select date, weight_scheme, residual_bp, known_at,
        median(abs(residual_bp)) over (
            partition by weight_scheme order by date rows between 21 preceding and 1 preceding) as usual_bp
    from marts.concentration_daily
    where index_code = (select index_code from primary_index) and weight_scheme = 'capped' and residual_bp is not null
), fall as (
    select missed.date, contribution_daily.issuer, greatest(missed.known_at, contribution_daily.known_at) as known_at
    from missed
    join marts.contribution_daily on contribution_daily.date = missed.date
        and contribution_daily.weight_scheme = missed.weight_scheme
            and contribution_daily.index_code = (select index_code from primary_index)
    where contribution_daily.price_return <= -0.04
        and missed.residual_bp <= -greatest(2, 4 * missed.usual_bp)
        and abs(missed.residual_bp - 10000 * contribution_daily.contribution) <= 0.35 * abs(missed.residual_bp)
    qualify row_number() over (
        partition by missed.date order by abs(missed.residual_bp - 10000 * contribution_daily.contribution),
            contribution_daily.issuer) = 1
), shown (kind, columns, source) as (values
    ('band', 'vix_close, band_raw, band', 'marts.regime_daily where'),
    ('recontraction', 'vix_close, is_recontraction, is_recontraction_confirmed', 'marts.regime_daily where'),
    ('stage', 'stage, band, is_recontraction_confirmed_5d, has_band_above_25_63d, is_vix_calm_63d, '
        || 'has_5_ath_closes_63d, is_near_ath, is_top10_return_share_high, is_rotation_fast, is_crypto_leading',
        'marts.regime_daily where'),
    ('ath', 'nasdaq_close, is_ath_close, sessions_since_ath', 'marts.regime_daily where'),
    ('correction', 'nasdaq_close, drawdown_return', 'marts.regime_daily where'),
    ('top10_weight', 'top10_weight, top10_issuers',
        'marts.concentration_daily where index_code = ''{index}'' and weight_scheme = ''capped'' and'),
    ('leaders_weak', 'relative_strength, relative_strength_mean_50d, sessions_below_mean',
        'core.basket_trend where basket = ''ai_leaders'' and'),
    ('residual', 'index_return, official_return, residual_bp',
        'marts.concentration_daily where index_code = ''{index}'' and weight_scheme = ''{}'' and'),
    ('stale', 'value, observation_date, date - observation_date as days_old',
        'core.macro_as_known where series_id = ''{}'' and'),
    ('stale_count', 'open_weight, share_count_age_sessions',
        'marts.contribution_daily where index_code = ''{index}'' and weight_scheme = ''full_cap'' and issuer = ''{}'' and')
)
select date,
    concat_ws('_', kind, of) as signal,
    before.state as previous,
    state as current,
    severity,
    format('select date, {} from {} date between ''{}'' and ''{}'' order by date',
        columns, replace(replace(source, '{}', coalesce(of, '')), '{index}',
            coalesce((select index_code from primary_index), '')), before.date, date) as evidence,
    greatest(known_at, before.known_at) as known_at
from change join shown using (kind)
where state <> before.state
union all
select date, 'unexplained_fall_' || issuer, 'explained', 'unexplained', 'watch',
    format('select date, issuer, price_return, contribution from marts.contribution_daily '
        || 'where index_code = ''{}'' and weight_scheme = ''capped'' and issuer = ''{}'' '
        || 'and date between ''{}'' and ''{}'' order by date',
        (select index_code from primary_index), issuer, date, date),
    known_at
from fall
