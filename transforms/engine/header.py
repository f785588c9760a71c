"""The header of a SQL file: TOML in the opening comment, then one SELECT."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from functools import cache
from typing import Any

from warehouse.errors import ModelError


def header_and_sql(text: str, name: str) -> tuple[dict[str, Any], str]:
    """Split a file into its header and its SQL without the semicolon; raise ModelError if there is no valid header."""
    opening, end, rest = text.partition("*/")
    if not opening.startswith("/*") or not end:
        raise ModelError(name, "begins without a /* header */")
    try:
        header = deepcopy(_parsed(opening.removeprefix("/*")))
    except tomllib.TOMLDecodeError as error:
        raise ModelError(name, f"has a header that is not TOML: {error}") from None
    except RecursionError:
        raise ModelError(name, "has a header whose values are nested too deeply") from None
    return header, rest.strip().removesuffix(";")


@cache  # a run reads the same headers several times
def _parsed(toml: str) -> dict[str, Any]:
    return tomllib.loads(toml)
