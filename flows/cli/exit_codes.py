"""Run a command and determine its exit code; an expected error prints one sentence."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable

from flows.report.output import to_nowhere
from warehouse.errors import BadRequest, OutputFailed, RallyscopeError, SystemFailed

# Errors of the path itself: neither disk space nor permissions would help.
IMPOSSIBLE_PATH = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}


def exit_code(command: Callable[[], object], say: Callable[[str], None]) -> int:
    """Run a command and return its exit code: an expected error prints its sentence and returns its code, Ctrl-C 130.

    SIGTERM keeps its default handler, which ends a query at once; a Python handler would wait for DuckDB to return.
    """
    interrupts = _noted_interrupts()
    try:
        code = _run(command)
    except (Exception, KeyboardInterrupt) as error:
        if interrupts:
            code = 1  # DuckDB, for example, converts the interrupt to another error
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
    """Return the error as one with a next step; convert errors of the disk and the memory. None for any other error."""
    match error:
        case RallyscopeError():
            return error
        case OSError() if error.filename and error.errno in IMPOSSIBLE_PATH:
            return BadRequest(str(error.filename), (error.strerror or "").lower(), "Use another path")
        case OSError():
            return SystemFailed.of(error)
        case MemoryError():
            return SystemFailed("", "the machine does not have enough memory")
    return None


def _noted_interrupts() -> list[int]:
    """Return a list that records interrupts; each one raises KeyboardInterrupt, unless interrupts are ignored."""
    interrupts: list[int] = []

    def interrupt(number: int, _) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    return interrupts


def _run(command: Callable[[], object]) -> int:
    """Run the command and return its exit code; 0 if the reader of its output (head, less) closed the pipe."""
    code = 0
    try:
        try:
            command()
        except SystemExit as end:
            if isinstance(end.__context__, BrokenPipeError):  # Typer and Rich convert a broken pipe to an exit code
                raise BrokenPipeError from None
            code = int(end.code or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        to_nowhere(1)
    except OutputFailed:
        to_nowhere(1)
        raise
    return code
