"""The build: all tables made again or none, every assertion checked, and the rows that fail one kept to be seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from transforms.engine.build import FAILED_ROWS_KEPT, AsOf, build
from transforms.engine.project import models
from warehouse.data_folder import SCHEMA
from warehouse.errors import AssertionFailed, ModelError

NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)
HEADER = """
doc = "Closes, one row per session."
grain = ["date"]

[columns]
date = "Session."
close = "In points."

[assertions]
"a close is positive" = "close > 0"
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        yield con


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """Write a model: its name, its SELECT, and its header when that is the point."""

    def write(name: str, sql: str, header: str = HEADER) -> None:
        file = tmp_path / "models" / f"{name.replace('.', '/')}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"/*{header}*/\n{sql}\n")

    return write


@pytest.fixture
def run(con, tmp_path) -> Callable[..., None]:
    """Build the models written so far."""

    def run(as_of: datetime = NOW, recorded_by: datetime = NOW, **more) -> None:
        build(con, models(tmp_path / "models"), AsOf(as_of, recorded_by), tmp_path / "failed-rows", **more)

    return run


VALUES = "select * from (values (date '2026-03-03', 22.0), (date '2026-03-02', 21.0)) t(date, close)"


def rows(con, table: str) -> list[tuple]:
    return con.execute(f"from {table}").fetchall()


# A good build


def test_tables_are_made_in_order_sorted_by_their_grain(con, write, run):
    write("core.a", VALUES)
    write("marts.b", "select date, close * 2 as close from core.a")
    seen: list[str] = []
    run(progress=seen.append)
    assert seen == ["core.a", "marts.b"]
    assert [close for _, close in rows(con, "core.a")] == [21, 22]
    assert [close for _, close in rows(con, "marts.b")] == [42, 44]


def test_header_texts_become_comments_quotes_and_all(con, write, run):
    write("marts.a", VALUES, HEADER.replace("In points.", "The close, it's \\\"in points\\\"."))
    run()
    assert con.execute("select comment from duckdb_tables() where table_name = 'a'").fetchall() == [
        ("Closes, one row per session.",)]
    assert con.execute("select comment from duckdb_columns() where table_name = 'a' order by column_index").fetchall() == [
        ("Session.",), ('The close, it\'s "in points".',)]


def test_the_moment_is_read_by_the_sql_as_utc(con, write, run):
    header = HEADER.replace("close = ", "seen_by = ").split("[assertions]")[0] + 'recorded_by = "Until when."\n'
    write("staging.a", "select date '2026-03-02' as date, getvariable('as_of') as seen_by, "
                       "getvariable('recorded_by') as recorded_by", header)
    run(as_of=NOW, recorded_by=datetime(2026, 3, 3, 22, tzinfo=UTC))
    (_, seen_by, recorded_by), = rows(con, "staging.a")
    assert (f"{seen_by}", f"{recorded_by}") == ("2026-03-02 22:00:00", "2026-03-03 22:00:00")


def test_a_later_build_replaces_the_tables_whole(con, write, run):
    write("marts.a", VALUES)
    run()
    write("marts.a", "select date '2026-03-04' as date, 'no number' as close", HEADER.split("[assertions]")[0])
    run()
    assert [close for _, close in rows(con, "marts.a")] == ["no number"]


def test_an_exact_sum_has_equal_bytes_whatever_the_threads(con, write, run):
    con.execute("create table raw.noise as "
                "select date '2020-01-01' + (k % 99)::integer as date, sin(k) as x from range(300000) r(k)")
    write("staging.a", "select date, sum(exact(x))::double + 1e6 as close from raw.noise group by date")
    seen = set()
    for threads in (1, 2, 4):
        con.execute(f"set threads = {threads}")
        run()
        seen.add(tuple(rows(con, "staging.a")))
    assert len(seen) == 1


def test_a_comment_at_the_end_of_a_model_is_no_harm(con, write, run):
    write("marts.a", f"{VALUES} -- the two closes")
    run()
    assert len(rows(con, "marts.a")) == 2


# A build that fails leaves everything as it was


@pytest.fixture
def good(con, write, run) -> None:
    """A good build to fall back on: core.a and marts.b."""
    write("core.a", VALUES)
    write("marts.b", "select date, close * 2 as close from core.a")
    run()


def as_it_was(con) -> bool:
    return [close for _, close in rows(con, "core.a")] == [21, 22] and \
        [close for _, close in rows(con, "marts.b")] == [42, 44]


def test_a_failed_assertion_rolls_back_and_shows_its_rows(con, write, run, tmp_path, good):
    write("core.a", VALUES.replace("22.0", "30.0"))
    write("marts.b", "select date, close - 25 as close from core.a")
    with pytest.raises(AssertionFailed) as raised:
        run()
    assert (raised.value.model, raised.value.assertion, raised.value.rows) == ("marts.b", "a close is positive", 1)
    assert str(raised.value).endswith("To see the rows: rallyscope failed-rows marts.b")
    assert as_it_was(con)
    assert json.loads((tmp_path / "failed-rows" / "marts.b.json").read_text()) == {
        "model": "marts.b", "assertion": "a close is positive"}
    kept = con.execute(f"select date::varchar, close from '{tmp_path}/failed-rows/marts.b.parquet'").fetchall()
    assert kept == [("2026-03-02", -4)]


def test_an_assertion_about_null_is_kept(con, write, run):
    write("marts.a", "select date '2026-03-02' as date, null::double as close")
    run()
    assert rows(con, "marts.a")[0][1] is None


@pytest.mark.parametrize(("values", "count"), [
    ("(date '2026-03-02', 1), (date '2026-03-02', 2), (date '2026-03-03', 3)", 2),
    ("(date '2026-03-02', 1), (null, 2)", 1),
])
def test_a_grain_that_is_no_key_is_a_failed_assertion(con, write, run, good, values, count):
    write("core.a", f"select * from (values {values}) t(date, close)")
    with pytest.raises(AssertionFailed) as raised:
        run()
    assert (raised.value.assertion, raised.value.rows) == ("one row per date", count)
    assert as_it_was(con)


def test_a_grain_of_two_columns_is_unique_as_a_pair(con, write, run):
    two = HEADER.replace('grain = ["date"]', 'grain = ["date", "close"]')
    write("core.a", "select * from (values (date '2026-03-02', 1), (date '2026-03-02', 2)) t(date, close)", two)
    run()
    write("core.a", "select * from (values (date '2026-03-02', 1), (date '2026-03-02', 1)) t(date, close)", two)
    with pytest.raises(AssertionFailed, match="one row per date, close"):
        run()


def test_of_very_many_broken_rows_some_are_kept_and_all_are_counted(con, write, run, tmp_path):
    write("core.a", "select date '2000-01-01' + k::integer as date, -1 as close from range(20000) r(k)")
    with pytest.raises(AssertionFailed) as raised:
        run()
    assert raised.value.rows == 20_000
    kept = con.execute(f"select count(*) from '{tmp_path}/failed-rows/core.a.parquet'").fetchone()
    assert kept == (FAILED_ROWS_KEPT,)


@pytest.mark.parametrize(("sql", "says"), [
    ("select date '2026-03-02' as date", "documents other columns than it has (undocumented: []; "
                                         "documented only: ['close']; or in another order)"),
    ("select date '2026-03-02' as date, 1 as close, 2 as volume", "documents other columns than it has (undocumented: "
                                                                 "['volume']; documented only: []; or in another order)"),
    ("select 1 as close, date '2026-03-02' as date", "documents other columns than it has (undocumented: []; "
                                                     "documented only: []; or in another order)"),
    ("select date, open as close from core.a", 'did not run: Binder Error: Referenced column "open" not found'),
    ("select 'x'::date as date, 1 as close", "did not run: Conversion Error"),
])
def test_sql_and_header_that_differ_are_said_and_rolled_back(con, write, run, good, sql, says):
    write("core.a", VALUES.replace("22.0", "30.0"))
    write("marts.b", sql)
    with pytest.raises(ModelError) as raised:
        run()
    assert raised.value.model == "marts.b"
    assert raised.value.problem.startswith(says)
    assert as_it_was(con)


def test_an_assertion_that_cannot_be_checked_is_said_and_rolled_back(con, write, run, good):
    write("core.a", VALUES.replace("22.0", "30.0"))
    write("marts.b", "select date, close from core.a", HEADER.replace("close > 0", "closing > 0"))
    with pytest.raises(ModelError, match="has an assertion “a close is positive” that cannot be checked: Binder Error"):
        run()
    assert as_it_was(con)


def test_an_interruption_rolls_back(con, write, run, good):
    write("core.a", VALUES.replace("22.0", "30.0"))

    def interrupt(name: str) -> None:
        if name == "marts.b":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=interrupt)
    assert as_it_was(con)


def test_a_raw_table_that_is_none_is_said(con, write, run):
    write("staging.a", "select date, close from raw.price_bars")
    with pytest.raises(ModelError, match=r"staging\.a did not run: Catalog Error: Table with name price_bars"):
        run()
