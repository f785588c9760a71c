"""Readable tables for a terminal or a pipe: at most 100 columns, units by the columns' own suffixes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime

import duckdb
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.views import VIEWS, Section
from warehouse.errors import BadRequest
from warehouse.home import Home

WIDTH = 100
PERCENT = ("return", "weight", "_share", "_vol_21d", "volatility_63d", "rs_5d", "rs_21d", "rs_63d")
ONE_PLACE = ("bp", "effective_names")


def show(home: Home, view: str, day: date | None, as_json: bool = False, since: date | None = None) -> None:
    """Print the view's sections for a session, by default the newest; BadRequest names what there is."""
    if view not in VIEWS:
        raise BadRequest(f"view {view!r}", "there is none of that name", f"Views: {', '.join(VIEWS)}")
    with home.marts() as con:
        table = VIEWS[view].table
        session = _session(con, table, day) if table else None
        answers = [(section, *_rows(con, section, session, since)) for section in VIEWS[view].sections]
        simulated = con.execute("select is_simulated from audit.publication where is_current").fetchone() == (True,)
    if as_json:
        json.dump({s.title: [dict(zip(c, r, strict=True)) for r in rows] for s, c, rows in answers}, sys.stdout,
                  default=str, indent=1)
        sys.stdout.write("\n")
        return
    screen = console()
    if session:
        mark = "   [yellow]simulated market[/yellow]" if simulated else ""
        screen.print(f"[bold]{session:%A, %-d %B %Y}[/bold]{mark}")
    for section, columns, rows in answers:
        print_section(screen, section, columns, rows)


def print_section(screen: Console, section: Section, columns: Sequence[str], rows: Sequence[tuple]) -> None:
    """One section: a table, or for an upright one a pair of columns per row."""
    if not rows:
        screen.print(f"\n[bold]{escape(section.title)}[/bold]\n  nothing")
        return
    if not section.upright:
        screen.print()
        print_rows(columns, rows, section.title, screen, by_suffix=True)
        return
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        screen.print(f"\n[bold]{escape(section.title.format(**values))}[/bold]")
        pairs = [(name, readable(name, value)) for name, value in values.items() if f"{{{name}}}" not in section.title]
        half = (len(pairs) + 1) // 2
        grid = Table.grid(padding=(0, 3, 0, 2))
        for left, right in zip(pairs[:half], [*pairs[half:], ("", "")], strict=False):
            grid.add_row(*(escape(text) for text in (*left, *right)))
        screen.print(grid)


def print_rows(columns: Sequence[str], rows: Sequence[tuple], title: str | None = None, screen: Console | None = None,
               by_suffix: bool = False) -> None:
    """A table of rows; numbers to the right; `by_suffix` prints units as a person reads them."""
    table = Table(title=title and escape(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) and not isinstance(row[index], bool) for row in rows)
        table.add_column(escape(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(readable(n, v) if by_suffix else _plain(v)) for n, v in zip(columns, row, strict=True)))
    (screen or console()).print(table)


def show_broken(home: Home, model: str) -> None:
    """Print the rows that broke a promise of `model` in the last build that failed on it."""
    note = home.broken / f"{model}.json"
    if not note.exists():
        raise BadRequest(f"model {model!r}", "no build has broken a promise of it",
                         "Names are like marts.regime_daily; all is well if the last build succeeded")
    promise = json.loads(note.read_text())["promise"]
    with duckdb.connect() as con:
        answer = con.execute("from read_parquet(?) limit 50", [str(home.broken / f"{model}.parquet")])
        columns = [column[0] for column in answer.description or []]
        print_rows(columns, answer.fetchall(), f"{model} breaks “{promise}”")


def _session(con: duckdb.DuckDBPyConnection, table: str, day: date | None) -> date:
    newest, wanted = con.execute(f"select max(date), max(date) filter (date <= $day) from {table}",
                                 {"day": day or date.max}).fetchone()  # type: ignore[misc]
    if newest is None:
        raise BadRequest(f"date {day or 'newest'}", f"{table} has no rows yet", "Fill it: rallyscope run")
    if day is not None and wanted != day:
        raise BadRequest(f"date {day}", f"{table} has no row of it",
                         f"The nearest before it is {wanted}" if wanted else f"The newest is {newest}")
    return wanted


def _rows(con: duckdb.DuckDBPyConnection, section: Section, session: date | None,
          since: date | None = None) -> tuple[list[str], list[tuple]]:
    given = {"date": session, "since": since}
    answer = con.execute(section.sql, {name: value for name, value in given.items() if f"${name}" in section.sql})
    return [column[0] for column in answer.description or []], answer.fetchall()


def readable(name: str, value: object) -> str:
    """The value in the unit that the end of its column's name says."""
    if isinstance(value, float):
        if name.endswith(PERCENT):
            signed = name.endswith(("return", "rs_5d", "rs_21d", "rs_63d"))
            return f"{value:+.2%}" if signed else f"{value:.2%}"
        if name.endswith(ONE_PLACE):
            return f"{value:+,.1f}" if name.endswith("bp") else f"{value:,.1f}"
        return f"{value:,.2f}"
    return _plain(value)


def _plain(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.10g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case list():
            return ", ".join(map(str, value))
    return str(value)


def console() -> Console:
    """A narrow terminal as wide as it is, everything else a hundred columns."""
    screen = Console(highlight=False)
    return screen if screen.is_terminal and screen.width < WIDTH else Console(highlight=False, width=WIDTH)
