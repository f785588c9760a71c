"""Runs that meet the publication gate: what is missing is named, what is wrong is withheld, and a person can accept it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest
from evenings import tiny_home
from tiny_market import published, table_hashes

from flows.cli.app import app
from flows.cli.doctor.data import freshness
from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.gate import acceptance
from flows.pipeline.run import Run, open_run
from flows.replay.server import running
from flows.report.terminal import show
from flows.settings import Settings
from warehouse.errors import BadRequest, PublicationWithheld, RunIncomplete
from warehouse.publication import gate
from warehouse.publication.gate import Check

FIRST, CLOSURE, AFTER, LAST = date(2026, 3, 2), date(2026, 5, 13), date(2026, 5, 14), date(2026, 5, 29)
WRONG = Check("planted", "fails", "withhold",
              "select 'NDX' as place, 500 as observed, 40 as bound, 'NDX misses the published index by 500 bp' as sentence")


@pytest.fixture
def without(tiny: Path, tmp_path: Path) -> Callable[[str], Path]:
    """The tiny archive without the bars for which an SQL condition holds."""

    def write(condition: str) -> Path:
        folder = tmp_path / "archive"
        shutil.copytree(tiny / "archive", folder)
        duckdb.execute(f"copy (from '{tiny}/archive/bars.parquet' where not ({condition})) to '{folder}/bars.parquet'")
        return folder

    return write


@contextmanager
def at(archive: Path, tiny: Path, home: Path, day: date) -> Iterator[Settings]:
    """The settings of a home whose source stands at the end of a day."""
    with running(archive, windows.parse_instant(str(day))) as base:
        yield Settings(home_folder=home, source=base, catalog_folder=tiny / "catalog")


def run_to(given: Settings, last: date, reported: list[str] | None = None, accept: str | None = None,
           command: str = "backfill") -> Run:
    window = windows.range_window(given, FIRST, last) if command == "backfill" else None
    with open_run(given, command, window, (reported if reported is not None else []).append) as run:
        run.acceptance = acceptance(accept)
        execute(run)
    return run


def test_a_closure_that_the_calendar_does_not_know(without, tiny: Path, tmp_path: Path, capsys) -> None:
    """No bar of anything on 2026-05-13: that evening's run names it and is incomplete; the day after, no month is blank."""
    archive, home = without(f"date = '{CLOSURE}'"), tmp_path / "home"
    with at(archive, tiny, home, CLOSURE) as given:
        with pytest.raises(RunIncomplete, match="no stock has a bar for 2026-05-13, the newest session of the calendar"):
            run_to(given, CLOSURE)
        assert published(home, "select max(date)::varchar from marts.regime_daily") == [("2026-05-12",)]
        is_well, line = freshness(given.home, given.clock())
        assert not is_well
        assert "the source had no data for 2026-05-13 yet. To request it again: rallyscope run" in line
    with at(archive, tiny, home, AFTER) as given, pytest.raises(RunIncomplete, match="no stock has a bar for 2026-05-13"):
        run_to(given, AFTER)
    with at(archive, tiny, home, LAST) as given:
        reported: list[str] = []
        run_to(given, LAST, reported)
        assert any(line.startswith("no stock has a bar for 2026-05-13: ") for line in reported)
    assert published(home, "select status, message like '%2026-05-13%' from audit.run order by started_at, rowid") == [
        ("incomplete", True), ("incomplete", True), ("completed", True)]
    vol, peak, covered = published(home, """
        select count(realized_vol_21d), count(vix_from_peak_21d_points), count(*) from marts.regime_daily
        where date between '2026-05-14' and '2026-05-29'""")[0]
    assert vol == peak == covered == 11
    show(given.home, "status", None, as_json=True)
    assert json.loads(capsys.readouterr().out)["holes"] == [{"date": "2026-05-13", "expected": 11}]


def test_the_largest_member_without_a_bar(without, tiny: Path, tmp_path: Path) -> None:
    """BBB is a third of the market: the newest session has no index, and the run says why."""
    archive, home = without(f"date = '{LAST}' and symbol = 'BBB'"), tmp_path / "home"
    with at(archive, tiny, home, LAST) as given, pytest.raises(RunIncomplete) as failed:
        run_to(given, LAST)
    assert "1 of 11 bars due for 2026-05-29 are missing: BBB" in str(failed.value)
    assert "NDX (full_cap) has no figures for 2026-05-29" in str(failed.value)
    (coverage, index_return), = published(home, """
        select coverage_share, index_return from marts.concentration_daily
        where date = '2026-05-29' and weight_scheme = 'full_cap'""")
    assert 0.6 < coverage < 0.7
    assert index_return is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a good publication."""
    return tiny_home(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def given(whole: Path, tiny: Path, tiny_server: str, tmp_path: Path) -> Settings:
    return Settings(home_folder=shutil.copytree(whole, tmp_path / "home"), source=tiny_server,
                    catalog_folder=tiny / "catalog")


def test_what_a_check_withholds_is_not_published_until_a_person_accepts_it(given: Settings, tiny: Path,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    home = given.home.folder
    before = published(home, "select build_id from audit.publication where is_current")
    monkeypatch.setattr(gate, "checks", lambda: (WRONG,))
    with pytest.raises(PublicationWithheld, match="planted: NDX misses the published index by 500 bp") as withheld:
        run_to(given, LAST, command="build")
    assert f"publication {before[0][0]} stays current" in str(withheld.value)
    assert "rallyscope build --accept REASON" in str(withheld.value)
    assert published(home, "select build_id from audit.publication where is_current") == before
    monkeypatch.setenv("RALLYSCOPE_SOURCE", str(given.source))
    options = ["--home", str(home), "--catalog", str(tiny / "catalog")]
    app(["build", "--accept", "a spin-off, see the prospectus", *options], standalone_mode=False)
    assert published(home, """
        select check_name, observed, accepted_reason, accepted_by is not null from audit.publication_check
        where accepted_reason is not null""") == [("planted", 500.0, "a spin-off, see the prospectus", True)]
    run_to(given, LAST, command="build")  # and what was accepted is not asked again


def test_an_acceptance_has_a_reason() -> None:
    with pytest.raises(BadRequest, match="the reason is empty"):
        acceptance("  ")


def test_a_present_that_ends_before_the_last_one_does_not_replace_it(given: Settings) -> None:
    """Whatever removed the newest session, the last good publication stays current; a past instant can still be built."""
    before = table_hashes(given.home.folder)
    with given.home.writer_lock(), given.home.warehouse() as con:
        con.execute(f"update raw.price_bar set is_withdrawn = true, close = null where date = '{LAST}'")
    with pytest.raises(PublicationWithheld, match=r"marts\.regime_daily ends on 2026-05-28"):
        run_to(given, LAST, command="build")
    assert table_hashes(given.home.folder) == before
    with open_run(given, "build") as run:
        execute(run, times=(windows.parse_instant("2026-05-20"), None))
    assert published(given.home.folder, "select max(date)::varchar from marts.regime_daily") == [("2026-05-20",)]
