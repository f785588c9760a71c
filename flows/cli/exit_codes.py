"""The exit code of a command, and the one sentence that an expected error prints."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from flows.report.output import to_nowhere
from warehouse.errors import OutputFailed, RallyscopeError, SystemFailed


def exit_code(command: Callable[[], object], say: Callable[[str], None]) -> int:
    """Run a command; an error the user can cause prints its sentence and returns its code, Ctrl-C returns 130.

    SIGTERM keeps its default handler, which ends a query at once; a Python handler would wait for DuckDB to return.
    """
    interrupts = _noted_interrupts()
    try:
        code = _run(command)
    except (Exception, KeyboardInterrupt) as error:
        if interrupts:
            code = 1  # DuckDB, for example, turns the interrupt into its own error
        elif known := _known(error):
            say(f"rallyscope: {known}")
            code = known.exit_code
        else:
            raise
    if interrupts and code:
        say("rallyscope: interrupted; loaded data is kept, run the same command again to continue")
        code = 128 + signal.SIGINT
    return code


def _known(error: BaseException) -> RallyscopeError | None:
    """The error as one with a next step: ours unchanged, an error of the disk or the memory converted."""
    match error:
        case RallyscopeError():
            return error
        case OSError():
            return SystemFailed.of(error)
        case MemoryError():
            return SystemFailed("", "the machine does not have enough memory")
    return None


def _noted_interrupts() -> list[int]:
    """A list that grows with each interrupt; each raises KeyboardInterrupt, unless interrupts are ignored."""
    interrupts: list[int] = []

    def interrupt(number: int, _) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    return interrupts


def _run(command: Callable[[], object]) -> int:
    """Its exit code; 0 if the reader of its output (head, less) closed the pipe."""
    code = 0
    try:
        try:
            command()
        except SystemExit as end:
            if isinstance(end.__context__, BrokenPipeError):  # Typer and Rich turn it into a failure
                raise BrokenPipeError from None
            code = int(end.code or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        to_nowhere(1)
    except OutputFailed:
        to_nowhere(1)
        raise
    return code
