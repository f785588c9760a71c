"""Declare faults of FRED: revised, missing or invalid values, shrinking histories, endless pages, dates, encodings."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

from flows.replay.faults.declared import OF_ONE, SERIES, Arguments, Declared, changing
from flows.replay.faults.wire import Change, Response

CONTENT = "text/xml; charset=UTF-8"
ONE = "($series = '*' or series_id = $series)"
NEWEST = f"{ONE} and date = (select max(o.date) from observation o where o.series_id = observation.series_id)"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
DOCUMENT = b'<?xml version="1.0" encoding="utf-8" ?>\n'


def xml(alter: Callable[[ET.Element, Arguments], None]) -> Callable[[Arguments], Change]:
    """Alter an XML response that has rows."""
    def make(arguments: Arguments) -> Change:
        def change(answer: Response) -> Response:
            if answer.status != 200 or not answer.body.lstrip().startswith(b"<"):
                return answer
            root = ET.fromstring(answer.body)
            if len(root):
                alter(root, arguments)
            return answer.with_body(DOCUMENT + ET.tostring(root))
        return change
    return make


def refused(message: str) -> Callable[[Arguments], Change]:
    """Return FRED's error response with a message."""
    return lambda _: lambda answer: Response(400, {"content-type": CONTENT}, DOCUMENT +
                                           f'<error code="400" message="Bad Request.  {message}"/>'.encode())


def encoded(arguments: Arguments) -> Change:
    """Return the response in another encoding than FRED's and declare it; if Python lacks the encoding, only declare it."""
    name = str(arguments["encoding"])

    def change(answer: Response) -> Response:
        attributes = answer.body.decode().replace('encoding="utf-8"', f'encoding="{name}"')
        try:
            return answer.with_body(attributes.encode(name))
        except LookupError:
            return answer.with_body(attributes.encode())
    return change


def entities(_: Arguments) -> Change:
    """Return a document whose entities expand to a gigabyte."""
    return lambda answer: answer.with_body(
        f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">{LAUGHS}]><observations count="1" limit="100000">'
        '<observation date="2026-05-01" value="&a9;"/></observations>'.encode())


def newest(**attributes: str) -> Callable[[ET.Element, Arguments], None]:
    """Change attributes of the newest row."""
    def alter(root: ET.Element, _: Arguments) -> None:
        root[-1].attrib.update(attributes)
    return alter


def dated(root: ET.Element, arguments: Arguments) -> None:
    root[-1].set("date", str(arguments["date"]))


def american(root: ET.Element, _: Arguments) -> None:
    for row in root:
        year, month, day = row.get("date", "").split("-")
        row.set("date", f"{month}/{day}/{year}")


def comma(root: ET.Element, _: Arguments) -> None:
    for row in root:
        row.set("value", row.get("value", "").replace(".", ","))


def endless(root: ET.Element, _: Arguments) -> None:
    """Return one row per page and announce a hundred million rows."""
    del root[1:]
    root.attrib.update(count="99999999", limit="1")


def short_page(root: ET.Element, _: Arguments) -> None:
    root.set("count", str(len(root) + 5))


def twice(value: str | None) -> Callable[[ET.Element, Arguments], None]:
    """Repeat the newest row, with another value if one is given."""
    def alter(root: ET.Element, _: Arguments) -> None:
        ET.SubElement(root, root[-1].tag, root[-1].attrib | ({"value": value} if value else {}))
    return alter


def outside(root: ET.Element, _: Arguments) -> None:
    """Add a row long before the requested range."""
    ET.SubElement(root, root[-1].tag, root[-1].attrib | {"date": "1999-12-31", "value": "6.45"})


def lacking(root: ET.Element, _: Arguments) -> None:
    for row in root:
        del row.attrib["value"]


def other(root: ET.Element, arguments: Arguments) -> None:
    for row in root:
        row.set("series_id", str(arguments["other"]))


NO_KEY = "Variable api_key has not been set."
BAD_KEY = "The value for variable api_key is not registered."
WIRE = tuple(Declared(name, does, OF_ONE | more, wire=changing(xml(alter), "observations"),
                      among="series") for name, does, more, alter in (
    ("odd-date", "returns an invalid date for the newest observation", {"date": "2026-05"}, dated),
    ("american-dates", "dates observations as 05/29/2026", {}, american),
    ("comma-values", "returns values with a decimal comma", {}, comma),
    ("word-value", "returns n/a for the newest value", {}, newest(value="n/a")),
    ("infinite-value", "returns inf for the newest value", {}, newest(value="inf")),
    ("no-values", "omits the values", {}, lacking),
    ("endless-pages", "returns one row per page of a hundred million rows", {}, endless),
    ("short-page", "returns fewer rows than its count", {}, short_page),
    ("duplicate-value", "returns the newest observation twice", {}, twice(None)),
    ("conflicting-values", "returns two values for the newest date", {}, twice("4.75")),
    ("outside-the-range", "returns an observation outside the requested range", {}, outside),
    ("other-series", "returns the rows of another series under its name", {"other": "OTHER"}, other),
))
FAULTS = (
    *WIRE,
    Declared("odd-encoding", "returns another encoding", OF_ONE | {"encoding": "utf-16"},
             among="series", wire=changing(encoded, "observations")),
    Declared("unknown-encoding", "names an encoding that does not exist", OF_ONE | {"encoding": "x-none"},
             among="series", wire=changing(encoded, "observations")),
    Declared("entities", "returns XML whose entities expand to a gigabyte", OF_ONE, among="series",
             wire=changing(entities, "observations")),
    Declared("no-key", "rejects the request as sent without a key",
     {"times": 0, "after": 0}, wire=changing(refused(NO_KEY), "fred")),
    Declared("bad-key", "rejects the key as not registered", {"times": 0, "after": 0},
             wire=changing(refused(BAD_KEY), "fred")),
    Declared("no-such-series", "no longer knows a series", OF_ONE, among="series",
             wire=changing(refused("The series does not exist."), "fred")),
    Declared("missing-value", "returns . for the newest value", SERIES, among="series",
             answer=(f"update observation set value = '.' where {NEWEST}",)),
    Declared("value-spike", "returns a value three times as high for the newest date", SERIES | {"factor": 3.0},
             among="series",
             answer=(f"update observation set value = round(try_cast(value as double) * $factor, 4) where {NEWEST}",)),
    Declared("value-far-off", "returns a value far outside its possible range", SERIES | {"value": 4000.0}, among="series",
             answer=(f"update observation set value = $value where {NEWEST}",)),
    Declared("revised-value", "revises the newest value", SERIES | {"add": 0.1}, among="series",
             answer=(f"update observation set value = round(try_cast(value as double) + $add, 4) where {NEWEST}",)),
    Declared("lost-observation", "no longer returns the newest value", SERIES, among="series",
             answer=(f"delete from observation where {NEWEST}",)),
    Declared("shrunken-history", "returns only the last few dates", SERIES | {"rows": 5}, among="series", answer=(f"""
        delete from observation where {ONE} and date < (
            select list_extract(list_reverse_sort(list(distinct o.date)), $rows::bigint)
            from observation o where o.series_id = observation.series_id)""",)),
)
