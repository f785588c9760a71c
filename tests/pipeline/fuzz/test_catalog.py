"""A catalog spoilt in one to three places is refused with its place, or can be recorded and planned with."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb
import pytest
from fuzzing import VALUES, fuzzed, spoilt, tried
from hypothesis import given
from hypothesis import strategies as st
from tiny_market import ROOT, write_catalog

from flows.pipeline.plan import Window, requests
from warehouse import catalog
from warehouse.catalog.record import record
from warehouse.errors import CatalogError

NOW = datetime(2026, 5, 30, 4, tzinfo=UTC)
FILES = ("baskets", "feeds", "funds", "indices", "macro", "sources", "stocks", "universes/NDX")
WRITTEN = st.one_of(VALUES, st.sampled_from([
    date.min, date.max, date(1899, 12, 31), date(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC), time(9, 30), 99_999_999,
    10**20, 1e300, "AAA", "^VIX", {"after_close_minutes": 10**20}, {"lag_business_days": 10**9}, {"lag_days": 10**6}]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalog(tmp_path_factory.mktemp("spoilt"))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute((ROOT / "warehouse" / "schema.sql").read_text())
    return con


@fuzzed
@given(st.sampled_from(FILES), st.data())
def test_a_spoilt_entry(folder, con, file, data) -> None:
    reported = data.draw(spoilt(tomllib.loads((folder / f"{file}.toml").read_text()), WRITTEN))
    parse = catalog._toml
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "_toml", lambda file, path: (
            reported if isinstance(reported, dict) and path == folder / f"{file}.toml" else parse(file, path)))
        loaded, refusal = tried(lambda: catalog.load(folder), CatalogError)
    if loaded:
        record(con, loaded, NOW)
        requests(con, loaded, Window(date(2026, 5, 29), date(2026, 5, 29)), NOW, replay=True)
    else:
        assert refusal.file in {f"{name}.toml" for name in FILES}


@fuzzed
@given(st.binary(max_size=80), st.sampled_from(FILES))
def test_bytes_that_are_no_catalog(tmp_path_factory, body, file) -> None:
    folder = tmp_path_factory.getbasetemp() / "bytes"
    (folder / "universes").mkdir(parents=True, exist_ok=True)
    (folder / f"{file}.toml").write_bytes(body)
    loaded, refusal = tried(lambda: catalog.load(folder), CatalogError)
    (folder / f"{file}.toml").unlink()
    assert loaded or refusal.file.endswith(f"{file}.toml")
