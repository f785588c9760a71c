"""A late, a null and a wrong evening: what is missing is asked again the same evening, and heals to an undisturbed home."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path

import duckdb
import pytest
from tiny_market import published, table_hashes

from flows.pipeline import ingest, windows
from flows.pipeline.execute import execute
from flows.pipeline.plan import Request
from flows.pipeline.run import Run, open_run
from flows.replay.server import running
from flows.settings import Settings
from warehouse.errors import RunIncomplete

BEFORE, EVENING = "2026-05-20", "2026-05-21"


def altered(tiny: Path, folder: Path, bars: str) -> Path:
    """The tiny market's archive with other bars; `bars` reads them as `t`."""
    shutil.copytree(tiny / "archive", folder)
    with duckdb.connect() as con:
        con.execute(f"create table t as from '{folder}/bars.parquet'")
        con.execute(f"copy ({bars}) to '{folder}/bars.parquet' (format parquet)")
    return folder


def run(home: Path, tiny: Path, clock: str, archive: Path | None = None) -> tuple[Run, list[Request]]:
    with running(archive or tiny / "archive", windows.parse_instant(clock)) as base:
        settings = Settings(home_folder=home, source=base, catalog_folder=tiny / "catalog")
        window = windows.range_window(settings, date(2026, 5, 4), date.fromisoformat(clock))
        with suppress(RunIncomplete), open_run(settings, "backfill", window) as this:
            execute(this)
        return this, ingest.requests(this)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    home = tmp_path_factory.mktemp("before")
    run(home, tiny, BEFORE)
    return home


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny: Path, before: Path) -> Path:
    home = shutil.copytree(before, tmp_path_factory.mktemp("undisturbed") / "home")
    run(home, tiny, EVENING)
    return home


@pytest.mark.parametrize("bars", [
    f"select * from t where date < '{EVENING}'",  # a day behind
    f"select * replace (if(date = '{EVENING}', null, close) as close) from t",  # null bars
    f"select * replace (if(date = '{EVENING}', 'inf'::double, close) as close) from t",  # all of it quarantined
])
def test_what_did_not_come_is_asked_again_the_same_evening_and_heals(bars: str, before: Path, undisturbed: Path, tiny: Path,
                                                                     tmp_path: Path) -> None:
    home = shutil.copytree(before, tmp_path / "home")
    run(home, tiny, EVENING, altered(tiny, tmp_path / "late", bars))
    assert published(home, f"select count(*) from core.security_price where date = '{EVENING}'") == [(0,)]
    again, still = run(home, tiny, EVENING)
    assert again.rows_added == 12  # eleven symbols, ^VIX from both of its sources
    assert still == []
    assert table_hashes(home) == table_hashes(undisturbed)
