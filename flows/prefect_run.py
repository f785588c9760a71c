"""Run the pipeline in Prefect: steps become tasks, the outcome a state, the summary and the tables artifacts."""

import logging
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from flows.settings import Settings  # before Prefect: it keeps telemetry off

# isort: split

from prefect import State, Task, get_run_logger
from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.exceptions import FailedRun
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.pipeline import ingest
from flows.pipeline.execute import execute
from flows.pipeline.gate import acceptance
from flows.pipeline.plan import NOTHING_AGAIN, Again, Chunk, Window
from flows.pipeline.run import Run, open_run
from flows.report import artifacts
from flows.report.render import render
from flows.sources.errors import SourceAnswerInvalid, SourceUnreachable
from warehouse.calendar import day_of
from warehouse.errors import BadRequest, KeysLost, RallyscopeError
from warehouse.landing import Batch

# A source may be unreachable for minutes; the client's own retries cover seconds.
RETRY_AFTER_SECONDS: list[float] = [30, 120]
# The name of a run's final state, by the exit code that the same run has as a command.
STATE_NAMES = {0: "Completed", 1: "Failed", 2: "Refused"}


def run_to_state(carry_out: Callable[[], State]) -> State:
    """Return the final state of a run; an expected error becomes a one-sentence message without a traceback."""
    for name in ("prefect.flow_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(_is_news)
    try:
        return carry_out()
    except RallyscopeError as error:
        get_run_logger().error("%s", error)
        return Failed(name=STATE_NAMES[error.exit_code], message=str(error))


def _is_news(record: logging.LogRecord) -> bool:
    """Return False for Prefect's traceback of a Failed state, since the run has already logged the reason."""
    return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


def through_prefect(settings: Settings, command: str, window: Window | None,
                    times: tuple[datetime | None, datetime | None] = (None, None), chunk: Chunk = Chunk.whole,
                    request_key: str | None = None, again: Again = NOTHING_AGAIN,
                    accept: str | None = None) -> State:
    """Run the pipeline with each step as a task; create artifacts for its progress, its summary and its tables."""
    log, accepted = get_run_logger(), acceptance(accept)
    bar = cast(UUID, create_progress_artifact(0.0, key="progress", description=f"{flow_run.name}: waiting for the lock"))

    def progress(share: float, label: str) -> None:
        update_progress_artifact(bar, 100 * share, description=label)

    known = artifacts.signals(settings.home)
    with open_run(settings, command, window, log.info, request_key=request_key) as run:
        run.progress, run.again, run.acceptance = progress, again, accepted
        execute(run, as_task, times, chunk, render if settings.pages else None)
        progress(1.0, did := artifacts.did(run))
        create_markdown_artifact(artifacts.summary(run), key="summary", description=f"{flow_run.name}: {did}")
        if image := artifacts.picture(run):
            create_image_artifact(image[0], key="picture", description=f"{image[1]}: the day's page as a picture")
        for key, (about, rows) in artifacts.tables(run).items():
            create_table_artifact(rows, key=key, description=about)
        if times == (None, None):
            emit_signals(known, artifacts.signals(settings.home))
    return Completed(message=did[0].upper() + did[1:])


def emit_signals(known: list[dict[str, str]], now: list[dict[str, str]]) -> None:
    """Emit an event for each new signal change of the newest session; automations react to it."""
    for signal in now:
        if signal not in known:
            emit_event("rallyscope.signal", {"prefect.resource.id": f"rallyscope.signal.{signal['signal']}",
                                             "prefect.resource.name": signal["signal"]}, payload=signal)


def as_task(step: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a step as a task named after its input; the task retries later if a source is unreachable or returns no data.

    A task whose step loses every key or row fails, so that it does not look successful. The run itself continues.
    """

    def call(run: Run, *about: Any) -> Any:
        things = [thing.feed if isinstance(thing, Batch) else str(thing) for thing in about if thing is not None]
        label = " ".join([step.__name__, *things])
        done: list[Any] = []

        def work() -> Any:
            # A closure hides the run from Prefect, which would otherwise search every object in it for futures.
            done.append(step(run, *about))
            if lost := ingest.lost(done[-1]):
                raise KeysLost(label, lost)
            return done[-1]

        try:
            return Task(work, name=step.__name__, task_run_name=lambda: label, retries=len(RETRY_AFTER_SECONDS),
                        retry_delay_seconds=RETRY_AFTER_SECONDS, retry_condition_fn=_may_pass, cache_policy=NO_CACHE,
                        persist_result=False)()
        except KeysLost:
            return done[-1]

    return call


def _may_pass(task: Any, run: Any, state: Any) -> bool:
    return isinstance(state.data, SourceUnreachable | SourceAnswerInvalid)


def days_of_shell(module: str, names: str, instead: str) -> list[date]:
    """Parse the dates after `python -m MODULE`; print one sentence and exit with 2 if they are invalid."""
    given, wanted = sys.argv[1:], names.split()
    try:
        if len(given) != len(wanted):
            arguments = " ".join(given)[:60] or "none"
            raise BadRequest(f"python -m {module}", f"it takes {names or 'no arguments'}, but got {arguments}", instead)
        return [day_of(text) for text in given]
    except BadRequest as error:
        sys.stderr.write(f"rallyscope: {error}\n")
        raise SystemExit(error.exit_code) from None


def from_shell(state: State) -> None:
    """Exit with the exit code that the same run has as a command."""
    if not state.is_completed():
        sys.stderr.write(f"rallyscope: {state.message}\n")
    raise SystemExit(0 if state.is_completed() else 2 if state.name == STATE_NAMES[2] else 1)
