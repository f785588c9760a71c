"""Apply faults to the rows of an archive: choose their targets and run the SQL of their declarations."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import duckdb

from flows.replay.faults.declared import InjectedFault
from warehouse.errors import BadRequest

# The candidates from which the seed chooses, by the `among` of a declaration.
CANDIDATES = {
    "stock": """select symbol from bars where date = $last and symbol in (select symbol from shares)
                and not starts_with(symbol, '^') and not ends_with(symbol, '-USD')""",
    "split": "select symbol from actions where split_ratio > 0 and split_ratio <> 1 and date <= $last",
    "series": "select series_id from observations",
}
KNOWN = {
    "symbol": "select symbol from bars",
    "series": "select series_id from observations",
    "index": 'select "index" from index_weights',
}


def resolved(con: duckdb.DuckDBPyConnection, faults: Sequence[InjectedFault], bar_day: date) -> list[InjectedFault]:
    """Resolve the targets and sessions of the faults; raise BadRequest for one that the archive does not have."""
    if not faults:
        return []
    sessions = [day for day, in con.execute("""
        select distinct date from bars where date <= ? and not ends_with(symbol, '-USD') order by 1""",
        [bar_day]).fetchall()]
    return [_whom(con, _when(fault, sessions)) for fault in faults]


def strike(con: duckdb.DuckDBPyConnection, faults: Sequence[InjectedFault], stage: Literal["archive", "answer"],
           days: Mapping[str, Any]) -> None:
    """Run the SQL of one stage, with the arguments and the days as parameters."""
    for fault in faults:
        given = {**fault.arguments, **fault.struck, **days}
        for statement in fault.declared.archive if stage == "archive" else fault.declared.answer:
            used = set(re.findall(r"\$(\w+)", statement))
            con.execute(statement, {name: value for name, value in given.items() if name in used})


def _when(fault: InjectedFault, sessions: Sequence[date]) -> InjectedFault:
    """Return the fault with the first and the last affected session."""
    days, back = int(fault.arguments.get("days", 1)), int(fault.arguments.get("back", 0))
    if max(days, 1) + back > len(sessions):
        raise BadRequest(f"--fault {fault}", f"the archive has {len(sessions)} sessions by then", "Strike fewer of them")
    return replace(fault, struck={"first": sessions[-back - max(days, 1)], "last": sessions[-back - 1]})


def _whom(con: duckdb.DuckDBPyConnection, fault: InjectedFault) -> InjectedFault:
    """Return the fault with a chosen symbol, series or key for each argument without a value."""
    arguments, among = dict(fault.arguments), fault.declared.among
    for name in ("symbol", "series", "key"):
        if arguments.get(name) == "":
            sql = CANDIDATES[among]
            given = {"last": fault.struck["last"]} if "$last" in sql else {}
            found = sorted({key for key, in con.execute(sql, given).fetchall()})
            if not found:
                raise BadRequest(f"--fault {fault}", f"the archive has no {among} for it", "Name another archive")
            arguments[name] = random.Random(f"{fault.seed}/{fault.declared.name}").choice(found)
    for name, sql in KNOWN.items():
        requested = arguments.get(name, "*")
        if requested != "*" and not con.execute(f"select 1 from ({sql}) t(name) where name = ? limit 1",
                                                [requested]).fetchall():
            raise BadRequest(f"--fault {fault}", f"the archive has no {name} {requested}",
                             "Name one it has, or leave it out")
    return replace(fault, arguments=arguments)
