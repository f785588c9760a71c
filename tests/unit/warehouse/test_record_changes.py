"""An empty part of the catalog is a row of NULLs, and no change by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import duckdb

from warehouse import catalog
from warehouse.catalog.record import record
from warehouse.data_folder import SCHEMA
from warehouse.publication.publish import Stamp
from warehouse.publication.revisions.changes import write_changes

MONDAY, TUESDAY = (datetime(2026, 3, day, 22, tzinfo=UTC) for day in (2, 3))


def test_an_empty_part_that_is_recorded_for_the_first_time_is_no_change():
    """A change without words would explain any cell."""
    bare = replace(catalog.load(), baskets=MappingProxyType({}), series=MappingProxyType({}))
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        record(con, bare, MONDAY)
        con.execute("delete from raw.catalog_series; delete from raw.catalog_basket_member")
        record(con, bare, TUESDAY)
        assert con.execute("select fetched_at from raw.catalog_series").fetchall() == [(TUESDAY.replace(tzinfo=None),)]
        now = Stamp(TUESDAY, TUESDAY, TUESDAY, "", "", True, "run")
        write_changes(con, (MONDAY.replace(tzinfo=None),) * 2, now, "before")
        assert con.execute("from change").fetchall() == []
