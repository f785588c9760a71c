"""Print readable tables to a terminal or a pipe: at most 100 characters wide, with units by the suffixes of the columns."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

import duckdb
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from flows.pipeline.fetch_history import NEW_YORK
from flows.report.index import Index, index_of
from flows.report.output import Screen, say
from flows.report.views import VIEWS, Section
from flows.report.words import NOTHING, figure
from warehouse.catalog.reader import did_you_mean
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest, HomeUnusable, WriterLocked
from warehouse.stray import trouble
from warehouse.visible import visible

WIDTH = 100
LEAST = 6
"""Characters a line of a text must get for a table to be readable."""

# Whether the market is simulated, and the as-of time in UTC of a publication of the past; null for the present.
STAMP = "select is_simulated, if(not is_present, as_of, null) from audit.publication where is_current"

SectionRows = tuple[Section, Sequence[str], Sequence[tuple]]
"""A section, its columns and its rows."""


def show(home: DataFolder, view: str, day: date | None, as_json: bool = False, since: date | None = None,
         index_code: str | None = None) -> None:
    """Print the view's sections for a session, by default the newest, of the primary index or another.

    Raises BadRequest, which lists the valid ones, for a view, a session or an index that does not exist.
    """
    if view not in VIEWS:
        raise BadRequest(f"view {view!r}", "there is no such view", f"Views: {', '.join(VIEWS)}")
    table, sections, with_answer = VIEWS[view].table, VIEWS[view].sections, VIEWS[view].answer
    with home.marts() as con:
        session = _session(con, table, day) if table else None
        index = index_of(con, index_code) if table else None
        answers = [(section, *(_working(home, section) or _rows(con, section, session, since, index)))
                   for section in sections]
        print_sections(con, session, answers, as_json, _answer(con, session, index_code) if with_answer else None)
    if view == "status" and (line := trouble(home.published)):
        sys.stderr.write(f"{line}\n")


def print_sections(con: duckdb.DuckDBPyConnection, session: date | None, answers: Sequence[SectionRows], as_json: bool,
         sentence: str | None = None) -> None:
    """Print a session's sections under a heading: the session, whether the market is simulated, and a past as-of time.

    As JSON: `date`, `simulated`, `as_of` (UTC, null for the present), and the rows of each section by its key.
    """
    simulated, as_of = con.execute(STAMP).fetchone() or (None, None)
    if as_json:
        json.dump({"date": session, "simulated": simulated, "as_of": as_of, **({"answer": sentence} if sentence else {}),
                   **{s.key: [dict(zip(columns, row, strict=True)) for row in rows] for s, columns, rows in answers}},
                  sys.stdout, default=str, indent=1)
        sys.stdout.write("\n")
        return
    screen = console()
    heading = [*([f"[bold]{session:%A, %-d %B %Y}[/bold]"] if session else []),
               *(["[yellow]simulated market[/yellow]"] if simulated else []),
               *([f"[yellow]as of {_in_new_york(as_of)}, not the present[/yellow]"] if as_of else [])]
    if heading:
        screen.print("   ".join(heading))
    if sentence:
        screen.print(Text(sentence))
    for section, columns, rows in answers:
        print_section(screen, section, columns, rows)


def print_section(screen: Console, section: Section, columns: Sequence[str], rows: Sequence[tuple]) -> None:
    """Print one section: a table, or a name and value per line if it is upright."""
    if not rows:
        screen.print(f"\n[bold]{escape(section.title)}[/bold]\n  {section.none}")
        return
    if not section.upright:
        screen.print()
        title = section.title
        if section.common:
            index = columns.index(section.common)
            title += f" ({section.common.replace('_', ' ')}: {rows[0][index]})"
            columns, *rows = [(*row[:index], *row[index + 1:]) for row in (columns, *rows)]
        print_rows(columns, rows, title, screen, by_suffix=True)
        return
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        screen.print(f"\n[bold]{escape(section.title.format(**values))}[/bold]")
        pairs = [(name, readable(name, value)) for name, value in values.items() if f"{{{name}}}" not in section.title]
        half = (len(pairs) + 1) // 2
        grid = Table.grid(padding=(0, 3, 0, 2))
        for left, right in zip(pairs[:half], [*pairs[half:], ("", "")], strict=False):
            grid.add_row(*map(Text, (*left, *right)))
        if screen.measure(grid, options=screen.options.update(width=10 * WIDTH)).maximum <= screen.width:
            screen.print(grid)
        else:
            _print_upright(screen, pairs)


def print_rows(columns: Sequence[str], rows: Sequence[tuple], title: str | None = None, screen: Console | None = None,
               by_suffix: bool = False) -> None:
    """Print a table of rows; if its columns would be too narrow to read, print each row as an upright block instead.

    Numbers are right-aligned; `by_suffix` prints values with the unit of the column's suffix.
    """
    screen = screen or console()
    columns = [visible(name) for name in columns]
    texts = [[readable(n, v) if by_suffix else _plain(v) for n, v in zip(columns, row, strict=True)] for row in rows]
    edges = 2 + 3 * (len(columns) - 1)
    widths = _widths(columns, rows, texts, screen.width - edges)
    if title:
        screen.print(f"[bold]{escape(title)}[/bold]")
    if widths is None:
        for row in texts:
            _print_upright(screen, list(zip(columns, row, strict=True)))
            screen.print()
        if not rows:
            screen.print("no rows")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, (name, width) in enumerate(zip(columns, widths, strict=True)):
        numeric = any(isinstance(row[index], int | float) and not isinstance(row[index], bool) for row in rows)
        table.add_column(Text(_split(name, width)), justify="right" if numeric else "left", overflow="fold", width=width)
    for row in texts:
        table.add_row(*map(Text, row))
    screen.print(table)


def _widths(columns: Sequence[str], rows: Sequence[tuple], texts: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Divide `room` among the columns, shrinking the widest first; None if a column would be too narrow to read."""
    wanted, least = [], []
    for index, name in enumerate(columns):
        lengths = [max(map(cell_len, row[index].splitlines()), default=0) for row in texts]
        wanted.append(max(cell_len(name), *lengths, 1))
        # Half a number is another number, so only text, lists and names may wrap.
        whole = [size for size, row in zip(lengths, rows, strict=True) if not isinstance(row[index], str | list | dict)]
        least.append(max(min(LEAST, max(lengths, default=1)), *whole, *map(cell_len, _split(name, 1).splitlines()), 1))
    for most in range(max(1, min(room, max(wanted, default=1))), 0, -1):
        widths = [max(few, min(many, most)) for few, many in zip(least, wanted, strict=True)]
        if sum(widths) <= room:
            return widths
    return None


def _split(name: str, width: int) -> str:
    """Wrap a column's name to lines of at most `width` if its words allow it; break only after “_” or a space."""
    lines = [""]
    for word in re.findall(r"[^_ ]+[_ ]?|[_ ]", name):
        if lines[-1] and cell_len((lines[-1] + word).rstrip(" ")) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.rstrip(" ") for line in lines)


def _print_upright(screen: Console, pairs: Sequence[tuple[str, str]]) -> None:
    """Print one name and value per line without truncation; a long value continues below itself."""
    margin = max(cell_len(name) for name, _ in pairs) + 5
    lines = []
    for name, value in pairs:
        parts = [part for line in value.splitlines() for part in chop_cells(line, max(screen.width - margin, LEAST))]
        lines.append(f"  {name}".ljust(margin) + (parts[0] if parts else ""))
        lines.extend(" " * margin + part for part in parts[1:])
    screen.out("\n".join(lines))


def show_failed_rows(home: DataFolder, model: str) -> None:
    """Print the rows that failed an assertion of `model` in the last build that failed on it."""
    from transforms.engine.project import models

    note = home.failed_rows / f"{model}.json"
    if not note.exists():
        known = [each.name for each in models()]
        if model not in known:
            raise BadRequest(f"model {model!r}", f"no model has this name{did_you_mean(model, known)}",
                             "Write a name like marts.regime_daily")
        return say(f"no build of this data folder found a row of {model} that fails an assertion")
    try:
        assertion = json.loads(note.read_text(encoding="utf-8"))["assertion"]
        with duckdb.connect() as con:
            answer = con.execute("from read_parquet(?) limit 50", [str(home.failed_rows / f"{model}.parquet")])
            columns, rows = [column[0] for column in answer.description or []], answer.fetchall()
    except (OSError, ValueError, LookupError, TypeError, duckdb.Error):
        raise BadRequest(f"model {model!r}", "the rows that the build saved cannot be read",
                         "To write them again: rallyscope build") from None
    print_rows(columns, rows, f"rows of {model} that fail the assertion “{assertion}”")


def _answer(con: duckdb.DuckDBPyConnection, session: date | None, index_code: str | None) -> str:
    """Return the sentence of a session's page."""
    from flows.report.answer import answer
    from flows.report.facts import facts

    return answer(facts(con, session, index_code))


def _session(con: duckdb.DuckDBPyConnection, table: str, day: date | None) -> date:
    first, wanted = con.execute(f"select min(date), max(date) filter (date <= $day) from {table}",
                                 {"day": day or date.max}).fetchone()  # type: ignore[misc]
    if first is None:
        raise BadRequest(f"date {day or 'newest'}", f"{table} has no rows yet", "To fill it: rallyscope run")
    if day is not None and wanted != day:
        raise BadRequest(f"date {day}", f"{table} has no row for it",
                         f"The nearest before it is {wanted}" if wanted else f"The first is {first}")
    return wanted


def _rows(con: duckdb.DuckDBPyConnection, section: Section, session: date | None,
          since: date | None = None, index: Index | None = None) -> tuple[list[str], list[tuple]]:
    if index is None and "$index" in section.sql:
        return [], []
    given = {"date": session, "since": since, **(index.parameters if index else {})}
    answer = con.execute(section.sql, {name: value for name, value in given.items() if f"${name}" in section.sql})
    return [column[0] for column in answer.description or []], answer.fetchall()


def _working(home: DataFolder, section: Section) -> tuple[list[str], list[tuple]] | None:
    """Query the working database; return None if the section must use the published file."""
    if not section.working or not home.working.exists():
        return None
    try:
        with home.writer_lock(None), home.warehouse() as con:
            return _rows(con, section, None)
    except WriterLocked as error:
        sys.stderr.write(f"{error.lock_owner} is writing; status shows its run when it has finished\n")
    except HomeUnusable:
        pass  # another user's folder, which is only readable
    return None


def readable(name: str, value: object) -> str:
    """Format the value in the unit of its column's suffix; codes stay unchanged, so that they can be used in a query."""
    return figure(name, value) if isinstance(value, float) else _plain(value)


def _in_new_york(instant: datetime) -> str:
    return f"{instant.replace(tzinfo=UTC).astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York"


def _plain(value: object) -> str:
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.10g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case list():
            return visible(", ".join(map(str, value)))
    return visible(str(value))


def console() -> Console:
    """Return a console as wide as a narrow terminal, otherwise 100 characters wide."""
    screen = Screen(highlight=False)
    return screen if screen.is_terminal and screen.width < WIDTH else Screen(highlight=False, width=WIDTH)
