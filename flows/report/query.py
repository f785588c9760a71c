"""Run one statement on the published file, bounded in memory, time and rows, in the requested format."""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from warehouse.data_folder import READERS_MEMORY, DataFolder
from warehouse.errors import BadRequest

SHOWN_ROWS = 1_000
BATCH = 10_000
ROWS = 5_000_000
"""Written at most; `export` writes whole tables."""
SECONDS, TO_STOP_SECONDS = 300.0, 30.0
ADDRESSES = 3 << 30
"""Bytes that the process may take beside what it has: DuckDB does not count a long text or list into its own limit."""
ASK_LESS = "Request less data (a date range, a limit, an aggregate), or write full tables with rallyscope export"


TABLES = 'To list the tables: rallyscope query "show all tables"'
COLUMNS = 'To list the columns of a table: rallyscope query "describe marts.regime_daily"'
ONLY_READS = "A query can only read the published file and cannot change settings; to write files: rallyscope export"


class QueryFailed(BadRequest):
    """DuckDB cannot run the statement; its message may end in a line with a pointer, so the next step is on a new line."""

    def __str__(self) -> str:
        return f"{self.what}: {self.why}\n{self.instead}"


def query(home: DataFolder, sql: str, format: str) -> None:
    """Write the rows of one statement to standard output; “-” reads the statement from standard input.

    A table shows the first thousand rows. JSON has null for NaN and infinities, and text for dates and decimals. Raises
    BadRequest with DuckDB's message if the statement cannot run, and if it exceeds the limits of memory, time or rows.
    """
    sql = _statement(sql)
    with home.marts() as con, _in_time(con):
        try:
            statements = con.extract_statements(sql)
            if len(statements) != 1:
                raise BadRequest("query", f"it has {len(statements) or 'no'} statement{'s' * (len(statements) > 1)}",
                                 "Write one, e.g. select * from marts.regime_daily limit 5")
            if format == "parquet":
                _parquet(con.sql(statements[0]))
            else:
                writers = {"table": _table, "csv": _csv, "json": _json}
                writers[format](con.execute(statements[0]))
        except (MemoryError, duckdb.OutOfMemoryException, OSError) as error:
            # PyArrow converts DuckDB's out-of-memory error to an OSError.
            if isinstance(error, OSError) and "Out of Memory" not in str(error):
                raise
            raise BadRequest("query", f"it needs more memory than the limit for a query ({READERS_MEMORY})",
                             ASK_LESS) from None
        except OverflowError:  # for example an interval of a million years
            raise BadRequest("query", "a value is too large to be shown", "Cast its column to text: x::varchar") from None
        except duckdb.Error as error:
            if isinstance(error, duckdb.InterruptException):
                raise
            message = str(error).strip().rstrip("!.")
            raise QueryFailed("query", message, _next_step(error)) from None


def _next_step(error: duckdb.Error) -> str:
    """Return the next step to print after DuckDB's message."""
    match error:
        case duckdb.BinderException() if "column" in str(error):
            return COLUMNS
        case duckdb.CatalogException() | duckdb.BinderException() | duckdb.ParserException():
            return TABLES
        case duckdb.PermissionException():
            return ONLY_READS
        case duckdb.InvalidInputException() if "read-only" in str(error) or "locked" in str(error):
            return ONLY_READS
        case duckdb.InvalidInputException() if "parameters" in str(error):
            return "Write each value in place of its parameter"
    return "Correct the statement; try_cast gives NULL for a value that cannot be converted"


def bound_the_process() -> None:
    """Limit the address space of this process, whatever a statement does; use it only in a process that runs one query."""
    with open("/proc/self/statm", encoding="ascii") as pages:
        taken = int(pages.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    least = taken + ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (least if most == resource.RLIM_INFINITY else min(least, most), most))


@contextmanager
def _in_time(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt the statement when its time is over; exit the process if it does not stop."""
    over = threading.Event()

    def interrupt() -> None:
        over.set()
        con.interrupt()

    def end() -> None:
        sys.stderr.write(f"rallyscope: query: it took more than {SECONDS:g} seconds. {ASK_LESS}\n")
        sys.stderr.flush()
        os._exit(2)

    timers = [threading.Timer(SECONDS, interrupt), threading.Timer(SECONDS + TO_STOP_SECONDS, end)]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    except Exception as error:
        if over.is_set() and not isinstance(error, BadRequest):
            raise BadRequest("query", f"it took more than {SECONDS:g} seconds", ASK_LESS) from None
        raise
    finally:
        for timer in timers:
            timer.cancel()
        for timer in timers:
            timer.join()  # a live timer holds the connection, and DuckDB then reports an error at exit


def _statement(sql: str) -> str:
    """Return the text of the statement; raise BadRequest if it is not UTF-8 text or holds a NUL character."""
    try:
        # With a locale other than UTF-8, Python passes the bytes of an argument as surrogates.
        sql = (sys.stdin.buffer.read() if sql == "-" else os.fsencode(sql)).decode()
    except (UnicodeError, OSError, AttributeError):  # AttributeError: standard input is closed
        raise BadRequest("query", "it cannot be read as UTF-8 text", "Write the statement in UTF-8") from None
    if "\0" in sql:
        raise BadRequest("query", "it holds a NUL character", "Write the statement without it")
    return sql


def _batches(answer: duckdb.DuckDBPyConnection) -> Iterator[list[tuple]]:
    """Yield the rows in batches; raise BadRequest if there are more than ROWS."""
    written = 0
    while rows := answer.fetchmany(BATCH):
        written += len(rows)
        if written > ROWS:
            raise BadRequest("query", f"it has more than {ROWS:,} rows, of which the first are written", ASK_LESS)
        yield rows


def _table(answer: duckdb.DuckDBPyConnection) -> None:
    from flows.report.terminal import print_rows

    print_rows(_columns(answer), answer.fetchmany(SHOWN_ROWS))
    more = 0
    while more <= ROWS and (rows := answer.fetchmany(BATCH)):
        more += len(rows)
    if more > ROWS:
        print(f"… more than {ROWS:,} more rows: {ASK_LESS[0].lower()}{ASK_LESS[1:]}")
    elif more:
        print(f"… {more:,} more row{'s' if more > 1 else ''}; --format csv or parquet writes all")


def _csv(answer: duckdb.DuckDBPyConnection) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_columns(answer))
    for rows in _batches(answer):
        writer.writerows(rows)


def _json(answer: duckdb.DuckDBPyConnection) -> None:
    columns = _columns(answer)
    _refuse_twins(columns, "json")
    before = "[\n"
    for rows in _batches(answer):
        sys.stdout.write(before + ",\n".join(_object(dict(zip(columns, row, strict=True))) for row in rows))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def _object(row: dict) -> str:
    try:
        return json.dumps(row, default=str, allow_nan=False)
    except (ValueError, TypeError):  # a number or a map key that JSON cannot represent
        return json.dumps(_in_json(row), default=str, allow_nan=False)


def _in_json(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): _in_json(part) for key, part in value.items()}
        case list() | tuple():
            return [_in_json(part) for part in value]
    return value


def _parquet(answer: duckdb.DuckDBPyRelation | None) -> None:
    import pyarrow
    from pyarrow import parquet

    if sys.stdout.isatty():
        raise BadRequest("query --format parquet", "a terminal cannot show it", "Redirect it to a file: > rows.parquet")
    if answer is None:
        raise BadRequest("query --format parquet", "the statement has no rows", "Write a select statement")
    _refuse_twins(answer.columns, "parquet")
    reader = answer.to_arrow_reader(100_000)
    for column in reader.schema:
        try:
            parquet.ParquetWriter(pyarrow.BufferOutputStream(), pyarrow.schema([column])).close()
        except pyarrow.ArrowNotImplementedError:
            raise BadRequest("query --format parquet", f"Parquet has no type for column {column.name} ({column.type})",
                             f'Cast it: "{column.name}"::varchar') from None
    with parquet.ParquetWriter(sys.stdout.buffer, reader.schema) as file:
        written = 0
        for batch in reader:
            written += batch.num_rows
            if written > ROWS:
                raise BadRequest("query --format parquet", f"it has more than {ROWS:,} rows", ASK_LESS)
            file.write_batch(batch)


def _columns(answer: duckdb.DuckDBPyConnection) -> list[str]:
    return [column[0] for column in answer.description or []]


def _refuse_twins(columns: list[str], format: str) -> None:
    twins = sorted({name for name in columns if columns.count(name) > 1})
    if twins:
        raise BadRequest(f"query --format {format}", f"two columns are named {twins[0]}",
                         f'Give one an alias: as "{twins[0]}_2"')
