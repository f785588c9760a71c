"""A market of three companies, four funds and sixty sessions with a catalog of its own: the whole pipeline in seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
# Settings for a run without page and dictionary, which take longer than the run itself.
TABLES_ONLY = {"RALLYSCOPE_PAGES": "false"}
FIRST, LAST = "2026-03-02", "2026-05-29"

# Closes are exact functions of the session's number n; AAA splits ten for one on 2026-04-15.
BARS = """
    with days as (select date, row_number() over (order by date) as n from sessions)
    select 'AAA' as symbol, date, (100 + n) / if(date >= '2026-04-15', 10, 1) as close from days
    union all select 'BBB', date, 50 + 10 * (n % 2) from days
    union all select 'CCC', date, 20.0 from days where date <> '2026-05-05'
    union all select '^IXIC', date, 20000 + 10 * n from days
    union all select '^NDX', date, 25000 + 10 * n from days
    union all select '^GSPC', date, 6000 + n from days
    union all select '^VIX', date, 18 + n % 3 from days
    union all select fund, date, 200 + n from days cross join (select unnest(['XLK', 'XLP', 'XLU', 'XLV']) as fund)"""

CATALOG = {
    "stocks.toml": """
        defaults = { kind = "stock", since = 2026-03-02, known = { after_close_minutes = 15 }, gics_sector = "Energy" }
        AAA = { name = "Triple A Inc.", statements = true }
        BBB = { name = "Double B Inc." }
        CCC = { name = "C Inc." }
    """,
    "funds.toml": """
        defaults = { kind = "fund", since = 2026-03-02, known = { after_close_minutes = 15 } }
        XLK = { name = "Technology fund" }
        XLP = { name = "Staples fund" }
        XLU = { name = "Utilities fund" }
        XLV = { name = "Health care fund" }
    """,
    "indices.toml": """
        defaults = { kind = "index", since = 2026-03-02, known = { after_close_minutes = 15 } }
        "^IXIC" = { name = "Composite" }
        "^NDX" = { name = "Hundred" }
        "^GSPC" = { name = "Five hundred" }
        "^VIX" = { name = "Volatility" }
    """,
    "universes/NDX.toml": """
        title = "Three"
        published_index = "^NDX"
        initial_date = 2026-01-01
        initial_symbols = ["AAA", "BBB", "CCC"]
        changes = []
    """,
    "baskets.toml": """
        [ai_leaders]
        title = "Leaders"
        role = "tier"
        rank = 1
        weighting = "equal"
        members = [{ symbol = "AAA", valid_from = 2026-01-01 }, { symbol = "BBB", valid_from = 2026-01-01 }]
    """,
    "macro.toml": """
        [DGS10]
        title = "Ten years"
        source = "fred"
        unit = "percent"
        frequency = "daily"
        known = { lag_business_days = 1 }
        since = 2026-03-02
        stale_after_days = 7
        range = [-1, 20]
        license = "public"

        [NFCI]
        title = "Financial conditions"
        source = "fred"
        unit = "index"
        frequency = "weekly"
        known = { vintage = true }
        since = 2026-03-02
        stale_after_days = 14
        range = [-3, 6]
        license = "public"
    """,
}


def write_archive(folder: Path) -> Path:
    """Write the archive folder that a replay server serves."""
    from datetime import date

    from warehouse.calendar import sessions

    folder.mkdir(parents=True)
    days = [d for d, _, _ in sessions(2026) if date.fromisoformat(FIRST) <= d <= date.fromisoformat(LAST)]
    with duckdb.connect() as con:
        con.execute("create table sessions (date date)")
        con.executemany("insert into sessions values (?)", [[d] for d in days])
        tables = {
            "bars": f"select symbol, date, close as open, close as high, close as low, close::double as close,"
                    f" 1000 as volume from ({BARS})",
            "actions": "select 'AAA' as symbol, date '2026-04-15' as date, null::double as dividend, 10.0 as split_ratio",
            "shares": "select * from (values ('AAA', date '2026-03-02', 1000000), ('AAA', date '2026-04-15', 10000000),"
                      " ('BBB', date '2026-03-02', 2000000), ('CCC', date '2026-03-02', 3000000))"
                      " t(symbol, date, shares_outstanding)",
            "instruments": "select distinct symbol, symbol as name, 'EQUITY' as quote_type, null as nasdaq_sector,"
                           f" null as gics_sector from ({BARS})",
            "observations": "select 'DGS10' as series_id, date, 4.0 as value, date as realtime_start,"
                            " null::date as realtime_end from sessions"
                            " union all select 'NFCI', date '2026-04-03', -0.4, date '2026-04-08', date '2026-04-14'"
                            " union all select 'NFCI', date '2026-04-03', -0.5, date '2026-04-15', null",
            "series": "select 'DGS10' as series_id, 'Daily' as frequency, 'Percent' as units"
                      " union all select 'NFCI', 'Weekly', 'Index'",
            "statements": "select 'AAA' as symbol, 'income' as statement, date '2026-03-31' as period_end,"
                          " 'Total Revenue' as item, 100.0 as value",
        }
        for name, sql in tables.items():
            con.execute(f"copy ({sql}) to '{folder}/{name}.parquet' (format parquet)")
    return folder


def write_catalog(folder: Path) -> Path:
    """Write a complete catalog folder for the tiny market; sources and feeds are the packaged ones."""
    for name, text in CATALOG.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(line.strip() for line in text.splitlines()))
    for name in ("sources.toml", "feeds.toml"):
        shutil.copy(ROOT / "warehouse" / "catalog" / "definitions" / name, folder / name)
    return folder


def rallyscope(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None,
               timeout: float = 900) -> subprocess.CompletedProcess[str]:
    """Run a command as a user types it, in its own process and without the caller's settings."""
    return subprocess.run([sys.executable, "-m", "flows.cli", *map(str, arguments)], cwd=cwd, text=True,
                          env=clean_environment(env), capture_output=True, timeout=timeout, check=False)


def clean_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without our settings, plus `env`; the checkout can be imported from any folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RALLYSCOPE_") and k != "FRED_API_KEY"}
    return {**kept, "PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1", "COLUMNS": "100", **(env or {})}


def published(home: Path, sql: str) -> list[tuple]:
    """Query the published file and return the rows."""
    with duckdb.connect(str(home / "marts.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def table_hashes(home: Path) -> dict[str, str]:
    """Return the content hash of every table of the current publication."""
    return published(home, "select table_hashes from audit.publication where is_current")[0][0]
