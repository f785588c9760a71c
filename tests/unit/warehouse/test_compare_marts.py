"""The comparison of two builds finds a cell that differs by more than rounding, under old names and new ones."""

from __future__ import annotations

import duckdb
import pytest
from compare_marts import Names, differing

GRAINS = {"core.new": ("date",)}
NAMES = Names(tables={"core.old": "core.new"}, columns={"core.old.fired": "is_fired"})
COLUMNS = "(date date, fired boolean, value double, text varchar, known_at timestamp)"


@pytest.mark.parametrize(("row", "found"), [
    ("'2026-01-05', true, 3e6 + 1e-7, 'a', null", []),
    ("'2026-01-05', true, 3e6 + 1e-4, 'a', null", ["core.old [2026-01-05].value: 3000000.0 before, 3000000.0001 after"]),
    ("'2026-01-05', true, null, 'a', null", ["core.old [2026-01-05].value: 3000000.0 before, None after"]),
    ("'2026-01-05', false, 3e6, 'a', null", ["core.old [2026-01-05].fired: true before, false after"]),
    ("'2026-01-05', true, 3e6, 'b', null", ["core.old [2026-01-05].text: a before, b after"]),
    ("'2026-01-05', true, 3e6, 'a', '2026-01-06'",
     ["core.old [2026-01-05].known_at: None before, 2026-01-06 00:00:00 after"]),
    ("'2026-01-06', true, 3e6, 'a', null", ["core.old [2026-01-05]: only before", "core.old [2026-01-06]: only after"]),
])
def test_cells_that_differ_are_listed_with_both_values(row: str, found: list[str]) -> None:
    with duckdb.connect() as con:
        for catalog, table, columns in (("before", "old", COLUMNS), ("after", "new", COLUMNS.replace("fired", "is_fired"))):
            con.execute(f"attach ':memory:' as {catalog}; create schema {catalog}.core; "
                        f"create table {catalog}.core.{table} {columns}")
        con.execute(f"insert into before.core.old values ('2026-01-05', true, 3e6, 'a', null); "
                    f"insert into after.core.new values ({row})")
        assert list(differing(con, NAMES, GRAINS)) == found
