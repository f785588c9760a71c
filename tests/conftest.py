"""Fixtures every test may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from spec import Spec

# The longest first: a worker that begins one of these when the others have nothing left works alone.
LONGEST = ("test_no_look_ahead", "test_run", "test_demo_and_readme", "test_revisions", "test_revisions_base",
           "test_serve_ui", "test_serve", "test_automations", "test_real_archive", "test_split_evenings",
           "test_fault_evenings", "test_gate_run", "test_prefect", "test_planted_bars", "test_late_feed",
           "test_brief_run", "test_wall_clock")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole modules in the order of `LONGEST`, then all others as they lie."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session")
def spec() -> Spec:
    """Given/expect specifications of models; see tests/spec.py."""
    return Spec()


@pytest.fixture(scope="session", autouse=True)
def _one_dictionary_a_project() -> Iterator[None]:
    """The data dictionary is drawn once a process, and the same models' lineage read: it takes longer than a small run."""
    from flows.report import dictionary
    from transforms.engine import lineage

    drawn: dict[str, str] = {}
    page = dictionary.page

    def once(project, stored, key=""):
        if not key or key not in drawn:
            drawn[key] = page(project, stored, key)
        return drawn[key]

    reported: dict[tuple, object] = {}
    tell = lineage.lineage

    def computed_once(models, tables):
        models = list(models)
        key = (tuple((model.name, model.sql) for model in models), tuple((name, *tables[name]) for name in sorted(tables)))
        if key not in reported:
            reported[key] = tell(models, tables)
        return reported[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dictionary, "page", once)
        patch.setattr(lineage, "lineage", computed_once)
        yield


@pytest.fixture(scope="module")
def without_pages() -> Iterator[None]:
    """No page of the day is drawn, which takes longer than a small run, for tests that look at tables alone."""
    from flows.report import render

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "render", lambda run: None)
        yield


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """The folder RALLYSCOPE_ARCHIVE names; tests that need it are skipped where it is not."""
    folder = os.environ.get("RALLYSCOPE_ARCHIVE")
    if not folder or not Path(folder, "bars.parquet").exists():
        pytest.skip("RALLYSCOPE_ARCHIVE names no market archive")
    return Path(folder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `archive` and `catalog` of the tiny market; see tests/tiny_market.py."""
    from tiny_market import write_archive, write_catalog

    folder = tmp_path_factory.mktemp("tiny")
    write_archive(folder / "archive")
    write_catalog(folder / "catalog")
    return folder


@pytest.fixture(scope="session")
def tiny_server(tiny: Path):
    """The base URL of a replay server over the tiny market."""
    from flows.replay.server import running

    with running(tiny / "archive") as base:
        yield base
