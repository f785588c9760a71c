"""The check of the raw tables finds what it is there to find."""

from __future__ import annotations

import pytest

from warehouse.check import duplicates
from warehouse.load.batch import TABLES

KEYS = {"date": "2026-03-02", "published_on": "2026-03-03", "period_end": "2025-12-31"}


@pytest.mark.parametrize("table", [t for tables in TABLES.values() for t in tables], ids=lambda t: t.name)
def test_one_key_twice_at_one_moment_is_found_and_nothing_else(desk, table):
    row = dict.fromkeys(table.keys, "AAA") | {k: v for k, v in KEYS.items() if k in table.keys}
    row |= {"is_withdrawn": "false", "known_at": "2026-03-02 21:15", "fetched_at": "2026-03-02 22:00",
            "source": "test", "pit_quality": "rule", "run_id": "test"}

    def insert(**changed: str) -> None:
        values = row | changed
        desk.con.execute(f"insert into {table.name} ({', '.join(values)}) values ({', '.join('?' * len(values))})",
                         list(values.values()))

    insert()
    insert(known_at="2026-03-03 12:00")
    insert(fetched_at="2026-03-03 12:00")
    assert duplicates(desk.con) == {}
    insert()
    insert()
    assert duplicates(desk.con) == {table.name: 1}
