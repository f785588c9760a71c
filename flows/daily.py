"""Publish the present with the flows `daily` and `refresh`."""

from datetime import date

from flows.settings import Settings  # before Prefect: it keeps telemetry off

# isort: split

from prefect import State, flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import deployment, flow_run
from prefect.states import Completed

from flows.pipeline import windows
from flows.pipeline.plan import Again, Feed
from flows.prefect_run import days_of_shell, from_shell, run_to_state, through_prefect
from warehouse.errors import RallyscopeError


def daily_name() -> str:
    """Return the name of the flow run, which includes the session."""
    day = flow_run.parameters.get("day")
    return f"daily {_session(day and date.fromisoformat(str(day)[:10]))}"


def refresh_name() -> str:
    """Return the name of the flow run: the deployment and the last closed session."""
    return f"{deployment.name or 'refresh'} {_session(None)}"


def _session(day: date | None) -> str:
    try:
        return str(windows.session_window(Settings(), day))
    except RallyscopeError:
        # The flow itself reports why it cannot run; computing its name must not fail.
        return str(day or "of an unknown session")


@flow(name="daily", flow_run_name=daily_name)
def daily(day: date | None = None, skip_holidays: bool = False, accept: str | None = None) -> State:
    """Bring the warehouse up to one session's close; safe to run again.

    Args:
        day: The session. Leave it empty for the last closed one.
        skip_holidays: Skip the run on a day without a session, if the session before it is published. The schedule sets
            this.
        accept: The reason to publish a build although a check of the publication fails. Empty means the build is withheld.
    """
    settings = Settings()

    def bring_up() -> State:
        if skip_holidays and day is None and (why := windows.nothing_to_do(settings)):
            get_run_logger().info(why)
            create_markdown_artifact(why, key="summary", description=why)
            return Completed(name="Skipped", message=why)
        return through_prefect(settings, "run", windows.session_window(settings, day), accept=accept)

    return run_to_state(bring_up)


@flow(name="refresh", flow_run_name=refresh_name)
def refresh(feeds: list[Feed]) -> State:
    """Fetch the full history of some feeds again to pick up corrections of their sources, then publish.

    Args:
        feeds: The feeds to fetch again: observations are the macro series with their vintages, shares the share counts,
            statements the quarterly statements, bars the prices, weights the published lists of index weights.
    """
    settings = Settings()
    return run_to_state(lambda: through_prefect(settings, "refresh", windows.session_window(settings, None),
                                        again=Again(frozenset(feed.value for feed in feeds))))


if __name__ == "__main__":
    days_of_shell("flows.daily", "", "It runs the last closed session; for another one: rallyscope run --date")
    from_shell(daily(return_state=True))
