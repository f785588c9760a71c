"""What a check of `rallyscope doctor` found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from warehouse.errors import RallyscopeError, SystemFailed


@dataclass(frozen=True)
class CheckResult:
    """One check's name, whether all is well, and a line; where it is not, the line says what to do."""

    name: str
    ok: bool
    line: str


Outcome = tuple[bool, str]


def ok(line: str) -> Outcome:
    """Nothing is to be done."""
    return True, line


def fix(line: str) -> Outcome:
    """Something is to be done, and the line says what."""
    return False, line


def run_check(name: str, check: Callable[[], Outcome]) -> CheckResult:
    """What the check found; an error that is understood is a finding too."""
    try:
        return CheckResult(name, *check())
    except RallyscopeError as error:
        return CheckResult(name, False, str(error))
    except OSError as error:
        return CheckResult(name, False, str(SystemFailed.of(error)))
