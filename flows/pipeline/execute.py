"""Execute the steps of a run in order: request and load chunk by chunk, then build and publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from flows.pipeline import build, ingest
from flows.pipeline.plan import Chunk, Request, Window, chunks
from flows.pipeline.run import Run
from flows.pipeline.unchanged import still_current
from flows.pipeline.windows import refuse_future
from flows.sources.errors import SourceError
from warehouse.publication.publish import Publication

Step = Callable[..., Any]


def execute(run: Run, step: Callable[[Step], Step] = lambda plain: plain,
            times: tuple[datetime | None, datetime | None] = (None, None), chunk: Chunk = Chunk.whole,
            render: Callable[[Run], None] | None = None) -> None:
    """Request and load chunk by chunk, then build and publish as of `times` (as_of, recorded_by), and `render` the pages.

    `step` wraps each function, for instance as a Prefect task.
    """
    refuse_future(run.clock.now, as_of=times[0], recorded_by=times[1])
    if not any(times):
        run.refuse_earlier_clock()  # also for a build of the present
    windows = chunks(run.window, chunk) if run.window else []
    for window_number, requests in _pending_requests(run, windows):
        for number, request in enumerate(requests):
            run.progress((window_number + number / len(requests)) / len(windows), f"{windows[window_number]}: {request}")
            _fetch_and_load(run, step, request)
    step(build.fit)(run)
    if run.command in ("backfill", "run") and times == (None, None) and not run.acceptance and _keep_current(run):
        return
    run.progress(1.0, "build and publication")
    step(build.build)(run, *times)
    step(build.publish)(run, *times)
    if render:
        step(render)(run)


def _keep_current(run: Run) -> bool:
    """Keep the current publication if nothing is new; return whether it was kept."""
    from transforms.engine.project import models

    if run.problems:
        return False
    with run.settings.home.warehouse() as con:
        current = still_current(con, run.settings.home, run.clock.now, build.code_version(models()))
    if not current:
        return False
    run.reports.extend([current.message] if current.message else [])
    run.publication = Publication(current.build_id, run.settings.home.published, changed=False)
    run.finish("completed", current.message)
    for line in (*run.reports, f"nothing new: {current.build_id} stays current, and nothing was built"):
        run.say(line)
    return True


def _pending_requests(run: Run, windows: list[Window]) -> Iterator[tuple[int, list[Request]]]:
    """Yield the windows that have data to fetch, each with its requests, planned after the earlier windows are loaded."""
    ahead = iter(enumerate(windows))
    while True:
        run.read_clock()
        with run.settings.home.warehouse() as con:  # one connection skips all windows without requests
            pending = next(((number, requests) for number, window in ahead
                            if (requests := ingest.planned(con, run, window))), None)
        if pending is None:
            return
        yield pending


def _fetch_and_load(run: Run, step: Callable[[Step], Step], request: Request) -> None:
    if request.source in run.unreachable:
        return
    try:
        batch = step(ingest.fetch)(run, request)
    except SourceError as error:
        run.unreachable.add(request.source)
        # If another source provides the same data, nothing is missing.
        (run.reports if request.other else run.problems).append(str(error))
        run.say(str(error))
    else:
        step(ingest.load)(run, batch)
