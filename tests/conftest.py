"""Fixtures every test may use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

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
    """Given/expect specifications of models; see tests/support/spec.py."""
    return Spec()


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """The folder RALLYSCOPE_ARCHIVE names; tests that need it are skipped where it is not."""
    folder = os.environ.get("RALLYSCOPE_ARCHIVE")
    if not folder or not Path(folder, "bars.parquet").exists():
        pytest.skip("RALLYSCOPE_ARCHIVE names no market archive")
    return Path(folder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `archive` and `catalog` of the tiny market; see tests/support/tiny_market.py."""
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
