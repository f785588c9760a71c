"""A source whose clock goes back stops the run: an earlier present is never published over a later one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from charts import chart
from tiny_market import published, table_hashes

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.server import running
from flows.settings import Settings
from flows.sources import yahoo
from flows.sources.clock import parse_instant, refuse_earlier
from flows.sources.errors import ClockWentBack

FRIDAY = datetime(2026, 5, 22, 22, tzinfo=UTC)


@pytest.mark.parametrize("says", [FRIDAY, FRIDAY + timedelta(days=3), FRIDAY - timedelta(minutes=59)])
def test_a_later_clock_or_one_that_is_a_little_slow_is_fine(says):
    refuse_earlier("yahoo", says, FRIDAY)
    refuse_earlier("yahoo", says, None)


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=2)])
def test_a_clock_that_goes_back_is_refused_in_a_sentence(back):
    with pytest.raises(ClockWentBack, match=r"of yahoo went back: it reads 2026-05-2\dT.*fetched at 2026-05-22T22:00"):
        refuse_earlier("yahoo", FRIDAY - back, FRIDAY)


@pytest.mark.parametrize(("header", "age", "moment"), [
    ("Fri, 22 May 2026 22:00:00 GMT", None, FRIDAY), ("Fri, 22 May 2026 21:00:00 GMT", "3600", FRIDAY),
    ("yesterday", None, None), (None, "5", None), ("", None, None)])
def test_the_present_of_an_answer_is_its_date_and_its_time_in_a_cache(header, age, moment):
    assert parse_instant(header, age) == moment


@pytest.mark.parametrize(("reported", "stops"), [
    ("Wed, 20 May 2026 22:00:00 GMT", True), ("Fri, 22 May 2026 21:58:00 GMT", False)])
def test_an_answer_dated_before_what_is_held_stops_the_run(scripted, endpoint, ask, reported, stops):
    from dataclasses import replace

    server = scripted(lambda path, query: chart(["2026-01-05"], [1.0]))
    server.server.RequestHandlerClass.date_time_string = lambda self, timestamp=None: reported
    held = replace(endpoint(server.base_url), newest_fetch=FRIDAY)
    if stops:
        with pytest.raises(ClockWentBack):
            yahoo.prices([ask("AAA")], held)
    else:
        assert json.loads(yahoo.prices([ask("AAA")], held).outcomes["status"].to_json()) == {"0": "received"}


def test_a_replay_two_days_back_loads_and_publishes_nothing(tiny: Path, tmp_path: Path) -> None:
    def carry_out(clock: str, command: str, moment: str | None = None) -> None:
        with running(tiny / "archive", windows.parse_instant(clock)) as base:
            given = Settings(home_folder=tmp_path, source=base, catalog_folder=tiny / "catalog")
            window = windows.range_window(given, date(2026, 5, 18), date(2026, 5, 29)) if command == "backfill" else None
            with open_run(given, command, window) as run:
                execute(run, times=(moment and windows.parse_instant(moment), None))  # type: ignore[arg-type]

    carry_out("2026-05-22", "backfill")
    before = table_hashes(tmp_path), len(list((tmp_path / "landing").iterdir()))
    with pytest.raises(ClockWentBack):
        carry_out("2026-05-20", "backfill")
    carry_out("2026-05-20", "build")  # which asks no source, and so no clock
    assert (table_hashes(tmp_path), len(list((tmp_path / "landing").iterdir()))) == before
    carry_out("2026-05-22", "build", "2026-05-20")
    assert published(tmp_path, "select max(date)::varchar from marts.regime_daily") == [("2026-05-20",)]
