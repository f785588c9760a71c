"""Given/expect tables for models: run the tables of a specification through the model's own SQL."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa

from transforms.engine.build import AsOf, build, set_as_of
from transforms.engine.project import Model, models

ROOT = Path(__file__).parents[2]
LATE = datetime(2100, 1, 1, tzinfo=UTC)


class Spec:
    """An empty warehouse in which every model's table has the types of its SQL; each call leaves it empty.

    `spec(model, given={table: text}, expect=text)`: tables are drawn with | between cells, and an empty cell is NULL.
    Columns of given tables that are not drawn are NULL, except that bookkeeping columns of raw tables have a default.
    Only the columns drawn in `expect` are compared, with the rows in the order of the model's grain.
    """

    RAW_DEFAULTS: ClassVar = {"is_withdrawn": "false", "fetched_at": "timestamp '2000-01-01'", "source": "'test'",
                    "known_at": "timestamp '2000-01-01'", "pit_quality": "'rule'", "run_id": "'test'"}
    # Tables that every specification has unless it draws them itself.
    STANDING: ClassVar = {"core.index_definition": """
        index_code | title      | published_index | is_primary
        NDX        | Nasdaq-100 | ^NDX            | true
    """}

    def __init__(self, folder: Path | None = None) -> None:
        self.models = {m.name: m for m in (models(folder) if folder else models())}
        self.con = duckdb.connect()
        self.con.execute((ROOT / "warehouse" / "schema.sql").read_text())
        build(self.con, list(self.models.values()), AsOf(LATE, LATE), Path("/nonexistent"))

    def __call__(self, name: str, given: Mapping[str, str], expect: str, as_of: str | None = None,
                 recorded_by: str | None = None, tolerance: float = 1e-9, through: tuple[str, ...] = ()) -> None:
        """Run the model and compare its rows; `through` names models to run first, to start further upstream."""
        rows = self.rows(name, given, as_of, recorded_by, through, columns=_drawn(expect)[0])
        columns, cells = _drawn(expect)
        expected = self._typed(name, columns, cells)
        assert len(rows) == len(expected), f"{len(rows)} rows, expected {len(expected)}:\n{rows}"
        for got, want in zip(rows, expected, strict=True):
            for column, g, w in zip(columns, got, want, strict=True):
                row = dict(zip(columns, got, strict=True))
                assert _same(g, w, tolerance), f"{column}: {g!r}, expected {w!r} in row {row}"

    def rows(self, name: str, given: Mapping[str, str], as_of: str | None = None, recorded_by: str | None = None,
             through: tuple[str, ...] = (), columns: list[str] | None = None) -> list[tuple]:
        """Return the model's rows over the given tables, for expected values that are computed instead of drawn."""
        model = self.models[name]
        set_as_of(self.con, AsOf(_moment(as_of), _moment(recorded_by)))
        self.con.begin()
        try:
            for table, text in {**self.STANDING, **given}.items():
                self.insert(table, text)
            for step in through:
                upstream = self.models[step]
                self.con.execute(f"create or replace table {step} as from ({upstream.sql}) "
                                 f"order by {', '.join(upstream.grain)}")
            wanted = ", ".join(f'"{c}"' for c in columns) if columns else "*"
            return self.con.execute(
                f"select {wanted} from ({model.sql}) order by {', '.join(model.grain)}").fetchall()
        finally:
            self.con.rollback()

    def insert(self, table: str, text: str) -> None:
        columns, cells = _drawn(text)
        types = {r[0]: r[1] for r in self.con.execute(f"describe {table}").fetchall()}
        unknown = [c for c in columns if c not in types]
        assert not unknown, f"{table} has no column {unknown}"
        defaults = {c: d for c, d in self.RAW_DEFAULTS.items()
                    if table.startswith("raw.") and c in types and c not in columns}
        names = ", ".join(f'"{c}"' for c in [*columns, *defaults])
        values = ", ".join([*_casts(types, columns), *defaults.values()])
        drawn = _as_arrow(columns, cells)  # noqa: F841  DuckDB reads it by its name
        self.con.execute(f"insert into {table} ({names}) select {values} from drawn")

    def _typed(self, name: str, columns: list[str], cells: list[list[str | None]]) -> list[tuple]:
        types = {r[0]: r[1] for r in self.con.execute(f"describe {name}").fetchall()}
        missing = [c for c in columns if c not in types]
        assert not missing, f"{name} has no column {missing}"
        drawn = _as_arrow(columns, cells)  # noqa: F841  DuckDB reads it by its name
        return self.con.execute(f"select {', '.join(_casts(types, columns))} from drawn").fetchall()

    def model(self, name: str) -> Model:
        return self.models[name]


def _drawn(text: str) -> tuple[list[str], list[list[str | None]]]:
    lines = [line for line in text.splitlines() if line.strip()]
    table = [[cell.strip() for cell in line.split("|")] for line in lines]
    return table[0], [[cell or None for cell in row] for row in table[1:]]


def _casts(types: Mapping[str, str], columns: list[str]) -> list[str]:
    return [f'cast("{column}" as {types[column]})' for column in columns]


def _as_arrow(columns: list[str], cells: list[list[str | None]]) -> pa.Table:
    """Convert the cells to Arrow for a single insert; one statement per row takes a hundred times longer."""
    assert all(len(row) == len(columns) for row in cells), f"a row of {columns} has more cells, or fewer"
    return pa.table({name: pa.array([row[n] for row in cells], pa.string()) for n, name in enumerate(columns)})


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else LATE


def _same(got: object, want: object, tolerance: float) -> bool:
    if isinstance(got, float) and isinstance(want, float):
        return math.isclose(got, want, rel_tol=tolerance, abs_tol=tolerance)
    return got == want
