"""A small, exact publication of an invented market of 320 weekdays, to test the readers of publications."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
from spec import Spec

from flows.report.facts import Facts, facts
from warehouse.data_folder import DataFolder
from warehouse.publication.publish import PUBLISHED_SCHEMAS
from warehouse.zones import use_utc, with_zone

FIRST, SESSIONS = date(2025, 3, 3), 320
DAYS = [FIRST + timedelta(weeks=n // 5, days=n % 5) for n in range(SESSIONS)]
LAST, PEAK = DAYS[-1], DAYS[280]
COMPANIES = [chr(65 + n) * 3 for n in range(16)]
BASKETS = ["defensive", "ai_leaders", "semiconductors", "crypto_equity",
           "xlk", "xlc", "xly", "xlf", "xle", "xli", "xlre", "xlp", "xlu", "xlv", "xlb"]

# n numbers the sessions from 0, c the companies, b the baskets. The values of each mart follow from its column names.
FILL = {
    "marts.regime_daily": """
        select date, 20 + 9 * sin(n / 30.0) as vix_close, 'yahoo' as vix_source, 0.25 as vix_change_1d_points,
            -3.5 as vix_from_peak_63d_points, -0.1 as vix_from_peak_63d_return, 0.5 as vix_percentile_252,
            case when vix_close > 25 then '25_to_30' when vix_close >= 20 then '20_to_25' else 'below_20' end as band,
            band as band_raw, 20000 + 10 * n as nasdaq_close, 'yahoo' as nasdaq_source, n % 3 = 0 as is_ath_close,
            if(n % 3 = 0, 0, -0.012) as drawdown_return, (n % 3)::integer as sessions_since_ath,
            3.1 as hy_oas_pct, date - 1 as hy_oas_pct_date, 4.2 as dgs10_pct, date - 1 as dgs10_pct_date,
            1.6 as baa10y_pct, date - 1 as baa10y_pct_date, 0.4 as t10y2y_pct, date as t10y2y_pct_date,
            -0.4 as nfci, date - 6 as nfci_date, 31.4 as risk_score, 6 as risk_score_inputs, true as is_near_ath,
            false as is_rotation_fast,
            ['risk_on_expansion', 're_entry', 'mid_late_dispersion'][n // 40 % 3 + 1] as stage from days""",
    "marts.concentration_daily": """
        select date, 'NDX' as index_code, unnest(['full_cap', 'capped']) as weight_scheme, 16 as members,
            16 as issuers, 1.0 as coverage_share, if(weight_scheme = 'capped', 0.09, 0.12) as top1_weight,
            top1_weight * 3 as top5_weight, top1_weight * 5 + n / 10000 as top10_weight, ['PPP', 'OOO'] as top10_issuers,
            12 + n / 100 as effective_names, total as index_return, total + 0.0004 as official_return,
            -4.0 as residual_bp, total - 0.001 as equal_weight_return, 0.001 as cap_minus_equal_return, 9 as advancers,
            7 as decliners, 0.5 + n / 1000 as above_50d_share, 0.4 as above_200d_share, n % 4 as new_highs_252d,
            n % 3 as new_lows_252d, 0.61 as top10_return_share_63d
        from days join (select date, sum(contribution) as total from contributions group by date) using (date)""",
    "marts.contribution_daily": """
        select date, 'NDX' as index_code, unnest(['full_cap', 'capped']) as weight_scheme, issuer, 0.0625 as open_weight,
            contribution / 0.0625 as price_return, contribution from contributions""",
    "marts.contribution_window": """
        select date, 'NDX' as index_code, weight_scheme, 21 as window_sessions, issuer, 20 * contribution as contribution,
            21 as contribution_sessions, date - 29 as start_date
        from contributions cross join (values ('full_cap'), ('capped')) s(weight_scheme) where n > 21""",
    "core.index_level": """
        select '^NDX' as symbol, date, 25000 + 20 * n as close from days""",
    "core.instrument": "select distinct issuer as symbol, issuer || ' Inc.' as name, issuer from contributions",
    "core.nasdaq_state": "select date, n + 1 as position from days",
    "core.tier_lead": """
        select date '{peak}' as episode, tier, date '{peak}' + lag as lead_date, 286 + lag as confirmed_position
        from (values ('defensive', null), ('ai_leaders', 3), ('semiconductors', 7), ('crypto_equity', 14)) t(tier, lag)""",
    "marts.rotation_sequence": """
        select date '{peak}' as episode, 29.0 as peak_vix_close, date '{peak}' + 5 as declared_on, 'match' as verdict,
            1.0 as kendall_tau, timestamp '{peak}' + interval 20 day as known_at""",
    "marts.rotation_daily": """
        select date, basket, 0.001 * (b - 4) as basket_return, 0.0005 as benchmark_return, 0.01 * sin(n / 9 + b) as rs_5d,
            0.05 * sin(n / 20 + b) as rs_21d, 0.1 * sin(n / 40 + b) as rs_63d,
            case when b <= 4 then row_number() over (partition by date, b <= 4 order by rs_21d desc) end as rs_rank,
            case when b > 4 then row_number() over (partition by date, b <= 4 order by rs_21d desc) end as sector_rank,
            {rotation}
        from days cross join (select unnest($baskets) as basket, unnest(range(1, 16)) as b)""",
    "marts.divergence_daily": """
        select date, 0.001 as spread_1d_return, 0.03 * sin(n / 15) as spread_21d_return, 0.05 as spread_63d_return,
            n % 50 = 0 as is_divergent_day, false as is_decline_without_credit_stress,
            0.02 * cos(n / 15) as cyclicals_minus_ai_leaders_rs_21d from days""",
    "marts.regime_model_daily": "select date, 0.07 as turbulent_probability, date - 20 as fitted_on from days",
    "marts.claim_ledger": """
        select unnest(['A01', 'A02', 'B16']) as claim_id, unnest(['It rose', 'It rose a lot', 'It will']) as statement,
            unnest(['select 0.4 as observed', 'select 0.02 as observed', null]) as metric_sql,
            unnest([0.1, 0.1, null]) as lower, timestamp '2026-06-01' as as_of,
            unnest([0.4, 0.02, null]) as observed, unnest(['supported', 'contradicted', 'not_testable']) as verdict,
            unnest(['It did. See: select 1 as rose', 'It did not. See: select 2 as rose', 'Nobody knows.']) as evidence""",
    "marts.signal_daily": """
        select date, 'band' as signal, 'below_20' as previous, '20_to_25' as current, 'watch' as severity,
            'select date, band from marts.regime_daily where date between ''2026-01-05'' and ''2026-01-06''' as evidence
        from days where n % 10 = 9""",
    "audit.coverage": """
        select date, 'bars' as feed, 160 as expected, 158 as received, 2 as missing, 1 as late,
            ['AAA', 'BBB'] as missing_keys from days""",
    "audit.publication": """
        select '20260601T000000Z-abc' as build_id, timestamp '2026-06-01' as as_of, timestamp '2026-06-01' as recorded_by,
            timestamp '2026-06-01' as published_at, '0.1.0+abc' as code_version, 'cafe' as catalog_hash,
            false as is_simulated, 'run-1' as run_id, map {{'raw.price_bar': 1::bigint}} as raw_rows,
            map {{'marts.regime_daily': 'x'}} as table_hashes, true as is_current""",
    "audit.run": """
        select 'run-1' as run_id, 'run' as command, timestamp '2026-06-01' as started_at, 'completed' as status""",
    "audit.revision": """
        select timestamp '2026-06-01' as found_at, 'run-1' as run_id, 'before' as previous_build_id,
            'marts.regime_daily' as mart, '{{}}' as key, date '2026-01-05' as date, 'nfci' as column_name, '1' as old,
            '2' as new, 'macro vintage' as cause, 'raw.macro_observation NFCI' as evidence, false as is_signal""",
    "core.index_definition": """
        select 'NDX' as index_code, 'Nasdaq-100' as title, '^NDX' as published_index, true as is_primary""",
    "audit.quarantine": "select 'bars' as feed, 'AAA' as key, date '2026-01-05' as date, 'too far' as reason, 2 as times",
}
ROTATION = "100 + 2 * sin(n // 5 / 4 + b) as rs_ratio, 100 + cos(n // 5 / 4 + b) as rs_momentum, 'leading' as quadrant"


def publish(spec: Spec, folder: Path) -> Path:
    """Write `marts.duckdb` with every published table, filled, into a folder; return the file."""
    file = folder / "marts.duckdb"
    spec.con.execute(f"attach '{file}' as story")
    try:
        for schema, published in PUBLISHED_SCHEMAS.items():
            spec.con.execute(f"create schema if not exists story.{published}")
            for table, in spec.con.execute("select table_name from duckdb_tables() where schema_name = ? "
                                           "and database_name = current_database()", [schema]).fetchall():
                spec.con.execute(f"create table story.{published}.{table} as "
                                 f"from {with_zone(spec.con, f'{schema}.{table}')} limit 0")
    finally:
        spec.con.execute("detach story")
    with duckdb.connect(str(file)) as con:
        use_utc(con)
        con.execute("create temp table days as select unnest($days) as date, unnest(range($count)) as n",
                    {"days": DAYS, "count": SESSIONS})
        con.execute("""create temp table contributions as
            select date, n, issuer, 0.0001 * (c - 6) * (1 + n % 2) as contribution
            from days cross join (select unnest($companies) as issuer, unnest(range(16)) as c)""", {"companies": COMPANIES})
        rotation = ROTATION if _has(con, "rotation_daily", "rs_ratio") else "null as beta_63d"
        for table, sql in FILL.items():
            given = {"baskets": BASKETS} if "$baskets" in sql else {}
            con.execute(f"insert into {table} by name {sql.format(peak=PEAK, rotation=rotation)}", given)
    return file


def facts_of(home: DataFolder, day: date | None = None) -> Facts:
    """Return the facts of a session's page, by default of the newest session."""
    with home.marts() as con:
        return facts(con, day)


def _has(con: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    return con.execute("select count(*) > 0 from duckdb_columns() where table_name = ? and column_name = ?",
                       [table, column]).fetchall() == [(True,)]
