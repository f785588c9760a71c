"""Declare faults of published weights, and of the clock that a source reports."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import format_datetime

from flows.replay.faults.declared import Arguments, Declared, changing
from flows.replay.faults.wire import Change, Fault, Response

ONE = """($index = '*' or "index" = $index)"""
INDEX = {"index": "*"}


def clock_back(arguments: Arguments) -> Fault:
    """Date every response, and the clock itself, some days in the past."""
    now = datetime.fromisoformat(str(arguments["now"])) - timedelta(days=float(arguments["days"]))

    def change(answer: Response) -> Response:
        body = answer.body
        if body.startswith(b'{"now":'):
            body = json.dumps(answer.json() | {"now": now.isoformat()}).encode()
        return Response(answer.status, answer.headers | {"date": format_datetime(now, usegmt=True)}, body)

    return Fault("*", "changed", times=None, change=change)


def clock_in_words(_: Arguments) -> Change:
    return lambda answer: answer.with_body(b'{"now": "yesterday", "simulated": false}')


def other_index(arguments: Arguments) -> Change:
    """Return the list under the name of another index."""
    def change(answer: Response) -> Response:
        head, _, rows = answer.body.decode().partition("\n")
        renamed = "".join(f"{arguments['other']},{row.partition(',')[2]}\n" for row in rows.splitlines())
        return answer.with_body(f"{head}\n{renamed}".encode())
    return change


def other_columns(_: Arguments) -> Change:
    return lambda answer: answer.with_body(answer.body.replace(b"weight", b"gewicht", 1))


FAULTS = (
    Declared("weights-in-percent", "returns weights in percent", INDEX,
             answer=(f"update index_weights set weight = weight * 100 where {ONE}",)),
    Declared("weights-doubled", "lists every member twice", INDEX,
             answer=(f"insert into index_weights from index_weights where {ONE}",)),
    Declared("weights-short", "lists half of the weight", INDEX,
             answer=(f"update index_weights set weight = weight / 2 where {ONE}",)),
    Declared("weights-negative", "lists negative weights", INDEX,
             answer=(f"update index_weights set weight = -weight where {ONE}",)),
    Declared("weights-foreign", "lists an unknown symbol", INDEX, answer=(f"""
        insert into index_weights
        select distinct "index", date, published_on, 'NOBODY', 0.1 from index_weights where {ONE}""",)),
    Declared("weights-of-another-index", "returns the list of another index", {"key": "*", "other": "OTHER"},
             wire=changing(other_index, "weights")),
    Declared("weights-columns", "renames the columns of its list", {"key": "*"},
             wire=changing(other_columns, "weights")),
    Declared("clock-back", "dates its responses, and its clock, some days in the past", {"days": 2.0}, wire=clock_back),
    Declared("clock-in-words", "returns its clock as text", {}, wire=lambda arguments: Fault(
        "/clock", "changed", times=None, change=clock_in_words(arguments))),
)
