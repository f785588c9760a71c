"""The schema v1: a query of the release before finds every mart under its old name and columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from transforms.engine.build import AsOf, build
from transforms.engine.project import models
from warehouse.data_folder import DataFolder
from warehouse.publication.builds import rollback
from warehouse.publication.publish import Stamp, publish

NOW = datetime(2026, 6, 1, 22, tzinfo=UTC)
RELEASED = {mart: columns.split() for line in Path(__file__).with_name("released_marts.txt").read_text().splitlines()
            for mart, _, columns in [line.partition(": ")]}
CHANGELOG = (Path(__file__).parents[3] / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """Two publications of every model, with one day each."""
    made = DataFolder(tmp_path_factory.mktemp("v1"))
    project = models()
    with made.warehouse() as con:
        build(con, project, AsOf(NOW, NOW), made.failed_rows)
        for day in (1, 2):
            con.execute("insert into marts.regime_daily by name select make_date(2026, 6, $day) as date, "
                        "true as is_recontraction, false as is_recontraction_confirmed", {"day": day})
            publish(con, made, Stamp(NOW, NOW, NOW, "code", "catalog", False, "run"), [m.name for m in project])
    return made


@pytest.fixture
def con(home: DataFolder) -> Iterator[duckdb.DuckDBPyConnection]:
    with home.marts() as con:
        yield con


def columns(con: duckdb.DuckDBPyConnection, schema: str) -> dict[str, list[str]]:
    return dict(con.execute("""
        select table_name, list(column_name order by column_index) from duckdb_columns()
        where database_name = current_database() and schema_name = ? group by 1""", [schema]).fetchall())


def test_every_mart_of_the_release_before_has_its_old_columns_in_order(con: duckdb.DuckDBPyConnection) -> None:
    assert columns(con, "v1") == RELEASED


def test_a_renamed_column_has_the_values_of_the_new_one(con: duckdb.DuckDBPyConnection) -> None:
    shown = "select date::varchar, recontraction_fired, recontraction_confirmed from v1.regime_daily order by date"
    assert con.execute(shown).fetchall() == [("2026-06-01", True, False), ("2026-06-02", True, False)]


def test_every_renamed_column_is_in_the_changelog(con: duckdb.DuckDBPyConnection) -> None:
    today = columns(con, "main")
    gone = {column for mart, names in RELEASED.items() for column in set(names) - set(today[mart])}
    assert gone
    assert {column for column in gone if f"| `{column}` |" not in CHANGELOG} == set()


def test_it_is_there_under_another_name_and_after_a_rollback(home: DataFolder) -> None:
    rollback(home)
    with duckdb.connect() as con:
        con.execute(f"attach '{home.published}' as other (read_only)")
        assert con.execute("select count(recontraction_fired) from other.v1.regime_daily").fetchone() == (1,)
