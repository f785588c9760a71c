"""What a run leaves to read in Prefect: the day's page and picture, and tables that say what they are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import Run, open_run
from flows.report import artifacts
from flows.report.render import render
from flows.settings import Settings
from warehouse.data_folder import DataFolder


@pytest.fixture(scope="module")
def settings(tiny: Path, tiny_server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home_folder=tmp_path_factory.mktemp("data with a space"), source=tiny_server,
                    catalog_folder=tiny / "catalog")


@pytest.fixture(scope="module")
def ran(settings: Settings) -> Callable[..., Run]:
    """Carries out a run over the tiny market, of May or without a window."""

    def carry_out(command: str = "backfill") -> Run:
        window = windows.range_window(settings, date(2026, 5, 4), date(2026, 5, 29)) if command == "backfill" else None
        with open_run(settings, command, window) as this:
            execute(this, render=render)
        return this

    return carry_out


@pytest.fixture(scope="module")
def runs(ran: Callable[..., Run]) -> dict[str, Run]:
    """A run, the same again, and a rebuild."""
    return {"first": ran(), "second": ran(), "rebuild": ran("build")}


def test_the_summary_names_the_days_page(runs: dict[str, Run], settings: Settings) -> None:
    page = settings.home.folder / "site" / "2026-05-29.html"
    assert page.exists()
    assert f"The day's page: [{page}](file://{str(page).replace(' ', '%20')})" in artifacts.summary(runs["first"])


def test_the_summary_says_why_a_section_has_no_rows(runs: dict[str, Run]) -> None:
    summary = artifacts.summary(runs["first"])
    assert "## Sector funds by relative strength\n\nNo fund is ranked on this session.\n\n" in summary


def test_a_run_that_changed_nothing_leaves_the_days_picture_too(runs: dict[str, Run]) -> None:
    assert [run.publication and run.publication.changed for run in runs.values()] == [True, False, False]
    pictures = {artifacts.picture(run) for run in runs.values()}
    assert [picture and picture[1] for picture in pictures] == ["2026-05-29"]


def test_a_run_that_made_no_picture_leaves_none(runs: dict[str, Run], tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "marts.duckdb").symlink_to(settings.home.published)
    elsewhere = replace(runs["first"], settings=Settings(home_folder=tmp_path))
    assert artifacts.picture(elsewhere) is None
    assert "The day's page" not in artifacts.summary(elsewhere)


def test_a_rebuild_looks_for_no_hole_and_says_so(runs: dict[str, Run]) -> None:
    about = {name: {key: text for key, (text, _) in artifacts.tables(run).items()} for name, run in runs.items()}
    # The third company has no bar on the fifth of May.
    assert about["first"]["coverage"] == "1 hole: expected and received keys, by session and feed"
    assert about["rebuild"]["coverage"] == "this run requested no session, so its coverage was not checked"
    assert artifacts.tables(runs["rebuild"])["coverage"][1] == []
    assert about["rebuild"]["validation"] == "this run fetched nothing, so nothing was validated"


@pytest.mark.parametrize(("counts", "reported"), [((1, 1), "1 row added, 0 quarantined, 1 cell of history revised; "),
                                              ((2, 0), "2 rows added, 0 quarantined, 0 cells of history revised; ")])
def test_one_is_singular(runs: dict[str, Run], counts: tuple[int, int], reported: str) -> None:
    assert artifacts.did(replace(runs["first"], rows_added=counts[0], cells_revised=counts[1])).startswith(reported)


def test_no_signals_are_known_of_a_published_file_that_is_damaged_or_not_there(tmp_path: Path) -> None:
    home = DataFolder(tmp_path)
    assert artifacts.signals(home) == []
    home.published.write_bytes(b"not a database" * 1000)
    assert artifacts.signals(home) == []
