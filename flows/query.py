"""`rallyscope query`: one statement on the published file, in the format asked."""

from __future__ import annotations

import json
import math
import sys

import duckdb

from warehouse.errors import BadRequest
from warehouse.home import Home

SHOWN_ROWS = 1_000
BATCH = 10_000


class QueryFailed(BadRequest):
    """DuckDB cannot run the statement: its words may end in a line that points into it, so the next step has its own."""

    def __str__(self) -> str:
        return f"{self.what}: {self.why}\n{self.instead}"


def query(home: Home, sql: str, format: str) -> None:
    """Write the rows of one statement to standard output; “-” reads the statement from standard input.

    A table shows the first thousand rows. JSON has null for what it has no number for (NaN, infinities), text for dates
    and decimals. Raises BadRequest with DuckDB's own words when the statement cannot run.
    """
    sql = sys.stdin.read() if sql == "-" else sql
    with home.marts() as con:
        try:
            statements = con.extract_statements(sql)
            if len(statements) != 1:
                raise BadRequest("query", f"it holds {len(statements)} statements", "Ask one at a time")
            if format == "parquet":
                _parquet(con.sql(statements[0]))
            else:
                writers = {"table": _table, "csv": _csv, "json": _json}
                writers[format](con.execute(statements[0]))
        except duckdb.Error as error:
            said = str(error).strip().rstrip("!.")
            raise QueryFailed("query", said, 'Tables: rallyscope query "show all tables"') from None


def _table(answer: duckdb.DuckDBPyConnection) -> None:
    from flows.show import print_rows

    print_rows(_columns(answer), answer.fetchmany(SHOWN_ROWS))
    more = 0
    while rows := answer.fetchmany(BATCH):
        more += len(rows)
    if more:
        print(f"… {more:,} more row{'s' if more > 1 else ''}; --format csv or parquet writes all")


def _csv(answer: duckdb.DuckDBPyConnection) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_columns(answer))
    while rows := answer.fetchmany(BATCH):
        writer.writerows(rows)


def _json(answer: duckdb.DuckDBPyConnection) -> None:
    columns = _columns(answer)
    _refuse_twins(columns, "json")
    before = "[\n"
    while rows := answer.fetchmany(BATCH):
        sys.stdout.write(before + ",\n".join(_object(dict(zip(columns, row, strict=True))) for row in rows))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def _object(row: dict) -> str:
    try:
        return json.dumps(row, default=str, allow_nan=False)
    except (ValueError, TypeError):  # a number or the key of a map that JSON does not have
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
        raise BadRequest("query --format parquet", "a terminal cannot show it", "Send it to a file: > rows.parquet")
    if answer is None:
        raise BadRequest("query --format parquet", "the statement has no rows", "Ask with select")
    _refuse_twins(answer.columns, "parquet")
    reader = answer.to_arrow_reader(100_000)
    for column in reader.schema:
        try:
            parquet.ParquetWriter(pyarrow.BufferOutputStream(), pyarrow.schema([column])).close()
        except pyarrow.ArrowNotImplementedError:
            raise BadRequest("query --format parquet", f"Parquet has no type for column {column.name} ({column.type})",
                             f'Cast it: "{column.name}"::varchar') from None
    with parquet.ParquetWriter(sys.stdout.buffer, reader.schema) as file:
        for batch in reader:
            file.write_batch(batch)


def _columns(answer: duckdb.DuckDBPyConnection) -> list[str]:
    return [column[0] for column in answer.description or []]


def _refuse_twins(columns: list[str], format: str) -> None:
    twins = sorted({name for name in columns if columns.count(name) > 1})
    if twins:
        raise BadRequest(f"query --format {format}", f"two columns are named {twins[0]}",
                         f'Give one an alias: as "{twins[0]}_2"')
