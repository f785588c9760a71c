"""The result of a check of `rallyscope doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from warehouse.errors import RallyscopeError, SystemFailed


@dataclass(frozen=True)
class CheckResult:
    """The name of a check, whether it passed, and a line; if it failed, the line says how to fix it."""

    name: str
    ok: bool
    line: str


Outcome = tuple[bool, str]


def ok(line: str) -> Outcome:
    """The check passed."""
    return True, line


def fix(line: str) -> Outcome:
    """The check failed, and the line says how to fix it."""
    return False, line


def run_check(name: str, check: Callable[[], Outcome]) -> CheckResult:
    """The result of the check; an expected error counts as a failed check."""
    try:
        return CheckResult(name, *check())
    except RallyscopeError as error:
        return CheckResult(name, False, str(error))
    except OSError as error:
        return CheckResult(name, False, str(SystemFailed.of(error)))
