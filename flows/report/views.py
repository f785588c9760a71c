"""Declare the views of `rallyscope show` and `status` as data: a title in words and SQL on the published file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table of a view: `sql` may name $date; `upright` prints its one row as name and value.

    `key` names it for scripts, `none` explains an empty result, and the single value of the column `common` is printed
    after the title. A `working` section reads the working database while no run is writing, since a failed run publishes
    nothing.
    """

    title: str
    sql: str
    upright: bool = False
    working: bool = False
    key: str = ""
    none: str = "nothing"
    common: str = ""


@dataclass(frozen=True)
class View:
    """Some sections for one session of `table`; `table` is None if the view covers the entire publication.

    A view with `answer` begins with the sentence of the session's page: who drives the market.
    """

    table: str | None
    sections: tuple[Section, ...]
    answer: bool = False


def _cut(column: str, length: int) -> str:
    """Return SQL that truncates a text to `length` characters and marks the cut."""
    return f"if(length({column}) > {length}, {column}[:{length - 1}] || '…', {column})"


# The weighting of the session's page (flows/report/facts.py): the first with a return, in order of closeness to the index.
CHOSEN = """
    with chosen as (
        select weight_scheme from marts.concentration_daily
        where date = $date and index_code = $index and index_return is not null
        order by list_position(['anchored', 'capped', 'full_cap'], weight_scheme) limit 1)"""

COVERED = """
    select date, feed, expected, received, missing, late,
        array_to_string(missing_keys[:5], ' ')
            || if(missing > 5, format(' … and {} more', missing - 5), '') as missing_keys
    from audit.coverage"""

REGIME = Section("Regime", """
    select stage, risk_score, turbulent_probability, vix_close, vix_source, band, band_raw, vix_from_peak_21d_points,
        vix_from_peak_21d_return, vix_percentile_252, vix_term_ratio, is_recontraction, nasdaq_close, is_ath_close,
        drawdown_return, sessions_since_ath, realized_vol_21d, hy_oas_pct, hy_oas_change_21d_bp, dgs10_pct, t10y2y_pct,
        nfci, nfci_date
    from marts.regime_daily left join marts.regime_model_daily using (date) where date = $date""", upright=True,
    key="regime")

CONCENTRATION = Section("Concentration of the {index_code}, {weight_scheme}", """
    select index_code, weight_scheme, members, issuers, coverage_share, top1_weight, top5_weight, top10_weight,
        effective_names, index_return, official_return, residual_bp, equal_weight_return, advancers, decliners,
        above_50d_share, above_200d_share
    from marts.concentration_daily where date = $date and index_code = $index
    order by top10_weight is null, weight_scheme""", upright=True,
    key="concentration")

LARGEST = Section("The ten largest issuers: weight at the open, return, contribution in bp", CHOSEN + f"""
    select weight_scheme, c.issuer, {_cut("name", 26)} as name, coalesce(tier, sector) as "tier or sector",
        open_weight as weight, price_return as return, contribution * 10000 as bp
    from marts.contribution_daily c join chosen using (weight_scheme) left join core.instrument i on i.symbol = c.issuer
    where date = $date and index_code = $index
    order by open_weight desc limit 10""",
    key="largest", common="weight_scheme", none="no weighting has a return on this session")

TIERS = Section("Who leads: the tiers by relative strength against the Nasdaq Composite", """
    select rs_rank as rank, basket, basket_return, rs_5d, rs_21d, rs_63d, beta_63d, volatility_63d
    from marts.rotation_daily where date = $date and rs_rank is not null order by rs_rank""",
    key="tiers", none="no tier is ranked on this session")

FUNDS = Section("Sector funds by relative strength", """
    select sector_rank as rank, basket, basket_return, rs_5d, rs_21d, rs_63d, beta_63d, volatility_63d
    from marts.rotation_daily where date = $date and sector_rank is not null order by sector_rank""",
    key="funds", none="no fund is ranked on this session")

SECTORS = Section("Sector weights and contributions", CHOSEN + """
    select weight_scheme, taxonomy, sector, weight, contribution * 10000 as bp
    from marts.sector_weight_daily join chosen using (weight_scheme)
    where date = $date and index_code = $index order by taxonomy, weight desc""",
    key="sectors", common="weight_scheme", none="no weighting has a return on this session")

SIGNALS = Section("Signals: the last ten changes", """
    select date, signal, previous, current, severity from marts.signal_daily
    where date <= $date order by date desc, signal limit 10""", key="signals")

QUARANTINE = Section("Quarantined: the newest twelve", """
    select feed, key, date, reason from audit.quarantine
    where $date is null or known_at::date <= $date or date = $date
    order by known_at desc nulls last, feed, key limit 12""", key="quarantine")

COVERAGE = Section("Coverage of the last sessions", COVERED + """
    where date > (select max(date) from audit.coverage) - 7 order by date desc, feed""", key="coverage")

HOLES = Section("Sessions of the calendar without a bar of any stock", """
    with traded as (
        select distinct p.date from core.security_price p join core.instrument i using (symbol) where i.kind = 'stock'
    )
    select date, expected from audit.coverage
    where feed = 'bars' and date > (select min(date) from traded) and date not in (from traded)
    order by date desc limit 20""", key="holes", none="none")

GATE = Section("Failed checks of the newest build", """
    select check_name, severity, sentence, accepted_reason from audit.publication_check
    where not is_passed and run_id = (select arg_max(run_id, checked_at) from audit.publication_check)
    order by severity <> 'withhold', check_name, place limit 20""", key="gate", none="none", working=True)

COVERAGE_THEN = Section("Coverage of the session", COVERED + " where date = $date order by feed", key="coverage")

PUBLICATION = Section("Publication (times in UTC)", """
    select build_id, as_of::varchar as as_of, recorded_by::varchar as recorded_by, published_at, code_version,
        is_simulated as simulated, is_present as present
    from audit.publication where is_current""", upright=True, key="publication")

FRESHNESS = Section("Freshness", """
    select 'regime_daily' as mart, count(*) as rows, min(date) as first, max(date) as last from marts.regime_daily
    union all select 'concentration_daily', count(*), min(date), max(date) from marts.concentration_daily
    union all select 'contribution_daily', count(*), min(date), max(date) from marts.contribution_daily
    union all select 'sector_weight_daily', count(*), min(date), max(date) from marts.sector_weight_daily
    union all select 'rotation_daily', count(*), min(date), max(date) from marts.rotation_daily""", key="freshness")

RUNS = Section("Last runs", f"""
    select command, first_session, last_session, started_at::timestamptz as started_at,
        replace(status, 'running', 'interrupted') as status, {_cut("message", 120)} as message
    from audit.run order by run.started_at desc, rowid desc limit 5""", working=True, key="runs")

CHECKS = Section("Failed expectations of the newest batches: the ten with the most rows", """
    select suite, expectation, severity, sum(unexpected_rows)::bigint as rows from audit.validation_result
    where not success group by all order by rows desc limit 10""", key="checks")

REVISED = Section("Changes of history and their causes: the newest forty", """
    select found_at, mart, cause, min(date) as first_date, max(date) as last_date, count(distinct key) as rows,
        count(*) as cells, bool_or(is_signal) as signal, any_value(evidence order by date desc, evidence) as evidence
    from audit.revision where $since is null or date >= $since
    group by found_at, mart, cause order by found_at desc, cells desc limit 40""", key="revisions")

FLIPPED = Section("Labels that changed: the newest forty", """
    select found_at, date, column_name as label, old, new, cause from audit.revision
    where is_signal and ($since is null or date >= $since) order by found_at desc, date limit 40""", key="labels")

DAY = View("marts.regime_daily", (REGIME, LARGEST, TIERS, SIGNALS, COVERAGE_THEN, QUARANTINE), answer=True)

VIEWS = {
    "regime": View("marts.regime_daily", (REGIME, SIGNALS)),
    "concentration": View("marts.concentration_daily", (CONCENTRATION, LARGEST)),
    "rotation": View("marts.rotation_daily", (TIERS, FUNDS)),
    "sectors": View("marts.sector_weight_daily", (SECTORS,)),
    "day": DAY,
    "revisions": View(None, (REVISED, FLIPPED)),
    "status": View(None, (PUBLICATION, FRESHNESS, COVERAGE, HOLES, RUNS, GATE, CHECKS, QUARANTINE)),
}
