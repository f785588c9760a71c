"""Run every query of the registry for one session on the published file; a query without rows has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from flows.report.index import Index, index_of
from flows.report.question import Question, written_out
from flows.report.questions import FIRST, THEN
from warehouse.errors import BadRequest
from warehouse.visible import visible

# The page uses the first weighting that has a return on the session; they are ordered by nearness to the published index.
SCHEMES = ("anchored", "capped", "full_cap")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class QueryResult:
    """The rows of one query; if it has no rows, `lack` is a sentence that explains why."""

    question: Question
    sql: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lack: str = ""

    @property
    def row(self) -> Row:
        """The only row, or an empty one if there are no rows, so that `.get` of a missing figure is None."""
        return self.rows[0] if self.rows else {}


@dataclass(frozen=True)
class Facts:
    """A session, the index, the weighting in use, and the query results by name."""

    date: date
    index: Index | None
    scheme: str | None
    peak: date | None
    answers: Mapping[str, QueryResult]

    def __getitem__(self, key: str) -> QueryResult:
        return self.answers[key]

    @property
    def simulated(self) -> bool:
        return bool(self["publication"].row.get("is_simulated"))


def facts(con: duckdb.DuckDBPyConnection, day: date | None, index_code: str | None = None) -> Facts:
    """Run all queries of a session's page; by default the newest session and the primary index.

    Raises BadRequest for a day that the marts do not have, and for an index that is not published.
    """
    session, index = _session(con, day), index_of(con, index_code)
    given: dict[str, date | str] = {"date": session, **(index.parameters if index else {})}
    answers = {question.key: run_query(con, question, given) for question in FIRST}
    closing = {row["weight_scheme"] for row in answers["closure"].rows if row["index_return"] is not None}
    scheme = next((name for name in SCHEMES if name in closing), min(closing, default=None))
    peak = answers["peak"].row.get("episode")
    given |= {name: value for name, value in (("scheme", scheme), ("peak", peak)) if value is not None}
    answers |= {question.key: run_query(con, question, given) for question in THEN}
    return Facts(session, index, scheme, peak, answers)


def run_query(con: duckdb.DuckDBPyConnection, question: Question, given: Mapping[str, date | str]) -> QueryResult:
    """Run one query; a missing table, column or parameter becomes the reason for its lack and affects no other query."""
    if "$index" in question.sql and "index" not in given:
        return QueryResult(question, "", (), (), "This publication names no index.")
    if "$scheme" in question.sql and "scheme" not in given:
        return QueryResult(question, "", (), (),
                           f"No weighting of the {given['index_title']} has a return on this session.")
    if "$peak" in question.sql and "peak" not in given:
        return QueryResult(question, "", (), (), "No peak of the VIX had been declared by this session.")
    sql = written_out(question.sql, given)
    try:
        found = con.execute(sql)
        columns = tuple(column[0] for column in found.description or [])
        rows = tuple({name: _seen(value) for name, value in zip(columns, row, strict=True)} for row in found.fetchall())
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        problem = str(error).splitlines()[0].partition(": ")[2] or str(error).splitlines()[0]
        return QueryResult(question, sql, (), (), f"This publication cannot answer the question: {problem}")
    return QueryResult(question, sql, columns, rows, "" if rows else question.none)


def _seen(value: Any) -> Any:
    """Escape the invisible characters of a value, which would make the page or picture invalid."""
    match value:
        case str():
            return visible(value)
        case list():
            return [_seen(part) for part in value]
    return value


def _session(con: duckdb.DuckDBPyConnection, day: date | None) -> date:
    row = con.execute("select max(date), max(date) filter (date <= $day) from marts.regime_daily",
                      {"day": day or date.max}).fetchone()
    newest, wanted = row if row else (None, None)
    if newest is None:
        raise BadRequest(f"date {day or 'newest'}", "marts.regime_daily has no rows yet", "To fill it: rallyscope run")
    if day is not None and wanted != day:
        raise BadRequest(f"date {day}", "marts.regime_daily has no such session",
                         f"The nearest before it is {wanted}" if wanted else f"The newest is {newest}")
    return wanted or newest
