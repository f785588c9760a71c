"""The `daily` flow, and how a step of a run becomes a Prefect task."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from prefect import Task, flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows import steps
from flows.plan import Chunk, Window
from flows.settings import Settings
from flows.show import markdown
from warehouse.errors import RallyscopeError, SourceAnswerInvalid, SourceUnreachable

# A source that is out of reach for minutes comes back; the client's own tries cover seconds.
RETRY_AFTER_SECONDS: list[float] = [30, 120]


def run_name() -> str:
    """The flow's name with the session it is about."""
    day = flow_run.parameters.get("day")
    try:
        return f"daily {steps.session_window(Settings(), day and date.fromisoformat(str(day)[:10]))}"
    except RallyscopeError:
        # The flow says in its own words why it cannot run; a name is no place to fail.
        return f"daily {day or 'of an unknown session'}"


@flow(name="daily", flow_run_name=run_name, log_prints=False)
def daily(day: date | None = None) -> None:
    """Bring the warehouse up to one session's close; safe to run again.

    Args:
        day: The session, by default the last closed one.
    """
    settings = Settings()
    through_prefect(settings, "run", steps.session_window(settings, day))


def through_prefect(settings: Settings, command: str, window: Window,
                    moment: tuple[datetime | None, datetime | None] = (None, None), chunk: Chunk = Chunk.whole,
                    request_key: str | None = None) -> None:
    """Carry out a run with each step a task; leave its progress and its summary as artifacts."""
    log = get_run_logger()
    bar = create_progress_artifact(0.0, key="progress", description=f"{command} {window}")
    with steps.run(settings, command, window, log.info, request_key=request_key) as run:
        run.progress = lambda share, label: update_progress_artifact(bar, 100 * share, description=label)
        steps.carry_out(run, as_task, moment, chunk)
        create_markdown_artifact(markdown(settings.home, "day"), key="summary",
                                 description=f"{window}: who drives the market, {run.rows_added} rows added, "
                                             f"{run.rows_quarantined} quarantined, {len(run.problems)} problems")


def as_task(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step as a coarse task named after what it works on; a source out of reach is asked again later."""

    def call(run: steps.Run, *about: Any) -> Any:
        label = " ".join([step.__name__, *(str(thing) for thing in about if thing is not None)])
        # A closure: Prefect would otherwise walk through everything a run holds, looking for futures.
        return Task(lambda: step(run, *about), name=step.__name__, task_run_name=lambda: label,
                    retries=len(RETRY_AFTER_SECONDS), retry_delay_seconds=RETRY_AFTER_SECONDS,
                    retry_condition_fn=_may_pass, cache_policy=NO_CACHE, persist_result=False)()

    return call


def _may_pass(task: Any, run: Any, state: Any) -> bool:
    return isinstance(state.data, SourceUnreachable | SourceAnswerInvalid)


if __name__ == "__main__":
    daily()
