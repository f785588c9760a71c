"""Run the models in one transaction and check their assertions; a failure rolls everything back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from transforms.engine.project import Model
from warehouse.errors import AssertionFailed, ModelError

FAILED_ROWS_KEPT = 10_000
MACROS = Path(__file__).parents[1] / "macros.sql"


@dataclass(frozen=True)
class AsOf:
    """The two time limits of a build, UTC: `as_of` for what was publicly known, `recorded_by` for what we had fetched."""

    as_of: datetime
    recorded_by: datetime


def build(con: duckdb.DuckDBPyConnection, models: Sequence[Model], as_of: AsOf, failed_rows: Path,
          progress: Callable[[str], None] = lambda name: None) -> None:
    """Rebuild every model's table, all or none.

    Raises AssertionFailed after writing the failed rows below `failed_rows`, and ModelError if SQL and header differ.
    """
    set_as_of(con, as_of)
    con.begin()
    try:
        for model in models:
            progress(model.name)
            make(con, model)
            check_assertions(con, model, failed_rows)
    except BaseException:
        con.rollback()
        raise
    else:
        con.commit()


def set_as_of(con: duckdb.DuckDBPyConnection, as_of: AsOf) -> None:
    """Set the variables `as_of` and `recorded_by`, and define the macros, for the SQL of the models."""
    con.execute(MACROS.read_text())
    for name in ("as_of", "recorded_by"):
        con.execute(f"set variable {name} = ?::timestamp", [getattr(as_of, name).replace(tzinfo=None)])


def make(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Create the model's table, sorted by its grain, with its comments."""
    grain = ", ".join(model.grain)
    try:
        con.execute(f"create or replace table {model.name} as from (\n{model.sql}\n) order by {grain}")
    except duckdb.Error as error:
        raise ModelError(model.name, f"did not run: {str(error).splitlines()[0]}") from error
    actual = [row[0] for row in con.execute(f"describe {model.name}").fetchall()]
    if actual != list(model.columns):
        missing, extra = set(model.columns) - set(actual), set(actual) - set(model.columns)
        raise ModelError(model.name, f"documents other columns than it has (undocumented: {sorted(extra)}; "
                                     f"documented only: {sorted(missing)}; or in another order)")
    con.execute(f"comment on table {model.name} is {_text(model.doc)}")
    for column, description in model.columns.items():
        con.execute(f'comment on column {model.name}."{column}" is {_text(description)}')


def check_assertions(con: duckdb.DuckDBPyConnection, model: Model, failed_rows: Path) -> None:
    """Check that the grain is unique and that every row meets every assertion, else raise AssertionFailed."""
    grain = ", ".join(model.grain)
    no_nulls = " and ".join(f"{key} is not null" for key in model.grain)
    checks = {
        f"one row per {grain}": f"from {model.name} where not ({no_nulls}) or ({grain}) in "
                                f"(select ({grain}) from {model.name} group by {grain} having count(*) > 1)",
        **{name: f"from {model.name} where not ({condition})" for name, condition in model.assertions.items()},
    }
    for assertion, rows in checks.items():
        try:
            count = con.execute(f"select count(*) {rows}").fetchone()[0]  # type: ignore[index]
        except duckdb.Error as error:
            raise ModelError(model.name, f"has an assertion “{assertion}” that cannot be checked: "
                                         f"{str(error).splitlines()[0]}") from error
        if count:
            _keep_rows(con, model, assertion, rows, failed_rows)
            raise AssertionFailed(model.name, assertion, count)


def _keep_rows(con: duckdb.DuckDBPyConnection, model: Model, assertion: str, rows: str, failed_rows: Path) -> None:
    """Write the rows where `rallyscope failed-rows` finds them, since the rollback removes the table."""
    failed_rows.mkdir(parents=True, exist_ok=True)
    file = failed_rows / f"{model.name}.parquet"
    con.execute(f"copy (select * {rows} limit {FAILED_ROWS_KEPT}) to {_text(str(file))} (format parquet)")
    (failed_rows / f"{model.name}.json").write_text(json.dumps({"model": model.name, "assertion": assertion}))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
