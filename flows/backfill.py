"""Publish the past: `backfill` fetches a range of sessions, and `rebuild` builds the marts as of a given time."""

from datetime import date

from flows.settings import Settings  # before Prefect: it keeps telemetry off

# isort: split

from prefect import State, flow, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.pipeline import windows
from flows.pipeline.plan import Chunk
from flows.pipeline.run import already_done, request_key
from flows.prefect_run import days_of_shell, from_shell, run_to_state, through_prefect


def backfill_name() -> str:
    """Return the name of the flow run, which includes its range."""
    given = flow_run.parameters
    return f"backfill {str(given.get('start'))[:10]} to {str(given.get('end'))[:10]}"


def rebuild_name() -> str:
    """Return the name of the flow run, which includes its dates."""
    given = {name: str(value)[:10] for name, value in flow_run.parameters.items() if value}
    return " ".join(["rebuild", *(f"{name.replace('_', ' ')} {day}" for name, day in given.items())])


@flow(name="backfill", flow_run_name=backfill_name)
def backfill(start: date, end: date, as_of: date | None = None, chunk: Chunk = Chunk.whole,
             accept: str | None = None) -> State:
    """Fetch every session from start to end that is missing, then build and publish.

    The same request made twice on one day (a double click) runs once.

    Args:
        start: The first date.
        end: The last date. Later than the last closed session means up to that one.
        as_of: Publish the marts as the world knew them at the end of this day. Empty means the present.
        chunk: How to split the range; the tables are the same for every choice. Smaller chunks take less memory, and an
            interrupted run has less to fetch again.
        accept: The reason to publish a build although a check of the publication fails. Empty means the build is withheld.
    """
    settings = Settings()

    def fill() -> State:
        window = windows.range_window(settings, start, end)
        key = request_key(settings, "backfill", start, end, as_of, chunk)
        if done := already_done(settings, key, present=as_of is None):
            get_run_logger().info("nothing to do: %s completed the same request", done)
            return Completed(message=f"Nothing to do: {done} completed the same request")
        times = (windows.parse_instant(str(as_of)) if as_of else None, None)
        return through_prefect(settings, "backfill", window, times, chunk, key, accept=accept)

    return run_to_state(fill)


@flow(name="rebuild", flow_run_name=rebuild_name)
def rebuild(as_of: date | None = None, recorded_by: date | None = None, accept: str | None = None) -> State:
    """Build and publish the marts from what is loaded, without fetching; without a date, as of the present.

    Args:
        as_of: As the world knew it at the end of this day in New York. Empty means the present.
        recorded_by: From what had been fetched by the end of this day. Empty means the present; both on one day
            reproduce exactly what was published on that day.
        accept: The reason to publish a build although a check of the publication fails. Empty means the build is withheld.
    """
    settings = Settings()
    knowledge_time, record_time = (windows.parse_instant(str(day)) if day else None for day in (as_of, recorded_by))
    return run_to_state(lambda: through_prefect(settings, "build", None, (knowledge_time, record_time), accept=accept))


if __name__ == "__main__":
    start, end = days_of_shell("flows.backfill", "START END", "Give two dates, e.g. 2026-03-02 2026-03-27")
    from_shell(backfill(start, end, return_state=True))
