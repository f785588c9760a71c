"""`rallyscope query`: one statement on the published file, in the format asked."""

from __future__ import annotations

import json
import sys

import duckdb

from warehouse.errors import BadRequest
from warehouse.home import Home


def query(home: Home, sql: str, format: str) -> None:
    """Write the rows of one statement to standard output.

    Raises BadRequest with DuckDB's own words when the statement cannot run.
    """
    with home.marts() as con:
        try:
            statements = con.extract_statements(sql)
            if len(statements) != 1:
                raise BadRequest("query", f"it holds {len(statements)} statements", "Ask one at a time")
            answer = con.execute(statements[0])
            writers = {"table": _table, "csv": _csv, "json": _json, "parquet": _parquet}
            writers[format](answer)
        except duckdb.Error as error:
            raise BadRequest("query", str(error).strip(), "Tables: rallyscope query \"show all tables\"") from None


def _table(answer: duckdb.DuckDBPyConnection) -> None:
    from flows.show import print_rows

    columns = [column[0] for column in answer.description or []]
    print_rows(columns, answer.fetchall())


def _csv(answer: duckdb.DuckDBPyConnection) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column[0] for column in answer.description or []])
    while rows := answer.fetchmany(10_000):
        writer.writerows(rows)


def _json(answer: duckdb.DuckDBPyConnection) -> None:
    columns = [column[0] for column in answer.description or []]
    json.dump([dict(zip(columns, row, strict=True)) for row in answer.fetchall()], sys.stdout, default=str, indent=1)
    sys.stdout.write("\n")


def _parquet(answer: duckdb.DuckDBPyConnection) -> None:
    import pyarrow.parquet as parquet

    if sys.stdout.isatty():
        raise BadRequest("query --format parquet", "a terminal cannot show it", "Send it to a file: > rows.parquet")
    parquet.write_table(answer.to_arrow_table(), sys.stdout.buffer)
