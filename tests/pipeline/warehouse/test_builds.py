"""Kept builds: which is newer, going back to one, and refusing a file that is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.report.diff import diff
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest, BuildDamaged, HomeUnusable, NothingPublished
from warehouse.publication import publish as publishing
from warehouse.publication.builds import find, kept, rollback
from warehouse.publication.publish import Stamp, current_build, publish

# A replay's clock stands still, so that all publications have one moment.
NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)
STAMP = Stamp(NOW, NOW, NOW, "0.1.0+abc", "catalog", simulated=True, run_id="run")


@pytest.fixture
def home(tmp_path: Path) -> DataFolder:
    """Three builds, the last one current."""
    home = DataFolder(tmp_path / "home")
    home.folder.mkdir()
    with home.warehouse() as con:
        for close in (20, 21, 22):
            con.execute(f"create or replace table marts.regime_daily as select date '2026-03-02' as date, {close} as close")
            publish(con, home, STAMP, ["marts.regime_daily"])
    return home


@pytest.fixture
def builds(home: DataFolder) -> list[str]:
    """Their ids, oldest first."""
    with home.marts() as con:
        return [build for build, in con.execute("select build_id from audit.publication order by rowid").fetchall()]


# Newer and older


def test_the_order_is_that_of_the_publications(home: DataFolder, builds: list[str]) -> None:
    assert [file.stem for file in kept(home)] == builds[::-1]
    for _ in range(2):
        rollback(home)
        assert [file.stem for file in kept(home)] == builds[::-1], "whichever is current"


def test_a_home_that_was_copied_knows_its_order(home: DataFolder, builds: list[str], tmp_path: Path) -> None:
    copy = DataFolder(tmp_path / "copy")
    shutil.copytree(home.folder, copy.folder)
    for age, build in enumerate(builds):
        os.utime(copy.builds / f"{build}.duckdb", (1e9 - age, 1e9 - age))
    assert rollback(copy).stem == builds[1]
    assert rollback(copy).stem == builds[0]
    with pytest.raises(BadRequest, match="no older build is kept"):
        rollback(copy)


def test_without_a_published_file_the_builds_themselves_say_it(home: DataFolder, builds: list[str]) -> None:
    home.published.unlink()
    assert rollback(home).stem == builds[2]


def test_a_file_no_publication_speaks_of_comes_last(home: DataFolder, builds: list[str]) -> None:
    (home.builds / "99990101T000000Z-ffffffffffff.duckdb").write_text("no database")
    assert [file.stem for file in kept(home)][:3] == builds[::-1]


def test_of_two_at_the_same_place_the_later_file_is_newer(home: DataFolder, builds: list[str]) -> None:
    """A run that is killed after the swap is not remembered: the next one takes its place."""
    with home.warehouse() as con:
        con.execute("delete from audit.publication where rowid = 2")
        con.execute("create or replace table marts.regime_daily as select date '2026-03-02' as date, 23 as close")
        publish(con, home, STAMP, ["marts.regime_daily"])
    os.utime(home.builds / f"{builds[2]}.duckdb", (1e9, 1e9))
    assert [file.stem for file in kept(home)] == [current_build(home), *builds[::-1]]
    assert rollback(home).stem == builds[2]


# Going back


def foreign(file: Path) -> None:
    file.unlink()
    with duckdb.connect(str(file)) as con:
        con.execute("create table holiday as select 1 as x")


def of_another_name(file: Path) -> None:
    newest = max(file.parent.glob("*.duckdb"), key=lambda f: f.stat().st_mtime_ns)
    file.unlink()
    shutil.copy(newest, file)


def without_a_mart(file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute("drop table regime_daily")


@pytest.mark.parametrize(("damage", "problem"), [
    (lambda file: file.write_bytes(b""), "not a valid DuckDB"),
    (lambda file: file.write_bytes(b"no database" * 5000), "not a valid DuckDB"),
    (lambda file: os.truncate(file, file.stat().st_size - 300_000), "Could not read"),
    (foreign, r"audit\.publication\" does not exist"), (of_another_name, "it holds 20260302T220000Z-"),
    (without_a_mart, r"marts\.regime_daily is missing")])
def test_a_file_that_is_not_that_build_is_refused_and_nothing_changes(
        home: DataFolder, builds: list[str], damage: Callable[[Path], None], problem: str) -> None:
    damage(home.builds / f"{builds[0]}.duckdb")
    with pytest.raises(BadRequest, match=rf"build {builds[0]}: its file is not that build, whole: .*{problem}"):
        rollback(home, builds[0])
    assert current_build(home) == builds[2]


def test_a_folder_without_links_is_rolled_back_too(home: DataFolder, builds: list[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    rollback(home)
    assert current_build(home) == builds[1]


def test_a_disk_without_room_is_said(home: DataFolder, builds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "_sync", full)
    with pytest.raises(HomeUnusable, match="No space left on device"):
        rollback(home)
    assert current_build(home) == builds[2]


# Naming one


def test_current_is_the_published_one(home: DataFolder, builds: list[str]) -> None:
    assert find(home, "current").stem == builds[2]


def test_without_a_publication_nothing_is_current(home: DataFolder) -> None:
    home.published.unlink()
    with pytest.raises(NothingPublished):
        find(home, "current")


def test_a_published_file_that_cannot_be_read_is_not_current(home: DataFolder, builds: list[str]) -> None:
    for build in builds[:2]:
        (home.builds / f"{build}.duckdb").unlink()
    home.published.unlink()
    home.published.write_bytes(b"half")
    with pytest.raises(BuildDamaged, match=r"To rebuild marts\.duckdb: rallyscope build"):
        diff(home, "current", "current")


def test_a_damaged_build_has_no_differences(home: DataFolder, builds: list[str]) -> None:
    file = home.builds / f"{builds[0]}.duckdb"
    os.truncate(file, file.stat().st_size - 300_000)
    with pytest.raises(BuildDamaged, match=rf"{builds[0]}\.duckdb cannot be used"):
        diff(home, builds[0], "current")
