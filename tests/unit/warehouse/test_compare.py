"""Two builds side by side: which cells changed, which rows came into the past or are gone from it."""

from __future__ import annotations

import duckdb
import pytest

from warehouse.publication.compare import Difference, came_and_gone_rows, changed_cells, differences

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


def test_a_key_that_gained_a_column_has_no_cell_in_common(con):
    """Or a mart whose grain grows could never be published: the newest publication has no such column."""
    con.execute("create table before as select date '2026-05-19' as date, 1 as weight")
    con.execute("create table after as select date '2026-05-19' as date, 'A' as issuer, 2 as weight")
    assert con.execute(changed_cells(con, "before", "after", ["date", "issuer"])).fetchall() == []


# Two builds

GRAINS = {"marts.weight_daily": ["date", "issuer"], "core.issuer": ["issuer"]}


@pytest.fixture
def builds(con):
    """Makes table {build}.{schema}.{table} of two builds that begin empty."""
    for build in ("first", "second"):
        con.execute(f"attach ':memory:' as {build}; create schema {build}.core; create schema {build}.audit")
    return lambda table, select: con.execute(f"create or replace table {table} as {select}")


WEIGHTS = "select date '2026-05-19' as date, unnest(['A', 'B']) as issuer, 0.5 as weight"


def test_two_builds_that_hold_the_same_have_no_differences(con, builds):
    for build in ("first", "second"):
        builds(f"{build}.main.weight_daily", WEIGHTS)
        builds(f"{build}.audit.run", f"select '{build}' as run_id")
    assert differences(con, "first", "second", GRAINS) == []


def test_a_table_that_only_one_build_has_differs_by_all_its_rows(con, builds):
    builds("first.main.weight_daily", WEIGHTS)
    builds("second.core.issuer", "select 'A' as issuer")
    builds("second.main.since_removed", "select 1 as x")
    assert differences(con, "first", "second", GRAINS) == [
        Difference("core.issuer", 0, 1, 0, 0, ()),
        Difference("marts.since_removed", 0, 1, 0, 0, ()),
        Difference("marts.weight_daily", 2, 0, 0, 0, ())]


def test_a_column_that_only_one_build_has_is_null_in_the_other(con, builds):
    builds("first.main.weight_daily", f"select *, if(issuer = 'A', 1, null) as rank, null::date as gone from ({WEIGHTS})")
    builds("second.main.weight_daily", WEIGHTS)
    assert differences(con, "first", "second", GRAINS) == [
        Difference("marts.weight_daily", 0, 0, 1, 1, ("gone", "rank"))]
    assert differences(con, "second", "first", GRAINS) == [
        Difference("marts.weight_daily", 0, 0, 1, 1, ("gone", "rank"))]


def test_of_another_key_no_row_is_in_both(con, builds):
    builds("first.main.weight_daily", "select date '2026-05-19' as date, 1.0 as weight")
    builds("second.main.weight_daily", WEIGHTS)
    assert differences(con, "first", "second", GRAINS) == [Difference("marts.weight_daily", 1, 2, 0, 0, ("issuer",))]
