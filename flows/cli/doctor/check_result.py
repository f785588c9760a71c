"""What a check of `rallyscope doctor` found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from warehouse.errors import RallyscopeError, SystemFailed


@dataclass(frozen=True)
class Finding:
    """One check's name, whether all is well, and a line; where it is not, the line says what to do."""

    name: str
    ok: bool
    line: str


Answer = tuple[bool, str]


def well(line: str) -> Answer:
    """Nothing is to be done."""
    return True, line


def fix(line: str) -> Answer:
    """Something is to be done, and the line says what."""
    return False, line


def found(name: str, check: Callable[[], Answer]) -> Finding:
    """What the check found; an error that is understood is a finding too."""
    try:
        return Finding(name, *check())
    except RallyscopeError as error:
        return Finding(name, False, str(error))
    except OSError as error:
        return Finding(name, False, str(SystemFailed.of(error)))
