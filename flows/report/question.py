"""Define a named query, and write it out as SQL that a reader can copy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Question:
    """A query with a name; `title` describes its rows, `none` explains an empty result."""

    key: str
    title: str
    sql: str
    none: str = "The published file has no such row for this session."


def written_out(sql: str, given: Mapping[str, date | str]) -> str:
    """Return the query with its parameters as SQL literals, ready to copy."""

    def literal(found: re.Match[str]) -> str:
        value = given[found[1]]
        return f"date '{value}'" if isinstance(value, date) else "'" + value.replace("'", "''") + "'"

    lines = re.sub(r"\$(\w+)", literal, sql).strip("\n").splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:] for line in lines).rstrip()
