"""Declare faults of Yahoo's chart responses: wrong symbol or zone, repeated or unordered bars, invalid values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flows.replay.faults.declared import OF_ONE, Arguments, Declared, changing
from flows.replay.faults.wire import Change, Response

Chart = dict[str, Any]
PRICES = ("open", "high", "low", "close")
DAY = 86_400


def chart(alter: Callable[[Chart, Arguments], None]) -> Callable[[Arguments], Change]:
    """Alter the chart of a response that has bars; like that of some servers, its JSON may then hold NaN and Infinity."""
    def make(arguments: Arguments) -> Change:
        def change(answer: Response) -> Response:
            result = (answer.json().get("chart", {}).get("result") or [{}])[0] if answer.status == 200 else {}
            if not result.get("timestamp"):
                return answer
            alter(result, arguments)
            return answer.with_body(json.dumps({"chart": {"result": [result], "error": None}}).encode())
        return change
    return make


def quote(result: Chart) -> dict[str, list[Any]]:
    """Return the columns of the bars."""
    return result["indicators"]["quote"][0]


def columns(result: Chart) -> list[list[Any]]:
    """Return every list with one entry per bar."""
    return [result["timestamp"], *quote(result).values(), *result["indicators"]["adjclose"][0].values()]


def named(result: Chart, arguments: Arguments) -> None:
    result["meta"]["symbol"] = arguments["other"]


def valued(value: float) -> Callable[[Chart, Arguments], None]:
    def alter(result: Chart, _: Arguments) -> None:
        for name in PRICES:
            quote(result)[name][-1] = value
    return alter


def again(factor: float) -> Callable[[Chart, Arguments], None]:
    """Repeat the newest bar at a multiple of its prices."""
    def alter(result: Chart, _: Arguments) -> None:
        for column in columns(result):
            column.append(column[-1])
        for name in PRICES:
            quote(result)[name][-1] *= factor
    return alter


def unordered(result: Chart, _: Arguments) -> None:
    for column in columns(result):
        column.reverse()


def text(result: Chart, _: Arguments) -> None:
    for name in PRICES:
        quote(result)[name][:] = [None if value is None else str(value) for value in quote(result)[name]]


def words(result: Chart, _: Arguments) -> None:
    quote(result)["close"][-1] = "unchanged"


def lacking(result: Chart, _: Arguments) -> None:
    del quote(result)["close"]


def shorter(result: Chart, _: Arguments) -> None:
    del quote(result)["close"][-1]


def zone(result: Chart, arguments: Arguments) -> None:
    result["meta"]["exchangeTimezoneName"] = arguments["zone"]


def shifted(result: Chart, arguments: Arguments) -> None:
    result["timestamp"] = [second + int(float(arguments["hours"]) * 3600) for second in result["timestamp"]]


def milliseconds(result: Chart, _: Arguments) -> None:
    result["timestamp"] = [second * 1000 for second in result["timestamp"]]


def stamped(second: int) -> Callable[[Chart, Arguments], None]:
    def alter(result: Chart, _: Arguments) -> None:
        result["timestamp"][-1] = second
    return alter


def event(kind: str, **fields: Any) -> Callable[[Chart, Arguments], None]:
    """Add an event with the given fields on the date of the newest bar."""
    def alter(result: Chart, _: Arguments) -> None:
        timestamp = result["timestamp"][-1]
        result.setdefault("events", {}).setdefault(kind, {})[str(timestamp)] = {"date": timestamp} | fields
    return alter


SPLIT = {"numerator": 2.0, "denominator": 1.0, "splitRatio": "2:1"}

FAULTS = tuple(Declared(name, does, OF_ONE | more, wire=changing(chart(alter), "bars")) for name, does, more, alter in (
    ("other-symbol", "returns the bars of another symbol under its name", {"other": "OTHER"}, named),
    ("infinite-bar", "returns Infinity for the prices of the newest bar", {}, valued(float("inf"))),
    ("nan-bar", "returns NaN for the prices of the newest bar", {}, valued(float("nan"))),
    ("duplicate-bar", "returns the newest bar twice", {}, again(1.0)),
    ("conflicting-bars", "returns two bars with different prices for the newest date", {}, again(1.5)),
    ("unordered-bars", "returns the newest bars first", {}, unordered),
    ("text-prices", "returns prices as text", {}, text),
    ("word-price", "returns a word for the newest close", {}, words),
    ("no-closes", "omits the closes", {}, lacking),
    ("short-closes", "returns one close fewer than dates", {}, shorter),
    ("other-zone", "reports another time zone", {"zone": "Asia/Tokyo"}, zone),
    ("no-zone", "reports a time zone that does not exist", {"zone": "Nowhere/Never"}, zone),
    ("shifted-stamps", "shifts every timestamp by some hours", {"hours": 24.0}, shifted),
    ("milliseconds", "returns timestamps in milliseconds", {}, milliseconds),
    ("year-10000", "dates the newest bar in the year 10000", {}, stamped(253_402_300_800)),
    ("before-christ", "dates the newest bar 2,500 years ago", {}, stamped(-78_892_315_200)),
    ("split-stamp", "dates a split in milliseconds", {}, event("splits", **SPLIT, date=1_780_000_000_000)),
    ("split-by-zero", "returns a split with a denominator of zero", {}, event("splits", **(SPLIT | {"denominator": 0.0}))),
    ("split-text", "returns a split ratio as text", {}, event("splits", **(SPLIT | {"numerator": "two"}))),
    ("dividend-null", "returns a dividend without an amount", {}, event("dividends", amount=None)),
))
