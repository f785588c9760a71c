"""A batch of any feed, landed as a source said it, for the suites to meet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from expectations.validate import Verdict, validate
from warehouse import catalog, landing
from warehouse.catalog import Catalog

Meet = Callable[..., Verdict]


@pytest.fixture(scope="session")
def packaged() -> Catalog:
    return catalog.load()


@pytest.fixture
def meet(packaged: Catalog, tmp_path: Path) -> Meet:
    """Land the frames of a feed and meet the suites of the packaged catalog."""

    def meet(feed: str, at: datetime = datetime(2026, 3, 10, 22, tzinfo=UTC),
             con: duckdb.DuckDBPyConnection | None = None, **frames: pd.DataFrame) -> Verdict:
        outcomes = pd.DataFrame({"key": ["any"], "status": ["received"]})
        batch = landing.land(tmp_path / "landing", feed, "test", at, "2026-03-10", {**frames, "outcomes": outcomes}, {},
                             simulated=True)
        return validate(batch, packaged, con)

    return meet
