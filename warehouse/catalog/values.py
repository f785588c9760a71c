"""The types of values in catalog entries, for pydantic, each with the bounds of its values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Strict
from pydantic_core import PydanticCustomError

from warehouse.visible import visible

# The years that calendars, DuckDB and pandas can all represent.
YEARS = range(1900, 2201)
LARGEST, LONGEST = 10**15, 2_000


@dataclass(frozen=True)
class Names:
    """Marks a text that names an entry of the catalog in the mapping called `collection`."""

    collection: str


def short(value: object) -> str:
    """Return the value's repr, truncated if it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        return "a value without end"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _wrong(problem: str) -> PydanticCustomError:
    return PydanticCustomError("problem", "{problem}", {"problem": problem})


def _text(value: str) -> str:
    if not value:
        raise _wrong(f"is {value!r}, which says nothing; leave the key out or give a value")
    if len(value) > LONGEST:
        raise _wrong(f"has {len(value):,} characters, but may have at most {LONGEST:,}")
    return visible(value)


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise _wrong(f"is {value!r}, which says nothing; leave the key out or give a value")
    return value


def _not_too_large(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > LARGEST and value not in (
            math.inf, -math.inf):
        raise _wrong(f"is {short(value)}, but must lie between -10^15 and 10^15")
    return value


def _day(value: date) -> date:
    if value.year not in YEARS:
        raise _wrong(f"is {value}, but must be a date from {YEARS[0]} to {YEARS[-1]}")
    return value


def _values(number: int) -> Callable[[object], object]:
    def check(value: Any) -> Any:
        if isinstance(value, list) and len(value) != number:
            raise _wrong(f"has {len(value)} values, but must have {number}")
        return value

    return check


Text = Annotated[str, Strict(), AfterValidator(_text)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict(), BeforeValidator(_not_too_large)]
Number = Annotated[float, Strict(), BeforeValidator(_not_too_large), AfterValidator(_number)]
Day = Annotated[date, Strict(), AfterValidator(_day)]
Pair = Annotated[tuple[Number, Number], BeforeValidator(_values(2))]
FiveTexts = Annotated[tuple[Text, Text, Text, Text, Text], BeforeValidator(_values(5))]
