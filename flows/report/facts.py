"""The answers of one session: every query of the registry on the published file, or why it has no result."""

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

# The first weighting that has a return on the session is the page's: the nearer to the published index the better.
SCHEMES = ("anchored", "capped", "full_cap")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class QueryResult:
    """The rows of one query; if there are none, `lack` is the sentence that says why."""

    question: Question
    sql: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lack: str = ""

    @property
    def row(self) -> Row:
        """The only row, empty where there is none: a figure that is not there is None."""
        return self.rows[0] if self.rows else {}


@dataclass(frozen=True)
class Facts:
    """A session, the index and the weighting of it in use, and the answers by name."""

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
    """Everything the page of a session says, by default the newest, of the primary index or another.

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
    """One answer; a missing table, column or parameter is reported and affects only this answer."""
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
    """The value with every character that can be seen: a page or picture with another would not be one."""
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
