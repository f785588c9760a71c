"""What may go goes, what must stay stays."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from evenings import tiny_home
from tiny_market import published, table_hashes

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.prune import prune, prune_candidates
from flows.pipeline.run import open_run
from flows.settings import Settings
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest
from warehouse.landing import MANIFEST, batches

LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, tiny: Path, tiny_server: str) -> Settings:
    """A home with three builds."""
    folder = tiny_home(tmp_path_factory.mktemp("home"))
    settings = Settings(home_folder=folder, source=tiny_server, catalog_folder=tiny / "catalog")
    for day in ("2026-04-30", "2026-05-15"):
        with open_run(settings, "build") as run:
            execute(run, times=(windows.parse_instant(day), None))
    return settings


@pytest.fixture
def home(ran: Settings, tmp_path: Path):
    return Settings(home_folder=Path(shutil.copytree(ran.home.folder, tmp_path / "home"))).home


def test_loaded_folders_go_when_they_are_old_and_what_they_brought_stays(home) -> None:
    before = published(home.folder, "select count(*) from core.security_price")
    assert all(thing.path.is_relative_to(home.landing) for thing in prune(home, LATER, 90))
    assert list(home.landing.iterdir()) == []
    assert published(home.folder, "select count(*) from core.security_price") == before


def test_young_folders_stay(home) -> None:
    assert prune_candidates(home, datetime(2026, 6, 10, tzinfo=UTC), 90) == []


def test_a_folder_that_was_never_loaded_stays_however_old(home) -> None:
    with home.warehouse() as con:
        con.execute("delete from audit.batch where feed = 'shares'")
    kept = [folder for folder in batches(home.landing) if "-shares-" in folder.name]
    prune(home, LATER, 90)
    assert list(batches(home.landing)) == kept


def test_the_newest_builds_and_the_current_one_stay(home) -> None:
    from warehouse.publication.builds import kept, rollback

    oldest = kept(home)[-1]
    rollback(home, oldest.stem)
    hashes = table_hashes(home.folder)
    prune(home, LATER, 90, builds=1)
    assert len(kept(home)) == 2
    assert oldest in kept(home)
    assert table_hashes(home.folder) == hashes


def test_what_a_killed_process_left_goes(home) -> None:
    for path in (home.landing / ".draft-bars-1", home.builds / ".x.1.draft", home.folder / ".marts.1.draft"):
        path.write_text("half")
    assert {thing.why for thing in prune(home, datetime(2026, 6, 10, tzinfo=UTC), 90)} == \
        {"left by a killed process"}
    assert prune_candidates(home, datetime(2026, 6, 10, tzinfo=UTC), 90) == []


def test_what_was_set_aside_goes_when_it_is_old(tmp_path: Path) -> None:
    home = DataFolder(tmp_path)
    folder = home.set_aside / "20260529T220000Z"
    folder.mkdir(parents=True)
    os.utime(folder, (datetime(2026, 5, 29, tzinfo=UTC).timestamp(),) * 2)
    assert prune_candidates(home, datetime(2026, 6, 10, tzinfo=UTC), 90) == []
    assert [thing.path.name for thing in prune(home, LATER, 90)] == ["20260529T220000Z"]
    assert not any(home.set_aside.iterdir())


def test_a_dry_run_leaves_everything(home) -> None:
    before = sorted(home.folder.rglob("*"))
    assert prune_candidates(home, LATER, 90)
    assert sorted(home.folder.rglob("*")) == before


def test_a_loaded_folder_goes_though_its_manifest_was_damaged(home) -> None:
    folder = next(batches(home.landing))
    (folder / MANIFEST).write_text("{")
    assert folder in [thing.path for thing in prune_candidates(home, LATER, 90)]


@pytest.mark.parametrize("days", [999_999, 99_999_999_999])
def test_more_days_than_there_were_are_refused(home, days: int) -> None:
    with pytest.raises(BadRequest, match=f"landing-days {days}: the number is too large"):
        prune_candidates(home, LATER, days)
