"""Draw the page in a separate process, so that a crash of a chart library does not end the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from flows.settings import environment
from warehouse.data_folder import DataFolder
from warehouse.errors import RallyscopeError
from warehouse.installation import CODE_FOLDER

if TYPE_CHECKING:
    from flows.report.page.write import Named

COMMAND = (sys.executable, "-m", "flows.report.page.separate_process")
# A page takes seconds.
SECONDS = 300.0
LONGEST_REASON = 500


class PageNotMade(Exception):
    """The separate process made no page; the message is its last line or how it ended."""


@dataclass(frozen=True)
class _Source:
    title: str
    terms: str


def write_in_separate_process(home: DataFolder, sources: Sequence[Named], day: date) -> Path:
    """Make the page of a session in a separate process and return its file; raise PageNotMade if that fails."""
    wanted = {"home": str(home.folder), "day": str(day), "sources": [[source.title, source.terms] for source in sources]}
    given = environment({}, {})
    path = os.pathsep.join([str(CODE_FOLDER), *filter(None, [given.get("PYTHONPATH")])])
    try:
        done = subprocess.run(COMMAND, input=json.dumps(wanted), capture_output=True, text=True, encoding="utf-8",
                              errors="replace", timeout=SECONDS, check=False, env={**given, "PYTHONPATH": path})
    except subprocess.TimeoutExpired:
        raise PageNotMade(f"it was not done within {SECONDS:g} seconds") from None
    except OSError as error:
        raise PageNotMade(f"no process could be started for it ({error.strerror})") from None
    if done.returncode == 0 and done.stdout:
        return Path(done.stdout.removesuffix("\n"))
    raise PageNotMade(_reason(done))


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = f"signal {-done.returncode}"
        return f"the process that drew it was ended by {name}"
    return lines[-1][:LONGEST_REASON] if lines else f"the process that drew it ended with {done.returncode}"


def main() -> int:
    """Draw the page that standard input describes; print its file to standard output, or the error to standard error."""
    from flows.report.page.write import write_for

    wanted = json.load(sys.stdin)
    sources = [_Source(title, terms) for title, terms in wanted["sources"]]
    try:
        print(write_for(DataFolder(Path(wanted["home"])), sources, date.fromisoformat(wanted["day"])))
    except (RallyscopeError, OSError, MemoryError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
