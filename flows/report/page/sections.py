"""Define a section of the page: a message, a chart, tables, and the queries behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.report.facts import QueryResult
from flows.report.page.chart import Drawing
from flows.report.words import cell, heading


@dataclass(frozen=True)
class Table:
    """Rows as text for display; `numeric` marks the right-aligned columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]


@dataclass(frozen=True)
class Query:
    """SQL to copy, and a description of its rows."""

    title: str
    sql: str


@dataclass(frozen=True)
class Section:
    """One part of the story; `lacks` replaces a chart that cannot be drawn."""

    key: str
    title: str
    message: str = ""
    drawing: Drawing | None = None
    tables: tuple[Table, ...] = ()
    open_tables: tuple[Table, ...] = ()
    queries: tuple[Query, ...] = ()
    lacks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def table(answer: QueryResult, caption: str = "", only: Sequence[str] = (), last: int = 0) -> tuple[Table, ...]:
    """Format a query result as a table, or nothing without rows; `last` keeps the first rows of a newest-first result."""
    if not answer.rows:
        return ()
    columns = tuple(only) or answer.columns
    rows = answer.rows[:last] if last else answer.rows
    numeric = tuple(any(isinstance(row[column], int | float) and not isinstance(row[column], bool) for row in rows)
                    for column in columns)
    title = caption or answer.question.title
    if last and len(answer.rows) > last:
        title += f": the newest {last} of {len(answer.rows)}"
    return (Table(title, tuple(heading(column) for column in columns),
                  tuple(tuple(cell(column, row[column]) for column in columns) for row in rows), numeric),)


def upright(answer: QueryResult, caption: str = "") -> tuple[Table, ...]:
    """Format a query result of one row as a table of figure and value."""
    rows = tuple((heading(column), cell(column, value)) for column, value in answer.row.items())
    return (Table(caption or answer.question.title, ("figure", "value"), rows, (False, True)),) if rows else ()


def lacks(*needed: QueryResult, also: Sequence[QueryResult] = ()) -> tuple[str, ...]:
    """Return why results are missing, each reason once; for `also`, include only queries that could not run."""
    unasked = [answer.lack for answer in also if answer.sql and not answer.columns]
    return tuple(dict.fromkeys([*(answer.lack for answer in needed if answer.lack), *unasked]))


def queries_of(*answers: QueryResult) -> tuple[Query, ...]:
    """Return the queries of the results that have SQL."""
    return tuple(Query(answer.question.title, answer.sql) for answer in answers if answer.sql)

