"""Show the progress of a long run on a terminal: a bar with percent, rate and remaining time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]
Progress = Callable[[float, str], None]


@contextmanager
def on_terminal(say: Say) -> Iterator[tuple[Say, Progress]]:
    """Yield the functions (say, progress): they draw a bar if stderr is a terminal, and otherwise print only lines."""
    if not sys.stderr.isatty():
        yield say, lambda share, label: None
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    from flows.report.output import Screen

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(show_speed=True),
               TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Bar(*columns, console=Screen(stderr=True), transient=True) as bar:
        task = bar.add_task("planning", total=1.0)
        yield (lambda line: bar.console.print(Text(line)),
               lambda share, label: bar.update(task, completed=share, description=label))
