"""What `rallyscope show` and `status` print, as data: questions in words, answers in SQL on the published file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table of a view: `sql` may name $date; `upright` prints its one row as name and value.

    A `working` one is asked of the working database while nobody writes: a run that failed published nothing.
    """

    title: str
    sql: str
    upright: bool = False
    working: bool = False


@dataclass(frozen=True)
class View:
    """Some sections for one session of `table`; None when the view is of the whole publication."""

    table: str | None
    sections: tuple[Section, ...]


REGIME = Section("Regime", """
    select stage, risk_score, turbulent_probability, vix_close, vix_source, band, band_raw, vix_from_peak_21d_points,
        vix_from_peak_21d_return, vix_percentile_252, vix_term_ratio, recontraction_fired, nasdaq_close, is_ath_close,
        drawdown_return, sessions_since_ath, realized_vol_21d, hy_oas_pct, hy_oas_change_21d_bp, dgs10_pct, t10y2y_pct,
        nfci, nfci_date
    from marts.regime_daily left join marts.regime_model_daily using (date) where date = $date""", upright=True)

CONCENTRATION = Section("Concentration of the {index_code}, {weight_scheme}", """
    select index_code, weight_scheme, members, issuers, coverage_share, top1_weight, top5_weight, top10_weight,
        effective_names, index_return, official_return, residual_bp, equal_weight_return, advancers, decliners,
        above_50d_share, above_200d_share
    from marts.concentration_daily where date = $date order by top10_weight is null, weight_scheme""", upright=True)

LARGEST = Section("The ten largest issuers: weight at the open, return, contribution to the index in bp", """
    select c.issuer, name[:26] as name, coalesce(tier, sector) as "tier or sector", open_weight as weight,
        price_return as return, contribution * 10000 as bp
    from marts.contribution_daily c left join core.instrument i on i.symbol = c.issuer
    where date = $date and index_code = 'NDX' and weight_scheme = 'full_cap'
    order by open_weight desc limit 10""")

TIERS = Section("Who leads: the tiers by relative strength against the Nasdaq Composite", """
    select rs_rank as rank, basket, basket_return, rs_5d, rs_21d, rs_63d, beta_63d, volatility_63d
    from marts.rotation_daily where date = $date and rs_rank is not null order by rs_rank""")

FUNDS = Section("Sector funds by relative strength", """
    select sector_rank as rank, basket, basket_return, rs_5d, rs_21d, rs_63d, beta_63d, volatility_63d
    from marts.rotation_daily where date = $date and sector_rank is not null order by sector_rank""")

SECTORS = Section("Sector weights and contributions", """
    select taxonomy, sector, weight, contribution * 10000 as bp
    from marts.sector_weight_daily
    where date = $date and index_code = 'NDX' and weight_scheme = 'full_cap' order by taxonomy, weight desc""")

SIGNALS = Section("Signals: the last ten changes", """
    select date, signal, previous, current, severity from marts.signal_daily
    where date <= $date order by date desc, signal limit 10""")

QUARANTINE = Section("Quarantined, newest first", """
    select feed, key, date, reason from audit.quarantine order by known_at desc nulls last, feed, key limit 12""")

COVERAGE = Section("Coverage of the last sessions", """
    select date, feed, expected, received, missing, late, array_to_string(missing_keys[:5], ' ') as missing_keys
    from audit.coverage where date > (select max(date) from audit.coverage) - 7 order by date desc, feed""")

PUBLICATION = Section("Publication (moments are UTC)", """
    select build_id, as_of, recorded_by, published_at, code_version, is_simulated as simulated
    from audit.publication where is_current""", upright=True)

FRESHNESS = Section("Freshness", """
    select 'regime_daily' as mart, count(*) as rows, min(date) as first, max(date) as last from marts.regime_daily
    union all select 'concentration_daily', count(*), min(date), max(date) from marts.concentration_daily
    union all select 'contribution_daily', count(*), min(date), max(date) from marts.contribution_daily
    union all select 'sector_weight_daily', count(*), min(date), max(date) from marts.sector_weight_daily
    union all select 'rotation_daily', count(*), min(date), max(date) from marts.rotation_daily""")

RUNS = Section("Last runs", """
    select command, first_session, last_session, started_at, replace(status, 'running', 'interrupted') as status,
        message[:120] as message
    from audit.run order by started_at desc, rowid desc limit 5""", working=True)

CHECKS = Section("Expectations that failed in the newest batches", """
    select suite, expectation, severity, sum(unexpected_rows)::bigint as rows from audit.validation_result
    where not success group by all order by rows desc limit 10""")

REVISED = Section("What history says differently, and why", """
    select found_at, mart, cause, min(date) as first_date, max(date) as last_date, count(distinct key) as rows,
        count(*) as cells, bool_or(is_signal) as signal, any_value(evidence order by date desc, evidence) as evidence
    from audit.revision where $since is null or date >= $since
    group by found_at, mart, cause order by found_at desc, cells desc limit 40""")

FLIPPED = Section("Labels that flipped", """
    select found_at, date, column_name as label, old, new, cause from audit.revision
    where is_signal and ($since is null or date >= $since) order by found_at desc, date limit 40""")

DAY = View("marts.regime_daily", (REGIME, LARGEST, TIERS, SIGNALS, QUARANTINE))

VIEWS = {
    "regime": View("marts.regime_daily", (REGIME, SIGNALS)),
    "concentration": View("marts.concentration_daily", (CONCENTRATION, LARGEST)),
    "rotation": View("marts.rotation_daily", (TIERS, FUNDS)),
    "sectors": View("marts.sector_weight_daily", (SECTORS,)),
    "day": DAY,
    "revisions": View(None, (REVISED, FLIPPED)),
    "status": View(None, (PUBLICATION, FRESHNESS, COVERAGE, RUNS, CHECKS, QUARANTINE)),
}
