"""`rallyscope status` tells of the runs that published nothing, too, and stands in nobody's way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from evenings import tiny_home
from tiny_market import published

from flows.pipeline.run import open_run
from flows.report.terminal import show
from flows.settings import Settings
from flows.sources.errors import SourceUnreachable
from warehouse.data_folder import DataFolder


@pytest.fixture(scope="module")
def failed(tiny: Path, tiny_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a publication, and a run after it that failed."""
    folder = tiny_home(tmp_path_factory.mktemp("failed"), command="run")
    settings = Settings(home_folder=folder, source=tiny_server, catalog_folder=tiny / "catalog")
    with pytest.raises(SourceUnreachable), open_run(settings, "backfill"):
        raise SourceUnreachable("http://127.0.0.1:9", "^VIX", "refused")
    return folder


@pytest.fixture
def home(failed: Path, tmp_path: Path) -> DataFolder:
    return DataFolder(shutil.copytree(failed, tmp_path / "data"))


def last_runs(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    show(home, "status", None, as_json=True)
    return [(run["command"], run["status"]) for run in json.loads(capsys.readouterr().out)["runs"]]


def test_a_run_that_failed_is_seen_though_it_published_nothing(home: DataFolder, capsys) -> None:
    assert published(home.folder, "select command, status from audit.run") == [("run", "completed")]
    assert last_runs(home, capsys) == [("backfill", "failed"), ("run", "completed")]


def test_a_run_that_was_killed_is_interrupted(home: DataFolder, capsys) -> None:
    with home.writer_lock(), home.warehouse() as con:
        con.execute("update audit.run set status = 'running' where command = 'backfill'")
    assert last_runs(home, capsys)[0] == ("backfill", "interrupted")


def test_while_another_process_writes_the_publication_answers(home: DataFolder, capsys) -> None:
    with home.writer_lock():
        show(home, "status", None, as_json=True)
    reported = capsys.readouterr()
    assert [run["command"] for run in json.loads(reported.out)["runs"]] == ["run"]
    assert reported.err.startswith("pid ")
    assert reported.err.endswith(" is writing; status shows its run when it has finished\n")


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(b"no database")])
def test_without_a_working_database_the_publication_answers(spoil, home: DataFolder, capsys) -> None:
    spoil(home.working)
    held = home.working.exists()
    assert last_runs(home, capsys) == [("run", "completed")]
    assert home.working.exists() == held
