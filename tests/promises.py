"""Promises must be breakable: a check that cannot fail checks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spec import Spec
from tables import draw

Row = Mapping[str, object]


def breaks(spec: Spec, name: str, broken: Mapping[str, Row | Sequence[Row]]) -> None:
    """Every promise in the model's header is named in `broken`, and each row given for it breaks it."""
    promises = spec.model(name).promises
    assert set(broken) == set(promises)
    for promise, rows in broken.items():
        for row in [rows] if isinstance(rows, Mapping) else rows:
            assert _is_broken(spec, name, promises[promise], row), f"{row} keeps “{promise}”"


def keeps(spec: Spec, name: str, given: Mapping[str, str], kept: Mapping[str, Sequence[Row]]) -> None:
    """Beside the given tables each row keeps the promise it is given for."""
    spec.con.begin()
    try:
        for table, text in given.items():
            spec.insert(table, text)
        for promise, rows in kept.items():
            for row in rows:
                spec.insert(name, draw([row]))
            condition = spec.model(name).promises[promise]
            assert spec.con.execute(f"from {name} where not ({condition})").fetchall() == []
    finally:
        spec.con.rollback()


def _is_broken(spec: Spec, name: str, condition: str, row: Row) -> bool:
    spec.con.begin()
    try:
        spec.insert(name, draw([row]))
        return spec.con.execute(f"select count(*) from {name} where not ({condition})").fetchone() == (1,)
    finally:
        spec.con.rollback()
