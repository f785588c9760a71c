"""How a command ends: its exit code, and one sentence where a person ended it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from flows.report.output import to_nowhere
from warehouse.errors import OutputFailed, RallyscopeError, SystemFailed


def exit_code(command: Callable[[], object], say: Callable[[str], None]) -> int:
    """Run a command; an error that a person can cause is told and ends with its code, Ctrl-C with 130.

    SIGTERM keeps its default, which ends a query at once where Python's handlers wait for DuckDB to return.
    """
    interrupts = _noted_interrupts()
    try:
        code = _run(command)
    except (Exception, KeyboardInterrupt) as error:
        if interrupts:
            code = 1  # DuckDB, for one, makes an error of its own of the interrupt
        elif known := _known(error):
            say(f"rallyscope: {known}")
            code = known.exit_code
        else:
            raise
    if interrupts and code:
        say("rallyscope: interrupted; what was loaded stays, the same command goes on")
        code = 128 + signal.SIGINT
    return code


def _known(error: BaseException) -> RallyscopeError | None:
    """The error as one that says what to do: ours as it is, and what a disk or the machine's memory did."""
    match error:
        case RallyscopeError():
            return error
        case OSError():
            return SystemFailed.of(error)
        case MemoryError():
            return SystemFailed("", "the machine has not enough memory")
    return None


def _noted_interrupts() -> list[int]:
    """The interrupts that have come, in a list that grows; each raises KeyboardInterrupt, unless they are ignored."""
    interrupts: list[int] = []

    def interrupt(number: int, _) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    return interrupts


def _run(command: Callable[[], object]) -> int:
    """Its exit code; 0 when the reader of its output (head, less) had seen enough."""
    code = 0
    try:
        try:
            command()
        except SystemExit as end:
            if isinstance(end.__context__, BrokenPipeError):  # Typer and Rich make a failure of it
                raise BrokenPipeError from None
            code = int(end.code or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        to_nowhere(1)
    except OutputFailed:
        to_nowhere(1)
        raise
    return code
