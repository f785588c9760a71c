"""Declare the queries of the page as data; the page shows each query beside its result.

`$date` is the session, `$scheme` the index weighting in use and `$peak` the last peak of the VIX. They are written into the
SQL as literals, so that a reader copies the SQL that was run. No query reads data after the session, except those about
the entire publication: the ledger, the revisions, the coverage.
"""

from __future__ import annotations

from flows.report.question import Question

SHOWN_ISSUERS = 12
FIRST_SESSION = "The record has no session before this one."

PUBLICATION = Question("publication", "The publication this page is made from (times in UTC)", """
    select build_id, as_of, recorded_by, published_at, code_version, catalog_hash, is_simulated
    from audit.publication where is_current""")

REGIME = Question("regime", "The session", """
    select date, vix_close, vix_change_1d_points, vix_from_peak_63d_points, vix_from_peak_63d_return, vix_percentile_252,
        band, band_raw, vix_term_ratio, is_backwardation, is_recontraction, nasdaq_close, is_ath_close, drawdown_return,
        sessions_since_ath, is_correction, realized_vol_21d, hy_oas_change_21d_bp
    from marts.regime_daily where date = $date""")

STAGE = Question("stage", "The stage and its conditions", """
    select stage, risk_score, risk_score_inputs, is_recontraction_confirmed_5d, is_vix_above_22, is_band_above_30,
        is_band_25_to_30, is_band_20_to_25, has_band_above_25_63d, is_vix_calm_63d, has_5_ath_closes_63d,
        is_band_below_20, is_near_ath, is_top10_return_share_high, is_rotation_fast, is_crypto_leading
    from marts.regime_daily where date = $date""")

MODEL = Question("model", "The two-state model of the Nasdaq's variance, as filtered on the session", """
    select turbulent_probability, variance_ratio, is_consistent_with_band, fitted_on
    from marts.regime_model_daily where date = $date""")

TIMELINE = Question("timeline", "The last 252 sessions", """
    select date, nasdaq_close, is_ath_close, drawdown_return, vix_close, band
    from marts.regime_daily where date <= $date order by date desc limit 252""")

STAGES = Question("stages", "Spells of one stage in the last 252 sessions", """
    with recent as (
        select date, stage from marts.regime_daily where date <= $date order by date desc limit 252
    ), numbered as (
        select date, stage, row_number() over (order by date)
            - row_number() over (partition by stage order by date) as spell
        from recent
    )
    select stage, min(date) as first_date, max(date) as last_date, count(*) as sessions
    from numbered where stage is not null group by stage, spell order by first_date""")

CLOSURE = Question("closure", "How well each weighting adds up to the published index", """
    with recent as (
        select *, row_number() over (partition by weight_scheme order by date desc) as place
        from marts.concentration_daily where index_code = $index and date <= $date
    )
    select weight_scheme,
        any_value(index_return) filter (date = $date) as index_return,
        any_value(official_return) filter (date = $date) as official_return,
        any_value(residual_bp) filter (date = $date) as residual_bp,
        any_value(coverage_share) filter (date = $date) as coverage_share,
        median(abs(residual_bp)) as median_abs_residual_bp,
        quantile_cont(abs(residual_bp), 0.95) as p95_abs_residual_bp,
        count(residual_bp) as sessions
    from recent where place <= 63 group by weight_scheme order by weight_scheme""")

DAY = Question("day", "From the companies to the published index, in basis points of the index", f"""
    with placed as (
        select issuer as company, contribution, open_weight, price_return,
            row_number() over (order by abs(contribution) desc, issuer) as place
        from marts.contribution_daily
        where date = $date and index_code = $index and weight_scheme = $scheme and contribution is not null
    ), shown as (
        select 'company' as kind, company as label, name, contribution * 10000 as bp, open_weight, price_return
        from placed left join core.instrument on symbol = company where place <= {SHOWN_ISSUERS}
        union all
        select 'others', count(*) || if(count(*) = 1, ' other', ' others'), null, sum(contribution) * 10000,
            sum(open_weight), sum(contribution) / sum(open_weight)
        from placed where place > {SHOWN_ISSUERS} having count(*) > 0
        union all
        select 'sum', 'Sum', 'Return by our weights', sum(contribution) * 10000, sum(open_weight), sum(contribution)
        from placed having count(*) > 0
        union all
        select 'residual', 'Residual', 'What our weights do not explain', -residual_bp, null, null
        from marts.concentration_daily
        where date = $date and index_code = $index and weight_scheme = $scheme and residual_bp is not null
        union all
        select 'index', $index_title, 'As published', official_return * 10000, null, official_return
        from marts.concentration_daily
        where date = $date and index_code = $index and weight_scheme = $scheme and official_return is not null
    )
    select kind, label, name, bp, open_weight, price_return from shown
    order by list_position(['company', 'others', 'sum', 'residual', 'index'], kind), bp desc""")

WINDOW = Question("window", "From the companies to the published index over 21 sessions, in basis points of the index", f"""
    with placed as (
        select issuer as company, contribution, start_date,
            row_number() over (order by abs(contribution) desc, issuer) as place
        from marts.contribution_window
        where date = $date and index_code = $index and weight_scheme = $scheme and window_sessions = 21
            and contribution is not null
    ), official as (
        select n.close / o.close - 1 as official_return, any_value(p.start_date) as start_date
        from placed p
        join core.index_level n on n.symbol = $published_index and n.date = $date
        join core.index_level o on o.symbol = $published_index and o.date = p.start_date
        where n.close is not null and o.close is not null
        group by n.close, o.close
    ), total as (
        select sum(contribution order by company) as index_return, any_value(start_date) as start_date
        from placed having count(*) > 0
    ), shown as (
        select 'company' as kind, company as label, name, contribution * 10000 as bp, start_date
        from placed left join core.instrument on symbol = company where place <= {SHOWN_ISSUERS}
        union all
        select 'others', count(*) || if(count(*) = 1, ' other', ' others'), null, sum(contribution) * 10000,
            any_value(start_date)
        from placed where place > {SHOWN_ISSUERS} having count(*) > 0
        union all
        select 'sum', 'Sum', 'Return by our weights', index_return * 10000, start_date from total
        union all
        select 'residual', 'Residual', 'What our weights do not explain',
            (official_return - index_return) * 10000, t.start_date
        from total t join official using (start_date)
        union all
        select 'index', $index_title, 'As published', official_return * 10000, start_date from official
    )
    select kind, label, name, bp, start_date from shown
    order by list_position(['company', 'others', 'sum', 'residual', 'index'], kind), bp desc""")

CONCENTRATION = Question("concentration", "The last 504 sessions", """
    select c.date, c.top1_weight, c.top5_weight, c.top10_weight, m.top10_weight as market_value_top10_weight,
        c.effective_names, c.top10_return_share_63d, array_to_string(c.top10_issuers, ' ') as top10_issuers
    from marts.concentration_daily c
    left join marts.concentration_daily m
        on m.date = c.date and m.index_code = c.index_code and m.weight_scheme = 'full_cap'
    where c.date <= $date and c.index_code = $index and c.weight_scheme = $scheme and c.top10_weight is not null
    order by c.date desc limit 504""")

ROTATION = Question("rotation", "Relative rotation, weekly, the last six weeks", """
    with weekly as (
        select basket, min(date) as date, rs_ratio, rs_momentum, max(quadrant) as quadrant
        from marts.rotation_daily
        where date > $date - 90 and date <= $date and rs_ratio is not null and rs_momentum is not null
        group by basket, rs_ratio, rs_momentum
    ), placed as (
        select *, row_number() over (partition by basket order by date desc) as place from weekly
    )
    select basket, date, rs_ratio, rs_momentum, quadrant from placed where place <= 6 order by basket, date""")

STRENGTH = Question("strength", "Relative strength over 21 and 5 sessions, each fifth session of the last 25", """
    with recent as (
        select basket, date, rs_21d, rs_5d, row_number() over (partition by basket order by date desc) as place
        from marts.rotation_daily
        where date <= $date and date > $date - 60 and rs_21d is not null and rs_5d is not null
    )
    select basket, date, rs_21d, rs_5d from recent where place <= 26 and place % 5 = 1 order by basket, date""")

TIERS = Question("tiers", "Tiers and sector funds against the Nasdaq Composite", """
    select basket, basket_return, rs_5d, rs_21d, rs_63d, rs_rank, sector_rank, beta_63d, volatility_63d
    from marts.rotation_daily
    where date = $date and coalesce(rs_rank, sector_rank) is not null
    order by rs_rank nulls last, sector_rank""")

PEAK = Question("peak", "The last declared peak of the VIX", """
    select episode, peak_vix_close, declared_on,
        case when timezone('UTC', known_at)::date <= $date then verdict else 'open' end as verdict,
        case when timezone('UTC', known_at)::date <= $date then kendall_tau end as kendall_tau
    from marts.rotation_sequence where declared_on <= $date order by episode desc limit 1""",
    "No peak of the VIX had been declared by this session.")

LEADS = Question("leads", "When each tier took the lead, as known on the session", """
    select tier, lead_date, confirmed.date as confirmed_on
    from core.tier_lead t
    join core.nasdaq_state confirmed on confirmed.position = t.confirmed_position
    where episode = $peak and confirmed.date <= $date order by lead_date, tier""")

SINCE_PEAK = Question("since_peak", "Log return above the Nasdaq Composite's since the peak, 126 sessions at most", """
    with daily as (
        select date, basket, ln(1 + basket_return) - ln(1 + benchmark_return) as excess,
            row_number() over (partition by basket order by date) as sessions
        from marts.rotation_daily
        where basket in (select tier from core.tier_lead where episode = $peak) and date > $peak and date <= $date
    )
    select date, basket, sessions, excess_since_peak
    from (select *, sum(excess) over (partition by basket order by date) as excess_since_peak from daily)
    where sessions <= 126 and excess_since_peak is not null order by date, basket""")

DIVERGENCE = Question("divergence", "The last 252 sessions", """
    select date, spread_1d_return, spread_21d_return, spread_63d_return, is_divergent_day, is_decline_without_credit_stress,
        cyclicals_minus_ai_leaders_rs_21d
    from marts.divergence_daily where date <= $date order by date desc limit 252""")

BREADTH = Question("breadth", "The last 252 sessions", """
    select date, above_50d_share, above_200d_share, advancers, decliners, new_highs_252d, new_lows_252d,
        cap_minus_equal_return
    from marts.concentration_daily
    where date <= $date and index_code = $index and weight_scheme = $scheme and above_50d_share is not null
    order by date desc limit 252""")

CLAIMS = Question("claims", "The ledger, as of the build", """
    select claim_id, statement, verdict, observed, lower, upper, evidence, metric_sql, as_of
    from marts.claim_ledger order by claim_id""")

YESTERDAY = Question("yesterday", "This session against the one before", """
    with market as (
        select date, vix_close, band, nasdaq_close, drawdown_return
        from marts.regime_daily where date <= $date order by date desc limit 2
    ), leader as (
        select date, any_value(basket) filter (rs_rank = 1) as leading_tier,
            any_value(basket) filter (sector_rank = 1) as leading_sector_fund
        from marts.rotation_daily where date <= $date and date > $date - 10 group by date
    )
    select figure, first(value order by date) as before, last(value order by date) as now
    from (select date, columns(* exclude date)::varchar from market left join leader using (date))
        unpivot include nulls (value for figure in (columns(* exclude date)))
    group by figure having count(*) = 2 order by figure""", FIRST_SESSION)

INDEX_YESTERDAY = Question("index_yesterday", "The index on this session against the one before", """
    with index_day as (
        select date, top10_weight, above_50d_share
        from marts.concentration_daily
        where date <= $date and index_code = $index and weight_scheme = $scheme order by date desc limit 2
    )
    select figure, first(value order by date) as before, last(value order by date) as now
    from (select date, columns(* exclude date)::varchar from index_day)
        unpivot include nulls (value for figure in (columns(* exclude date)))
    group by figure having count(*) = 2 order by figure""", FIRST_SESSION)

SIGNALS = Question("signals", "Signals of the session", """
    select signal, previous, current, severity, evidence from marts.signal_daily where date = $date
    order by signal""")

REVISIONS = Question("revisions", "Past values that differ from the publication before, and why", """
    select mart, cause, count(*) as cells, count(distinct key) as rows, min(date) as first_date, max(date) as last_date,
        count(*) filter (is_signal) as flipped_labels, any_value(evidence order by date desc, evidence) as newest_evidence
    from audit.revision
    where run_id = (select run_id from audit.publication where is_current)
    group by mart, cause order by flipped_labels desc, cells desc, mart, cause limit 12""")

COVERAGE = Question("coverage", "Expected and received keys of the session", """
    select feed, expected, received, missing, late, array_to_string(missing_keys[:8], ' ')
        || case when missing > 8 then ' and ' || (missing - 8) || ' more' else '' end as missing_keys
    from audit.coverage where date = $date order by feed""")

FRESHNESS = Question("freshness", "The newest session of each mart", """
    select 'marts.regime_daily' as mart, max(date) as newest, count(*) as rows from marts.regime_daily
    union all select 'marts.concentration_daily', max(date), count(*) from marts.concentration_daily
    union all select 'marts.contribution_daily', max(date), count(*) from marts.contribution_daily
    union all select 'marts.rotation_daily', max(date), count(*) from marts.rotation_daily
    union all select 'marts.sector_weight_daily', max(date), count(*) from marts.sector_weight_daily""")

MACRO = Question("macro", "Macro values in force on the session, and the date of each", """
    select 'High-yield spread, percent' as series, hy_oas_pct as value, hy_oas_pct_date as for_day,
        date - hy_oas_pct_date as age_days from marts.regime_daily where date = $date
    union all select 'Baa spread over 10 years, percent', baa10y_pct, baa10y_pct_date, date - baa10y_pct_date
        from marts.regime_daily where date = $date
    union all select '10-year Treasury yield, percent', dgs10_pct, dgs10_pct_date, date - dgs10_pct_date
        from marts.regime_daily where date = $date
    union all select '10 years minus 2 years, percent', t10y2y_pct, t10y2y_pct_date, date - t10y2y_pct_date
        from marts.regime_daily where date = $date
    union all select 'Financial conditions (NFCI), standard deviations', nfci, nfci_date, date - nfci_date
        from marts.regime_daily where date = $date""")

QUARANTINE = Question("quarantine", "Quarantined rows, newest first", """
    select feed, key, date, reason, times from audit.quarantine
    where date is null or date <= $date order by known_at desc nulls last, feed, key, date limit 8""")

RUN = Question("run", "The run behind the publication", """
    select command, first_session, last_session, started_at, status, message
    from audit.run where run_id = (select run_id from audit.publication where is_current)""")

# In execution order: the queries in FIRST determine $scheme and $peak.
FIRST = (PUBLICATION, CLOSURE, PEAK)
THEN = (REGIME, STAGE, MODEL, TIMELINE, STAGES, DAY, WINDOW, CONCENTRATION, ROTATION, STRENGTH, TIERS, LEADS,
        SINCE_PEAK, DIVERGENCE, BREADTH, CLAIMS, YESTERDAY, INDEX_YESTERDAY, SIGNALS, REVISIONS, COVERAGE, FRESHNESS,
        MACRO, QUARANTINE, RUN)
