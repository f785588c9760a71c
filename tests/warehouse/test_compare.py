"""Two builds side by side: which cells changed, which rows came into the past or are gone from it."""

from __future__ import annotations

import duckdb
import pytest

from warehouse.compare import came_and_gone_rows, changed_cells

THEN = "timestamp '2026-05-20 23:59:59'"


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def table(con: duckdb.DuckDBPyConnection, name: str, rows: str) -> None:
    con.execute(f"""create or replace table {name} as
                    select date::date as date, issuer, weight::double as weight, known_at::timestamp as known_at
                    from (values {rows}) given(date, issuer, weight, known_at)""")


def rows(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    """(day of May, issuer, old, new) of every row that came or is gone."""
    found = came_and_gone_rows(con, "before", "after", ["date", "issuer"], THEN)
    return con.execute(f"select day(date), key::json ->> '$.issuer', old, new from ({found}) order by all").fetchall()


def test_a_cell_that_differs_a_null_that_got_a_value_and_nothing_else(con):
    table(con, "before", "('2026-05-19', 'A', 0.5, '2026-05-19'), ('2026-05-19', 'B', null, '2026-05-19')")
    table(con, "after", "('2026-05-19', 'A', 0.4, '2026-05-20'), ('2026-05-19', 'B', 0.1, '2026-05-19')")
    cells = changed_cells(con, "before", "after", ["date", "issuer"], ["known_at"])
    assert con.execute(f"select key::json ->> '$.issuer', column_name, old, new from ({cells}) order by 1").fetchall() == [
        ("A", "weight", "0.5", "0.4"), ("B", "weight", None, "0.1")]


def test_a_row_of_the_past_that_is_gone_and_one_that_came(con):
    table(con, "before", "('2026-05-19', 'A', 0.5, '2026-05-19'), ('2026-05-19', 'B', 0.5, '2026-05-19')")
    table(con, "after", "('2026-05-19', 'A', 0.5, '2026-05-19'), ('2026-05-19', 'C', 0.5, '2026-05-19')")
    assert rows(con) == [(19, "B", "present", None), (19, "C", None, "present")]


def test_a_new_session_is_no_past(con):
    table(con, "before", "('2026-05-20', 'A', 0.5, '2026-05-20')")
    table(con, "after", "('2026-05-20', 'A', 0.5, '2026-05-20'), ('2026-05-21', 'A', 0.5, '2026-05-21')")
    assert rows(con) == []


def test_an_earlier_session_that_was_never_built_is_no_change_of_history(con):
    """A backfill that reaches further back adds sessions, and says nothing differently."""
    table(con, "before", "('2026-05-20', 'A', 0.5, '2026-05-20')")
    table(con, "after", "('2026-05-19', 'A', 0.5, '2026-05-19'), ('2026-05-20', 'A', 0.5, '2026-05-20')")
    assert rows(con) == []


def test_a_row_that_comes_back_is_in_the_past_though_it_is_known_only_now(con):
    """A bar that was taken back and said again is known from the second time on; its session is no new one."""
    table(con, "before", "('2026-05-18', 'A', 0.5, '2026-05-18'), ('2026-05-20', 'A', 0.5, '2026-05-20')")
    table(con, "after", "('2026-05-18', 'A', 0.5, '2026-05-18'), ('2026-05-19', 'A', 0.5, '2026-05-21'), "
                        "('2026-05-20', 'A', 0.5, '2026-05-20')")
    assert rows(con) == [(19, "A", None, "present")]


def test_a_row_without_a_session_is_of_the_past_when_it_could_be_known_then(con):
    table(con, "before", "('2026-05-18', 'A', 0.5, '2026-05-18')")
    table(con, "after", "('2026-05-18', 'A', 0.5, '2026-05-18'), ('2026-05-20', 'B', 0.5, '2026-05-20'), "
                        "('2026-05-21', 'C', 0.5, '2026-05-21 12:00')")
    found = came_and_gone_rows(con, "before", "after", ["issuer"], THEN)
    assert con.execute(f"select key::json ->> '$.issuer', old, new from ({found})").fetchall() == [("B", None, "present")]


def test_a_table_of_another_key_is_another_table(con):
    con.execute("create table before as select date '2026-05-19' as date, 1 as weight")
    table(con, "after", "('2026-05-19', 'A', 0.5, '2026-05-19')")
    assert rows(con) == []
