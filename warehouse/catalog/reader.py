"""Read one TOML table into one frozen dataclass: pydantic validates it, and its first error becomes a sentence."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from warehouse.catalog.values import Names, short
from warehouse.errors import CatalogError
from warehouse.visible import is_visible

LONGEST_NAME = 60
# The expected type, by the first word of pydantic's name of the error.
SCALARS = {"string": "text", "bool": "true or false", "int": "a whole number", "float": "a number", "date": "a date",
           "tuple": "a list", "dataclass": "a table"}
UNKNOWN_KEY = "unexpected_keyword_argument"


@dataclass(frozen=True)
class Reference:
    """The place where a name was used, so that an unknown name is reported with its place."""

    file: str
    entry: str
    key: str
    collection: str
    name: str

    def wrong(self, problem: str) -> CatalogError:
        """Return the error for a problem at this place."""
        return CatalogError(self.file, self.entry, self.key, problem)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return a half-sentence that suggests the nearest known name, or an empty string if no name is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _unknown_key(key: str, keys: Iterable[str]) -> str:
    return f"is not a known key{did_you_mean(key, keys) or '; the keys are ' + ', '.join(keys)}"


@cache
def _schema(cls: type) -> dict[str, Any]:
    """Return the type of every field of a dataclass by name, with its annotations."""
    return get_type_hints(cls, include_extras=True)


@cache
def _adapter(cls: type) -> TypeAdapter:
    for entry in (cls, *(inner for hint in _schema(cls).values() for inner in _dataclasses(hint))):
        entry.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return TypeAdapter(cls)


class Reader:
    """Reads the tables of one file; `references` collects the names used, to check them after all files are read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.references: list[Reference] = []

    def fail(self, entry: str, key: str, problem: str) -> CatalogError:
        return CatalogError(self.file, entry, key, problem)

    def entry(self, cls: type, name: str, table: object) -> Any:
        """Read the entry called `name`; the name becomes the dataclass's first field, which is not a key of the table."""
        if not name or len(name) > LONGEST_NAME or not is_visible(name) or name != name.strip():
            raise self.fail(short(name), "-", f"is not a valid name: use up to {LONGEST_NAME} characters, all to be seen")
        given = self.known_keys(cls, name, table)
        try:
            made = _adapter(cls).validate_python({next(iter(_schema(cls))): name, **given})
        except ValidationError as error:
            # Report a misspelled key first, since it often explains why another key is missing.
            first = min(error.errors(include_url=False), key=lambda found: found["type"] != UNKNOWN_KEY)
            raise self.fail(name, _key_path(first["loc"]), _problem(cls, first)) from None
        for key_path, value in _inside(made, ""):
            for key, problem in value.problems() if hasattr(value, "problems") else ():
                raise self.fail(name, ".".join(part for part in (key_path, key) if part), problem)
        self.references += [Reference(self.file, name, key_path, collection, used)
                            for key_path, collection, used in _names(made, "")]
        return made

    def known_keys(self, cls: type, name: str, table: object) -> dict[str, Any]:
        """Return the table after checking that it is one and has no unknown keys."""
        if not isinstance(table, dict):
            raise self.fail(name, "-", f"is {short(table)}, but must be a table")
        _, *keys = _schema(cls)
        for key in table:
            if key not in keys:
                raise self.fail(name, key, _unknown_key(key, keys))
        return table


def _key_path(location: tuple[int | str, ...]) -> str:
    """Format the place of an error like code: members[1].symbol."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _problem(cls: type, error: ErrorDetails) -> str:
    """Describe the problem with a value, as a half-sentence that follows its name."""
    kind, value, known = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == UNKNOWN_KEY:
        *outer, key = error["loc"]
        return _unknown_key(str(key), _schema(_dataclass_at(cls, outer)))
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", known["expected"])
        return f"is {short(value)}, but must be one of {', '.join(choices)}{did_you_mean(str(value), choices)}"
    if kind == "greater_than_equal":
        return f"is {value!r}, but must be at least {known['ge']:g}"
    if kind == "less_than_equal":
        return f"is {value!r}, but must be at most {known['le']:,g}"
    if must_be := SCALARS.get(kind.partition("_")[0]):
        return f"is {short(value)}, but must be {must_be}"
    return known.get("problem") or error["msg"]


def _dataclass_at(cls: type, location: list[int | str]) -> type:
    """Return the dataclass at a place inside `cls`."""
    for part in location:
        if isinstance(part, str):
            cls, = _dataclasses(_schema(cls)[part])
    return cls


def _dataclasses(hint: Any) -> Iterator[type]:
    """Yield the dataclasses in a type: the type itself, members of a union, and items of a tuple."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    elif get_origin(hint) in (Union, types.UnionType, Annotated, tuple):
        for argument in get_args(hint):
            yield from _dataclasses(argument)


def _inside(made: Any, key_path: str) -> Iterator[tuple[str, Any]]:
    """Yield the dataclasses inside a dataclass, innermost first, and then itself, each with its place."""
    for name, _, holds_dataclasses in _followed(type(made)):
        if holds_dataclasses:
            for key, item in _items(name, getattr(made, name)):
                yield from _inside(item, f"{key_path}.{key}" if key_path else key)
    yield key_path, made


def _names(made: Any, key_path: str) -> Iterator[tuple[str, str, str]]:
    """Yield every reference to another entry inside an entry: its place, the collection, the name."""
    for name, collection, holds_dataclasses in _followed(type(made)):
        for key, item in _items(name, getattr(made, name)):
            here = f"{key_path}.{key}" if key_path else key
            if holds_dataclasses:
                yield from _names(item, here)
            elif item:
                yield here, collection, item


def _items(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    """Yield the values of a field with their places: a tuple's values one by one, and nothing for None."""
    if isinstance(value, tuple):
        return [(f"{name}[{i}]", item) for i, item in enumerate(value)]
    return [] if value is None else [(name, value)]


@cache
def _followed(cls: type) -> list[tuple[str, str, bool]]:
    """Return the fields that name entries (with the collection) or hold dataclasses."""
    found = [(name, next((mark.collection for mark in _metadata(hint) if isinstance(mark, Names)), ""),
              any(_dataclasses(hint))) for name, hint in _schema(cls).items()]
    return [(name, collection, holds) for name, collection, holds in found if collection or holds]


def _metadata(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        yield from hint.__metadata__
    elif get_origin(hint) in (Union, types.UnionType, tuple):
        for argument in get_args(hint):
            yield from _metadata(argument)
