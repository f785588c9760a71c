"""What history is compared with: the last present that was published, whatever was built, kept or failed in between."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path

import duckdb
import pytest
from evenings import tiny_home
from tiny_market import published

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.faults import Fault
from flows.replay.server import running
from flows.settings import Settings
from transforms.engine.project import models
from warehouse.errors import BadRequest, HomeUnusable, RunIncomplete
from warehouse.publication import publish as publication
from warehouse.publication.revisions.changes import FEEDS, SNAPSHOTS
from warehouse.publication.revisions.ledger import _raw_reads

THEN, NOW, NEXT = "2026-05-20", "2026-05-21", "2026-05-22"


def run(home: Path, market: Path, clock: str, **requested: str) -> None:
    """A backfill on the evening of `clock`, or a build alone of the moments asked for."""
    with running(market / "archive", windows.parse_instant(clock)) as base:
        settings = Settings(home_folder=home, source=base, catalog_folder=market / "catalog")
        window = None if requested else windows.range_window(settings, date(2026, 3, 2), date.fromisoformat(clock))
        with open_run(settings, "build" if requested else "backfill", window) as this:
            as_of, recorded_by = (requested.get(name) for name in ("as_of", "recorded_by"))
            execute(this, times=(as_of and windows.parse_instant(as_of),  # type: ignore[arg-type]
                                          recorded_by and windows.parse_instant(recorded_by)))  # type: ignore[arg-type]


def corrected(tiny: Path, folder: Path, day: str = "2026-05-18") -> Path:
    """The market with another close of BBB."""
    market = shutil.copytree(tiny, folder)
    with duckdb.connect() as con:
        file = market / "archive" / "bars.parquet"
        con.execute(f"create table t as from '{file}'")
        con.execute(f"copy (select * replace (if(symbol = 'BBB' and date = '{day}', close * 1.01, close) as close) from t) "
                    f"to '{file}' (format parquet)")
    return market


def ledger(home: Path) -> dict[str, int]:
    """How many changes each cause has."""
    return dict(published(home, "select cause, count(*) from audit.revision group by 1"))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that ran on the evening of THEN."""
    return tiny_home(tmp_path_factory.mktemp("before"), THEN)


@pytest.fixture
def home(before: Path, tmp_path: Path) -> Path:
    return shutil.copytree(before, tmp_path / "home")


def test_builds_of_past_days_do_not_stand_between_two_presents(home: Path, tiny: Path, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are built, the present is never let go of, and the next run is compared with it."""
    monkeypatch.setattr(publication, "BUILDS_KEPT", 2)
    for day in ("2026-04-09", "2026-04-10", "2026-04-13"):
        run(home, tiny, THEN, as_of=day)
    run(home, corrected(tiny, tmp_path / "market"), NOW)
    assert set(ledger(home)) == {"correction"}


def test_a_build_of_what_was_recorded_is_no_present(home: Path, tiny: Path, tmp_path: Path) -> None:
    """A correction is told once, though a build of what was recorded before it comes in between."""
    market = corrected(tiny, tmp_path / "market")
    run(home, market, NOW)
    reported = ledger(home)
    assert set(reported) == {"correction"}
    run(home, market, NEXT, recorded_by=THEN)
    run(home, market, NEXT)
    assert ledger(home) == reported


def test_a_publication_that_failed_told_nothing(home: Path, tiny: Path, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run has failed, and the next one tells each change once."""
    market = corrected(tiny, tmp_path / "market")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "make_current", full)
        with pytest.raises(HomeUnusable):
            run(home, market, NOW)
    run(home, market, NOW)
    assert published(home, "select count(*) > 0, count(*) = count(distinct (mart, key, column_name)), "
                           "count(distinct run_id) from audit.revision") == [(True, True, 1)]
    assert published(home, "select status from audit.run order by started_at, status") == [
        ("completed",), ("completed",), ("failed",)]


def test_a_limit_of_the_index_that_changed_is_the_catalog(home: Path, tiny: Path, tmp_path: Path) -> None:
    market = shutil.copytree(tiny, tmp_path / "market")
    file = market / "catalog" / "universes" / "NDX.toml"
    file.write_text(file.read_text() + """
[rebalancing]
months = [3, 6, 9, 12]
annual_month = 12
limits = [{ of = "issuer", above = 0.50, to = 0.40 }]
annual_limits = [{ of = "issuer", above = 0.50, to = 0.40 }]
""")
    run(home, market, NOW)
    assert set(ledger(home)) <= {"catalog"}


def test_every_raw_table_that_a_mart_is_made_from_can_be_a_cause() -> None:
    snapshots = {f"raw.catalog_{table}" for tables in SNAPSHOTS.values() for table in tables}
    causes = {feed.table for feed in FEEDS} | snapshots
    assert {raw for _, raw in _raw_reads({m.name: m.reads for m in models()})} <= causes


def test_rows_that_were_gone_come_back_in_the_ledger(tiny: Path, before: Path, tmp_path: Path) -> None:
    """The source takes the bars of a session back, and gives them back the evening after."""
    home = shutil.copytree(before, tmp_path / "home")
    market = shutil.copytree(tiny, tmp_path / "market")
    with duckdb.connect() as con:
        file = market / "archive" / "bars.parquet"
        con.execute(f"create table t as from '{file}'")
        con.execute(f"copy (from t where not (symbol in ('AAA', 'BBB', 'CCC') and date = '2026-05-18')) to '{file}' "
                    "(format parquet)")
    with pytest.raises(RunIncomplete, match="no stock has a bar for 2026-05-18, which the previous publication has"):
        run(home, market, NOW)
    run(home, tiny, NEXT)
    rows = "select mart, key from audit.revision where column_name = '(row)' and {} = 'present' order by all"
    gone, back = (published(home, rows.format(side)) for side in ("old", "new"))
    assert gone == back != []


@pytest.mark.parametrize(("requested", "why"), [
    ({"as_of": "2015-01-02"}, "no session was known and recorded by then"),
    ({"recorded_by": "2026-01-02"}, "no session was known and recorded by then"),
    ({"as_of": "2030-01-02"}, "it lies in the future"),
])
def test_a_moment_at_which_nothing_is_known_publishes_nothing(requested: dict[str, str], why: str, home: Path,
                                                              tiny: Path) -> None:
    current = publication.current_build(steps_home := Settings(home_folder=home).home)
    with pytest.raises(BadRequest, match=why):
        run(home, tiny, THEN, **requested)
    assert publication.current_build(steps_home) == current


def damaged(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100_000])


@pytest.mark.parametrize("spoil", [damaged, lambda file: file.write_bytes(b"no database"),
                                   lambda file: file.write_bytes(b"")])
def test_a_damaged_publication_does_not_stop_the_next_one(spoil, home: Path, tiny: Path, tmp_path: Path) -> None:
    """Its kept build too: both are gone, and history is told against the one before."""
    current = publication.current_build(Settings(home_folder=home).home)
    run(home, corrected(tiny, tmp_path / "market"), NOW)
    reported = ledger(home)
    spoil(home / "builds" / f"{publication.current_build(Settings(home_folder=home).home)}.duckdb")
    spoil(home / "marts.duckdb")
    run(home, corrected(tiny, tmp_path / "market2"), NEXT)
    assert ledger(home) == {cause: 2 * count for cause, count in reported.items()}
    assert published(home, "select distinct previous_build_id from audit.revision") == [(current,)]


def test_the_published_file_stands_in_for_its_kept_build(home: Path, tiny: Path, tmp_path: Path) -> None:
    shutil.rmtree(home / "builds")
    run(home, corrected(tiny, tmp_path / "market"), NOW)
    assert ledger(home).keys() == {"correction"}


def test_what_a_second_run_under_a_standing_clock_brings_is_late(tiny: Path, tmp_path: Path) -> None:
    """The bars of one company failed in the first run, which the replayed clock gives the same moment as the second."""
    fault = Fault("/v8/finance/chart/BBB*", "status", status=404, times=None)
    for faults in ((fault,), ()):
        with running(tiny / "archive", windows.parse_instant(THEN), faults) as base:
            settings = Settings(home_folder=tmp_path, source=base, catalog_folder=tiny / "catalog")
            window = windows.range_window(settings, date(2026, 3, 2), date.fromisoformat(THEN))
            with suppress(RunIncomplete), open_run(settings, "backfill", window) as this:
                execute(this)
    assert ledger(tmp_path).keys() == {"late data"}


def test_a_simulated_market_stays_marked_and_takes_no_other_source(home: Path, tiny: Path, tmp_path: Path) -> None:
    """A run at another kind of source, whose clock is another one too, is refused; a build asks no source."""
    market = shutil.copytree(tiny, tmp_path / "market")
    (market / "archive" / "simulated.json").write_text('{"simulated": true, "first_session": "2026-03-02", '
                                                       '"last_session": "2026-05-29", "seed": 1}')
    fresh = tmp_path / "fresh"
    run(fresh, market, THEN)
    with pytest.raises(BadRequest, match="it holds a simulated market, but the source is a real one"):
        run(fresh, tiny, NOW)
    run(fresh, tiny, NOW, as_of=THEN)
    assert published(fresh, "select is_simulated from audit.publication where is_current") == [(True,)]
    with pytest.raises(BadRequest, match="it holds a real market, but the source is a simulated one"):
        run(home, market, NOW)
