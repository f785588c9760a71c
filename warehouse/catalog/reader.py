"""One TOML table read into one frozen dataclass: the fields are the schema, anything else is an error."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from warehouse.errors import CatalogError
from warehouse.visible import is_visible, visible


@dataclass(frozen=True)
class AtLeast:
    """A bound a number keeps, written into a field's type: Annotated[int, AtLeast(1)]."""

    value: float


@dataclass(frozen=True)
class AtMost:
    """The same from above."""

    value: float


@dataclass(frozen=True)
class Names:
    """A text that names an entry of the catalog, in the mapping called `collection`."""

    collection: str


@dataclass(frozen=True)
class Reference:
    """Where a name was used, so that a name nobody has is reported with its place."""

    file: str
    entry: str
    key: str
    collection: str
    name: str

    def wrong(self, problem: str) -> CatalogError:
        """The error that names this place."""
        return CatalogError(self.file, self.entry, self.key, problem)


# What calendars, DuckDB and pandas all can hold.
YEARS = range(1900, 2201)
LARGEST, LONGEST, LONGEST_NAME = 10**15, 2_000, 60
SCALARS = {str: "text", bool: "true or false", int: "a whole number", float: "a number", date: "a date"}


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A half-sentence that offers the nearest known name, empty when none is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


@cache
def schema(cls: type) -> dict[str, Any]:
    """The type of every field of a dataclass by name, with its annotations."""
    return get_type_hints(cls, include_extras=True)


class Reader:
    """Reads the tables of one file; `references` collects the names used, for when all files are read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.references: list[Reference] = []

    def fail(self, entry: str, key: str, problem: str) -> CatalogError:
        return CatalogError(self.file, entry, key, problem)

    def entry(self, cls: type, name: str, table: object) -> Any:
        """The entry called `name`: the value of the dataclass's first field, which is no key of its table."""
        if not name or len(name) > LONGEST_NAME or not is_visible(name) or name != name.strip():
            raise self.fail(_short(name), "-", f"is no name: one has up to {LONGEST_NAME} characters, all to be seen")
        first, *others = schema(cls)
        return self._dataclass(cls, name, "", table, others, {first: name})

    def known_keys(self, cls: type, name: str, table: object) -> dict[str, Any]:
        """The table itself, once it is one and holds no key an entry of this kind could not have."""
        _, *others = schema(cls)
        return self._table(name, "", table, others)

    def _table(self, name: str, prefix: str, table: object, keys: list[str]) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self.fail(name, prefix or "-", f"is {_short(table)}, but must be a table")
        for key in table:
            if key not in keys:
                raise self.fail(name, _join(prefix, key), f"is not a key here{did_you_mean(key, keys)}")
        return table

    def _dataclass(
        self, cls: type, name: str, prefix: str, table: object, keys: list[str], given: dict[str, Any]
    ) -> Any:
        table = self._table(name, prefix, table, keys)
        values = dict(given)
        for field in fields(cls):
            if field.name in table:
                hint = schema(cls)[field.name]
                values[field.name] = self._value(hint, name, _join(prefix, field.name), table[field.name])
            elif field.name not in given and field.default is MISSING and field.default_factory is MISSING:
                raise self.fail(name, _join(prefix, field.name), "is missing")
        made = cls(**values)
        for key, problem in _problems(made):
            raise self.fail(name, _join(prefix, key), problem)
        return made

    def _value(self, hint: Any, name: str, key: str, value: object) -> Any:
        """`value` as the type `hint` says; TOML has no null, so an optional key is absent or of its type."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            made = self._value(arguments[0], name, key, value)
            for promise in arguments[1:]:
                if isinstance(promise, AtLeast) and made < promise.value:
                    raise self.fail(name, key, f"is {made!r}, but must be at least {promise.value:g}")
                if isinstance(promise, AtMost) and made > promise.value:
                    raise self.fail(name, key, f"is {made!r}, but must be at most {promise.value:,g}")
                if isinstance(promise, Names):
                    self.references.append(Reference(self.file, name, key, promise.collection, made))
            return made
        if origin in (Union, types.UnionType):
            return self._value(next(a for a in arguments if a is not type(None)), name, key, value)
        if origin is Literal:
            if value not in arguments:
                choices = ", ".join(arguments) + did_you_mean(str(value), arguments)
                raise self.fail(name, key, f"is {_short(value)}, but must be one of {choices}")
            return value
        if origin is tuple:
            return self._tuple(arguments, name, key, value)
        if isinstance(hint, type) and is_dataclass(hint):
            return self._dataclass(hint, name, key, value, list(schema(hint)), {})
        return self._scalar(hint, name, key, value)

    def _tuple(self, arguments: tuple[Any, ...], name: str, key: str, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise self.fail(name, key, f"is {_short(value)}, but must be a list")
        if arguments[-1] is not Ellipsis and len(value) != len(arguments):
            raise self.fail(name, key, f"has {len(value)} values, but must have {len(arguments)}")
        hints = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        pairs = zip(hints, value, strict=True)
        return tuple(self._value(hint, name, f"{key}[{i}]", item) for i, (hint, item) in enumerate(pairs))

    def _scalar(self, hint: type, name: str, key: str, value: object) -> Any:
        # bool is an int and datetime a date to Python, but neither is meant when the other is written.
        strange = (isinstance(value, bool) and hint is not bool) or isinstance(value, datetime)
        if isinstance(value, int | float) and not strange and abs(value) > LARGEST:
            raise self.fail(name, key, f"is {_short(value)}, but must lie between -10^15 and 10^15")
        if hint is float and isinstance(value, int) and not strange:
            value = float(value)
        if not isinstance(value, hint) or strange:
            raise self.fail(name, key, f"is {_short(value)}, but must be {SCALARS[hint]}")
        if value == "" or (isinstance(value, float) and not math.isfinite(value)):
            raise self.fail(name, key, f"is {value!r}, which says nothing; leave the key out or give a value")
        if isinstance(value, date) and value.year not in YEARS:
            raise self.fail(name, key, f"is {value}, but must be a date from {YEARS[0]} to {YEARS[-1]}")
        if isinstance(value, str) and len(value) > LONGEST:
            raise self.fail(name, key, f"has {len(value):,} characters, but may have at most {LONGEST:,}")
        return visible(value) if isinstance(value, str) else value


def _short(value: object) -> str:
    """The value as it is written in Python, the beginning of a long one."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        return "a value without end"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _problems(made: Any) -> Iterator[tuple[str, str]]:
    """What a dataclass finds wrong with itself beyond the types of its fields: (key, problem) pairs."""
    check = getattr(made, "problems", None)
    return iter(()) if check is None else check()


def _join(prefix: str, key: str) -> str:
    return ".".join(part for part in (prefix, key) if part)
