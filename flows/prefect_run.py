"""How a run becomes a Prefect run: its steps as tasks, its end as a state, what it leaves to read as artifacts."""

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

# A source that is out of reach for minutes comes back; the client's own tries cover seconds.
RETRY_AFTER_SECONDS: list[float] = [30, 120]
# The name of a run's final state, by the exit code that the same run has as a command.
STATE_NAMES = {0: "Completed", 1: "Failed", 2: "Refused"}


def run_to_state(carry_out: Callable[[], State]) -> State:
    """The state a run ends in; what went wrong and is understood is one sentence, without a traceback."""
    for name in ("prefect.flow_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(_is_news)
    try:
        return carry_out()
    except RallyscopeError as error:
        get_run_logger().error("%s", error)
        return Failed(name=STATE_NAMES[error.exit_code], message=str(error))


def _is_news(record: logging.LogRecord) -> bool:
    """Prefect raises a Failed state once more and logs where in its own code; the run has said why before."""
    return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


def through_prefect(settings: Settings, command: str, window: Window | None,
                    moment: tuple[datetime | None, datetime | None] = (None, None), chunk: Chunk = Chunk.whole,
                    request_key: str | None = None, again: Again = NOTHING_AGAIN,
                    accept: str | None = None) -> State:
    """Carry out a run with each step a task; leave its progress, its summary and its tables as artifacts."""
    log, accepted = get_run_logger(), acceptance(accept)
    bar = cast(UUID, create_progress_artifact(0.0, key="progress", description=f"{flow_run.name}: waiting for its turn"))

    def progress(share: float, label: str) -> None:
        update_progress_artifact(bar, 100 * share, description=label)

    known = artifacts.signals(settings.home)
    with open_run(settings, command, window, log.info, request_key=request_key) as run:
        run.progress, run.again, run.acceptance = progress, again, accepted
        execute(run, as_task, moment, chunk, render if settings.pages else None)
        progress(1.0, did := artifacts.did(run))
        create_markdown_artifact(artifacts.summary(run), key="summary", description=f"{flow_run.name}: {did}")
        if image := artifacts.picture(run):
            create_image_artifact(image[0], key="picture", description=f"{image[1]}: the day's page as a picture")
        for key, (about, rows) in artifacts.tables(run).items():
            create_table_artifact(rows, key=key, description=about)
        if moment == (None, None):
            emit_signals(known, artifacts.signals(settings.home))
    return Completed(message=did[0].upper() + did[1:])


def emit_signals(known: list[dict[str, str]], now: list[dict[str, str]]) -> None:
    """An event for each signal that changed on the newest session and was not known before; automations react to it."""
    for signal in now:
        if signal not in known:
            emit_event("rallyscope.signal", {"prefect.resource.id": f"rallyscope.signal.{signal['signal']}",
                                             "prefect.resource.name": signal["signal"]}, payload=signal)


def as_task(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step as a coarse task named after what it works on; a source out of reach is asked again later.

    A task that did its work and got nothing fails, so that it does not look successful; the run itself continues.
    """

    def call(run: Run, *about: Any) -> Any:
        things = [thing.feed if isinstance(thing, Batch) else str(thing) for thing in about if thing is not None]
        label = " ".join([step.__name__, *things])
        done: list[Any] = []

        def work() -> Any:
            # A closure: Prefect would otherwise walk through everything a run holds, looking for futures.
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
    """The days given after `python -m MODULE`; the process ends with 2 and a sentence when they are not what it takes."""
    given, wanted = sys.argv[1:], names.split()
    try:
        if len(given) != len(wanted):
            reported = " ".join(given)[:60] or "none"
            raise BadRequest(f"python -m {module}", f"it takes {names or 'no arguments'}, and got {reported}", instead)
        return [day_of(text) for text in given]
    except BadRequest as error:
        sys.stderr.write(f"rallyscope: {error}\n")
        raise SystemExit(error.exit_code) from None


def from_shell(state: State) -> None:
    """End the process with the exit code that the same run has as a command."""
    if not state.is_completed():
        sys.stderr.write(f"rallyscope: {state.message}\n")
    raise SystemExit(0 if state.is_completed() else 2 if state.name == STATE_NAMES[2] else 1)
