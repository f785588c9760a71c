"""Test that assertions of models can fail, since a check that cannot fail checks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spec import Spec
from tables import draw

Row = Mapping[str, object]


def assertions_fail(spec: Spec, name: str, failing: Mapping[str, Row | Sequence[Row]]) -> None:
    """Assert that `failing` has every assertion of the model's header, and that each row given for one fails it."""
    assertions = spec.model(name).assertions
    assert set(failing) == set(assertions)
    for assertion, rows in failing.items():
        for row in [rows] if isinstance(rows, Mapping) else rows:
            assert _fails(spec, name, assertions[assertion], row), f"{row} meets “{assertion}”"


def assertions_hold(spec: Spec, name: str, given: Mapping[str, str], kept: Mapping[str, Sequence[Row]]) -> None:
    """Assert that, with the given tables, each row meets the assertion it is given for."""
    spec.con.begin()
    try:
        for table, text in given.items():
            spec.insert(table, text)
        for assertion, rows in kept.items():
            for row in rows:
                spec.insert(name, draw([row]))
            condition = spec.model(name).assertions[assertion]
            assert spec.con.execute(f"from {name} where not ({condition})").fetchall() == []
    finally:
        spec.con.rollback()


def _fails(spec: Spec, name: str, condition: str, row: Row) -> bool:
    spec.con.begin()
    try:
        spec.insert(name, draw([row]))
        return spec.con.execute(f"select count(*) from {name} where not ({condition})").fetchone() == (1,)
    finally:
        spec.con.rollback()
