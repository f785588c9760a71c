"""Aggregates whose value could depend on the order of rows: a model has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from transforms.engine.lineage import Select

FILES = sorted((Path(__file__).parents[3] / "transforms").glob("*/*.sql"))
ADDING = (exp.Sum, exp.Avg, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop, exp.Corr,
          exp.CovarSamp, exp.CovarPop, exp.RegrSlope, exp.RegrIntercept, exp.RegrR2)


def dependent(sql: str) -> list[str]:
    """The grouped aggregates over doubles that name no order and are no exact sum."""
    found = []
    for call in parse_one(sql, dialect=Select).find_all(*ADDING):
        around = call.parent.parent if isinstance(call.parent, exp.Filter) else call.parent
        exact = isinstance(call, exp.Sum) and isinstance(call.this, exp.Anonymous) and call.this.name == "exact"
        if not (isinstance(around, exp.Window) or exact or call.find(exp.Order)):
            found.append(call.sql(dialect=Select))
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_no_aggregate_depends_on_the_order_of_rows(file: Path) -> None:
    sql = file.read_text(encoding="utf-8").partition("*/")[2]
    assert not sql.strip() or dependent(sql) == []


@pytest.mark.parametrize(("aggregate", "depends"), [
    ("sum(x)", True), ("sum(x) filter (y > 0)", True), ("avg(x)", True), ("stddev_samp(x)", True), ("corr(x, y)", True),
    ("regr_slope(x, y)", True), ("sum(exact(x))::double", False), ("exact_mean(x)", False), ("sum(x order by y)", False),
    ("avg(x order by y) filter (y > 0)", False),
    ("stddev_samp(x order by y)", False), ("sum(x) over (order by y)", False), ("count(*)", False)])
def test_what_depends_on_the_order_is_found(aggregate: str, depends: bool) -> None:
    assert bool(dependent(f"select {aggregate} as a from t")) is depends
