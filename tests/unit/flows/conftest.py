"""The small catalog of `planned`, and a warehouse without an answer in it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from planned import MONDAY, at, small_catalog

from warehouse.catalog import Catalog
from warehouse.catalog.record import record
from warehouse.data_folder import SCHEMA


@pytest.fixture(scope="module")
def small() -> Catalog:
    return small_catalog()


@pytest.fixture
def con(small: Catalog) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        record(con, small, at(MONDAY, "00:00"))
        yield con
