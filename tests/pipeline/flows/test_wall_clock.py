"""Under a clock that goes, as the wall clock does and a replayed one does not, and at the hour of the schedule."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from tiny_market import published, table_hashes

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.plan import Chunk
from flows.pipeline.run import Run, open_run
from flows.replay.server import running
from flows.settings import Clock, Settings

EVENING, NEXT = "2026-05-19T22:30:00Z", "2026-05-20T22:30:00Z"

Backfill = Callable[..., Run]


@pytest.fixture
def backfill(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backfill:
    """A backfill from a moment on; the clock goes on from there while it runs."""
    standing, began = Settings.clock, [0.0]

    def clock(self: Settings) -> Clock:
        stands = standing(self)
        return Clock(stands.now + timedelta(seconds=time.monotonic() - began[0]), stands.simulated)

    def carry_out(moment: str, chunk: Chunk = Chunk.whole, **requested: datetime) -> Run:
        began[0] = time.monotonic()
        with running(tiny / "archive", windows.parse_instant(moment)) as base:
            settings = Settings(home_folder=tmp_path, source=base, catalog_folder=tiny / "catalog")
            window = None if requested else windows.range_window(settings, date(2026, 3, 2),
                                                                 date.fromisoformat(moment[:10]))
            with open_run(settings, "backfill", window) as run:
                execute(run, times=(requested.get("as_of"), requested.get("recorded_by")), chunk=chunk)
        return run

    monkeypatch.setattr(Settings, "clock", clock)
    return carry_out


def raw(home: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        return con.execute(sql).fetchall()


def test_a_chunk_asks_nothing_that_one_before_it_asked(backfill: Backfill, tmp_path: Path) -> None:
    backfill(EVENING, Chunk.month)
    assert raw(tmp_path, "select feed, key, source from raw.fetch_outcome group by all having count(*) > 1") == []


def test_the_regime_model_sees_what_its_own_run_fetched(backfill: Backfill, tmp_path: Path) -> None:
    """A month-end is fitted once, with all its returns: the run of a minute later has nothing to fit."""
    backfill("2026-05-29T22:30:00Z")
    fits = raw(tmp_path, "select fitted_on, returns from raw.regime_model_fit order by all")
    sessions = raw(tmp_path, "select count(*) from raw.price_bar where symbol = '^IXIC'")
    assert fits[-1] == (date(2026, 5, 29), sessions[0][0] - 1)
    backfill("2026-05-29T22:31:00Z")
    assert raw(tmp_path, "select fitted_on, returns from raw.regime_model_fit order by all") == fits


def test_what_the_day_brings_after_the_scheduled_hour_is_late_data(backfill: Backfill, tmp_path: Path) -> None:
    """The row of a day sees what is known by its end, and is first published at half past six."""
    backfill(EVENING)
    backfill(NEXT)
    changes = published(tmp_path, "select distinct date, cause, split_part(evidence, ' ', 1) from audit.revision")
    assert changes == [(date(2026, 5, 19), "late data", "raw.macro_observation")]


def test_the_moment_that_a_build_is_named_after_brings_it_back(backfill: Backfill, tmp_path: Path) -> None:
    first = backfill(EVENING).publication
    assert first is not None
    tables = table_hashes(tmp_path)
    moment = windows.parse_instant(first.build_id.split("-")[0])
    backfill(NEXT)
    again = backfill(NEXT, as_of=moment, recorded_by=moment).publication
    assert again is not None
    assert (again.build_id, table_hashes(tmp_path)) == (first.build_id, tables)
