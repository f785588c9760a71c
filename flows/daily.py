"""The flows of the present, `daily` and `refresh`; how a run's steps become Prefect tasks, and its end a Prefect state."""

import logging
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from flows.settings import Settings  # before Prefect: it keeps telemetry off

# isort: split

from prefect import State, Task, flow, get_run_logger
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
from prefect.runtime import deployment, flow_run
from prefect.states import Completed, Failed

from flows import moments, report, steps
from flows.gate import acceptance
from flows.options import day_of
from flows.plan import NOTHING_AGAIN, Again, Chunk, Feed, Window
from warehouse.errors import BadRequest, KeysLost, RallyscopeError, SourceAnswerInvalid, SourceUnreachable
from warehouse.landing import Batch

# A source that is out of reach for minutes comes back; the client's own tries cover seconds.
RETRY_AFTER_SECONDS: list[float] = [30, 120]


def daily_name() -> str:
    """The flow's name with the session it is about."""
    day = flow_run.parameters.get("day")
    return f"daily {_session(day and date.fromisoformat(str(day)[:10]))}"


def refresh_name() -> str:
    """The deployment's name with the last closed session."""
    return f"{deployment.name or 'refresh'} {_session(None)}"


def _session(day: date | None) -> str:
    try:
        return str(moments.session_window(Settings(), day))
    except RallyscopeError:
        # The flow says in its own words why it cannot run; a name is no place to fail.
        return str(day or "of an unknown session")


@flow(name="daily", flow_run_name=daily_name)
def daily(day: date | None = None, skip_holidays: bool = False, accept: str | None = None) -> State:
    """Bring the warehouse up to one session's close; safe to run again.

    Args:
        day: The session. Leave it empty for the last closed one.
        skip_holidays: On a day without a session do nothing and say so, if the session before it is published. The
            schedule sets this.
        accept: Why what a check of the publication withholds is right and is to be published. Empty means it is withheld.
    """
    settings = Settings()

    def bring_up() -> State:
        if skip_holidays and day is None and (why := moments.nothing_to_do(settings)):
            get_run_logger().info(why)
            create_markdown_artifact(why, key="summary", description=why)
            return Completed(name="Skipped", message=why)
        return through_prefect(settings, "run", moments.session_window(settings, day), accept=accept)

    return told(bring_up)


@flow(name="refresh", flow_run_name=refresh_name)
def refresh(feeds: list[Feed]) -> State:
    """Ask the whole history of some feeds again, for what their sources have corrected since; then publish.

    Args:
        feeds: What is asked again: observations are the macro series with their vintages, shares the share counts,
            statements the quarterly statements, bars the prices, weights the published lists of index weights.
    """
    settings = Settings()
    return told(lambda: through_prefect(settings, "refresh", moments.session_window(settings, None),
                                        again=Again(frozenset(feed.value for feed in feeds))))


def told(carry_out: Callable[[], State]) -> State:
    """The state a run ends in; what went wrong and is understood is one sentence, without a traceback."""
    for name in ("prefect.flow_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(_is_news)
    try:
        return carry_out()
    except RallyscopeError as error:
        get_run_logger().error("%s", error)
        return Failed(message=str(error))


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

    known = report.signals(settings.home)
    with steps.run(settings, command, window, log.info, request_key=request_key) as run:
        run.progress, run.again, run.acceptance = progress, again, accepted
        steps.carry_out(run, as_task, moment, chunk)
        progress(1.0, did := report.did(run))
        create_markdown_artifact(report.summary(run), key="summary", description=f"{flow_run.name}: {did}")
        if image := report.picture(run):
            create_image_artifact(image[0], key="picture", description=f"{image[1]}: the day's page as a picture")
        for key, (about, rows) in report.tables(run).items():
            create_table_artifact(rows, key=key, description=about)
        if moment == (None, None):
            tell_signals(known, report.signals(settings.home))
    return Completed(message=did[0].upper() + did[1:])


def tell_signals(known: list[dict[str, str]], now: list[dict[str, str]]) -> None:
    """An event for each signal that changed on the newest session and was not known before; automations react to it."""
    for signal in now:
        if signal not in known:
            emit_event("rallyscope.signal", {"prefect.resource.id": f"rallyscope.signal.{signal['signal']}",
                                             "prefect.resource.name": signal["signal"]}, payload=signal)


def as_task(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step as a coarse task named after what it works on; a source out of reach is asked again later.

    A task that did its work and got nothing fails, so that it does not look successful; the run itself continues.
    """

    def call(run: steps.Run, *about: Any) -> Any:
        things = [thing.feed if isinstance(thing, Batch) else str(thing) for thing in about if thing is not None]
        label = " ".join([step.__name__, *things])
        done: list[Any] = []

        def work() -> Any:
            # A closure: Prefect would otherwise walk through everything a run holds, looking for futures.
            done.append(step(run, *about))
            if lost := steps.lost(done[-1]):
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
            said = " ".join(given)[:60] or "none"
            raise BadRequest(f"python -m {module}", f"it takes {names or 'no arguments'}, and got {said}", instead)
        return [day_of(text) for text in given]
    except BadRequest as error:
        sys.stderr.write(f"rallyscope: {error}\n")
        raise SystemExit(error.exit_code) from None


def from_shell(state: State) -> None:
    """End the process as the run ended."""
    raise SystemExit(None if state.is_completed() else f"rallyscope: {state.message}")


if __name__ == "__main__":
    days_of_shell("flows.daily", "", "It brings up the last closed session; rallyscope run --date takes another")
    from_shell(daily(return_state=True))
