"""The day's page of a told story, written once a module; a test that needs another home has its own fixture."""

from __future__ import annotations

from pathlib import Path

import pytest
import story
from html_page import Page
from spec import Spec

from flows.brief import chart
from flows.brief.facts import Facts, facts
from flows.brief.write import write
from warehouse import catalog
from warehouse.home import Home


@pytest.fixture(scope="module")
def home(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("story")
    story.publish(spec, folder)
    return Home(folder)


@pytest.fixture(scope="module")
def known(home: Home) -> Facts:
    with home.marts() as con:
        return facts(con, None)


@pytest.fixture(scope="module")
def written(home: Home) -> Path:
    return write(home, catalog.load())


@pytest.fixture(scope="module")
def shown(written: Path) -> Page:
    return Page(written.read_text(encoding="utf-8"))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts as blank ones, where what is tested is not how they are drawn."""
    monkeypatch.setattr(chart, "_svg", lambda key, drawn, data: '<svg viewBox="0 0 10 10"></svg>')
