"""The page of the invented market, written once. Tests do not change that home; a test that needs changes copies it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import story
from html_page import Page
from spec import Spec

from flows.report.facts import Facts
from flows.report.page import chart
from flows.report.page.write import write
from warehouse import catalog
from warehouse.data_folder import DataFolder


@pytest.fixture(scope="session")
def home(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    folder = tmp_path_factory.mktemp("story")
    story.publish(spec, folder)
    return DataFolder(folder)


@pytest.fixture(scope="session")
def known(home: DataFolder) -> Facts:
    return story.facts_of(home)


@pytest.fixture(scope="session")
def written(home: DataFolder) -> Path:
    return write(home, catalog.load())


@pytest.fixture(scope="session")
def shown(written: Path) -> Page:
    return Page(written.read_text(encoding="utf-8"))


@pytest.fixture
def changed(home: DataFolder, tmp_path: Path) -> Callable[..., DataFolder]:
    """Return a function that copies the publication and runs SQL statements on the copy."""

    def change(*statements: str) -> DataFolder:
        shutil.copy(home.published, tmp_path / "marts.duckdb")
        with duckdb.connect(str(tmp_path / "marts.duckdb")) as con:
            for statement in statements:
                con.execute(statement)
        return DataFolder(tmp_path)

    return change


@pytest.fixture
def copied(home: DataFolder, written: Path, tmp_path: Path) -> DataFolder:
    """A writable copy of the home with its page."""
    (tmp_path / "marts.duckdb").symlink_to(home.published)
    shutil.copytree(written.parent, tmp_path / "site")
    return DataFolder(tmp_path)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace charts by blank ones, for tests that do not check drawing."""
    monkeypatch.setattr(chart, "_svg", lambda key, drawn, data: '<svg viewBox="0 0 10 10"></svg>')
