"""Print the ledger of the market thesis as published, or as of any time without publishing (`rallyscope claims`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from textwrap import fill
from typing import Any

import duckdb

from flows.report.page.story_record import else_missing
from flows.report.terminal import console, print_rows
from flows.report.words import NOTHING, plain
from transforms.engine.build import AsOf, build
from transforms.engine.project import LEDGER, Model, models
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest
from warehouse.raw_copy import last_fetched, raw_copy
from warehouse.zones import with_zone

Row = dict[str, Any]


def claims(home: DataFolder, ids: Sequence[str], as_of: datetime | None, as_json: bool, say: Callable[[str], None]) -> None:
    """Print the ledger: one line per claim, or the claims of `ids` with their evidence and query."""
    with home.marts() as con:
        simulated = con.execute("select is_simulated from audit.publication where is_current").fetchall() == [(True,)]
        rows = _rows(con) if as_of is None else None
    if as_of is not None:
        rows = evaluate(home, as_of, say)
    rows = _selected(rows or [], ids)
    if as_json:
        json.dump(rows, sys.stdout, default=str, indent=1)
        sys.stdout.write("\n")
        return
    heading = f"as of {rows[0]['as_of']:%Y-%m-%d %H:%M} UTC" + (", simulated market" if simulated else "")
    if ids:
        print(heading)
        for row in rows:
            print(f"\n{row['claim_id']}  {row['verdict']}  {_figure(row)}  (supported: {_wanted(row)})",
                  _wrapped(row["statement"]), "", _wrapped(row["evidence"]), "",
                  row["metric_sql"] or "No query could evaluate it.", sep="\n")
        return
    print_rows(["id", "statement", "supported", "figure", "verdict"],
               [(r["claim_id"], r["statement"], _wanted(r), _figure(r), r["verdict"]) for r in rows],
               f"Claims of the thesis, {heading}")
    counts = {verdict: sum(row["verdict"] == verdict for row in rows)
              for verdict in ("supported", "partial", "contradicted", "data_missing", "not_testable")}
    if any(map(else_missing, rows)):
        print("“and more”: the figure is within its bounds; what else is not met stands in the claim's evidence.")
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()),
          f"To see one with its evidence and query: rallyscope claims {rows[0]['claim_id']}", sep="\n")


def evaluate(home: DataFolder, as_of: datetime, say: Callable[[str], None]) -> list[Row]:
    """Build the ledger as of an instant in memory from all recorded data; no published or stored data changes.

    Raises BadRequest for an instant more than a day after the last fetch, since its data is not known yet.
    """
    with raw_copy(home, waiting=lambda lock_owner: say(f"waiting for {lock_owner} to finish writing")) as con:
        recorded_by = last_fetched(con)
        if recorded_by is None or as_of > recorded_by + timedelta(days=1):
            raise BadRequest(f"as-of {as_of:%Y-%m-%d %H:%M} UTC", "no data that late was fetched yet"
                             + (f", the last was {recorded_by:%Y-%m-%d %H:%M} UTC" if recorded_by else ""),
                             "Name an earlier time, or update the warehouse first: rallyscope run")
        build(con, _needed(models()), AsOf(as_of, recorded_by), home.failed_rows)
        return _rows(con)


def _needed(project: Sequence[Model]) -> list[Model]:
    """Return the ledger and every model that it reads, directly or not, in the project's order."""
    needed, by_name = {LEDGER}, {model.name: model for model in project}
    for model in reversed(project):
        if model.name in needed:
            needed |= model.reads & by_name.keys()
    return [model for model in project if model.name in needed]


def _rows(con: duckdb.DuckDBPyConnection) -> list[Row]:
    answer = con.execute(f"select * from {with_zone(con, LEDGER)} order by claim_id")
    columns = [column[0] for column in answer.description or []]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def _selected(rows: list[Row], ids: Sequence[str]) -> list[Row]:
    wanted = [text.upper() for text in ids]
    known = {row["claim_id"] for row in rows}
    if unknown := [text for text in wanted if text not in known]:
        raise BadRequest(f"claim {unknown[0]}", "the ledger has no such claim",
                         f"To list the claims {min(known)} to {max(known)}: rallyscope claims" if known else "It is empty")
    return [row for row in rows if not wanted or row["claim_id"] in wanted]


def _wrapped(text: str) -> str:
    return fill(text, console().width, break_long_words=False, break_on_hyphens=False)


def _figure(row: Row) -> str:
    return NOTHING if row["observed"] is None else plain(row["observed"])


def _wanted(row: Row) -> str:
    """Format the bounds; add "and more" if the figure is within them but another condition is not met."""
    match row["lower"], row["upper"]:
        case None, None:
            bounds = NOTHING
        case lower, None:
            bounds = f"≥ {plain(lower)}"
        case None, upper:
            bounds = f"≤ {plain(upper)}"
        case lower, upper:
            bounds = f"{plain(lower)} to {plain(upper)}"
    return bounds + (" and more" if else_missing(row) else "")
