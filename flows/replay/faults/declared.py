"""Declare faults, and parse the faults named on the command line with their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from flows.replay.faults.wire import Change, Fault, Kind
from warehouse.errors import BadRequest

Value = str | int | float
Arguments = Mapping[str, Value]

# The meaning of each argument, for the list that a user reads.
MEANING = {
    "symbol": "the symbol, * for every one; by default one that the seed chooses",
    "series": "the FRED series, * for every one; by default one that the seed chooses",
    "index": "the index whose list of weights it is, * for every one",
    "days": "how many sessions in a row",
    "back": "how many sessions before the newest one they end",
    "on": "which requests: bars, shares (and statements), vintages, observations, weights, cboe, yahoo, fred or all",
    "key": "the symbol, series or index asked for, * for every one; where there is no default one that the seed chooses",
    "times": "so many requests and then never again; 0 is for ever",
    "after": "so many of these requests pass first",
}

BARS = {"symbol": "", "days": 1, "back": 0}
SYMBOL = {"symbol": ""}
SERIES = {"series": ""}
WIRE = {"on": "bars", "key": "*", "times": 0, "after": 0}
OF_ONE = {"key": "", "times": 0, "after": 0}

# The path of a request, by the data that it requests.
PATHS = {
    "bars": "/v8/finance/chart/{key}",
    "shares": "/ws/fundamentals-timeseries/v1/finance/timeseries/{key}",
    "observations": "/fred/series/observations?series_id={key}",
    "vintages": "/fred/series/vintagedates?series_id={key}",
    "weights": "/weights/{key}.csv",
    "cboe": "/api/global/us_indices/daily_prices/*",
    "yahoo": "/[vw]*/finance/*",
    "fred": "/fred/*?series_id={key}",
    "all": "/[avwf]*/*",
}


@dataclass(frozen=True)
class Declared:
    """One fault that a user can name; it affects the archive's rows, the source's tables, or the wire.

    archive   SQL on the archive's tables, before the source divides prices by splits
    answer    SQL on the source's tables: bar, split, dividend, shares, observation, statements, index_weights
    wire      a function from the arguments to the Fault on the wire

    The SQL reads the arguments as $name, and the affected sessions as $first and $last.
    """

    name: str
    does: str
    takes: Arguments = field(default_factory=dict)
    archive: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    wire: Callable[[Arguments], Fault] | None = None
    among: str = "stock"
    """What the seed chooses from: stock, split for a stock that has one, or series."""

    def usage(self) -> str:
        """Return the name with its arguments and their defaults."""
        given = ",".join(f"{name}={value}" for name, value in self.takes.items())
        return f"{self.name}:{given}" if given else self.name


@dataclass(frozen=True)
class InjectedFault:
    """A fault with its arguments; `seed` chooses the values of arguments without one."""

    declared: Declared
    arguments: Arguments
    seed: str = "0"
    struck: Mapping[str, date] = field(default_factory=dict)
    """The first and last session that the fault changes, once an archive is known."""

    def __str__(self) -> str:
        given = ",".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.declared.name}:{given}" if given else self.declared.name


def choose(text: str, library: Mapping[str, Declared], seed: str = "0") -> InjectedFault:
    """Parse a fault from NAME or NAME:argument=value,...; raise BadRequest if it is invalid."""
    name, _, given = text.partition(":")
    declared = library.get(name)
    if declared is None:
        close = get_close_matches(name, library, 3)
        raise BadRequest(f"--fault {name}", "there is no such fault",
                         f"Did you mean {' or '.join(close)}?" if close else "See them all: rallyscope replay --fault list")
    arguments = dict(declared.takes)
    for part in filter(None, given.split(",")):
        argument, equals, value = part.partition("=")
        if not equals or argument not in arguments:
            takes = f"It takes {', '.join(arguments)}" if arguments else "It takes none"
            raise BadRequest(f"--fault {text}", f"{name} has no argument {argument!r}" if equals else
                             f"{part!r} is not argument=value", takes)
        arguments[argument] = _read(text, argument, value, declared.takes[argument])
    if "on" in arguments and arguments["on"] not in PATHS:
        raise BadRequest(f"--fault {text}", f"on={arguments['on']} names no requests", f"It is one of {', '.join(PATHS)}")
    return InjectedFault(declared, arguments, seed)


def _read(text: str, argument: str, value: str, default: Value) -> Value:
    """Convert the value to the type of its default; raise BadRequest if that is impossible."""
    if isinstance(default, str):
        return value
    try:
        read = type(default)(value)
    except ValueError:
        read = None
    if read is None or not abs(read) < 1e9 or (read < 0 and argument in ("days", "back", "times", "after", "seconds")):
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise BadRequest(f"--fault {text}", f"{argument}={value} is not {kind} it can use",
                         f"For example {argument}={default}")
    return read


def changing(change: Callable[[Arguments], Change], on: str = "") -> Callable[[Arguments], Fault]:
    """Return a factory of faults that change the responses to the requests named by the arguments, or by `on`."""

    def make(arguments: Arguments) -> Fault:
        return fault(arguments, "changed", on, change=change(arguments))

    return make


def fault(arguments: Arguments, kind: Kind, on: str = "", seconds: float = 0.0,
          change: Change = lambda answer: answer) -> Fault:
    """Create the Fault for the requests that the arguments name, as many times as they state."""
    path = PATHS[on or str(arguments["on"])].format(key=arguments.get("key", "*")).removesuffix("?series_id=*")
    return Fault(path, kind, times=int(arguments.get("times", 0)) or None, after=int(arguments.get("after", 0)),
                 seconds=seconds, change=change)
