"""The `backfill` flow: any range of past dates, once."""

from datetime import date

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows import steps
from flows.daily import through_prefect
from flows.plan import Chunk
from flows.settings import Settings


def run_name() -> str:
    """The flow's name with its range."""
    given = flow_run.parameters
    return f"backfill {str(given.get('start'))[:10]} to {str(given.get('end'))[:10]}"


@flow(name="backfill", flow_run_name=run_name, log_prints=False)
def backfill(start: date, end: date, as_of: date | None = None, chunk: Chunk = Chunk.whole) -> None:
    """Make sure of every session from start to end; what was asked and answered is not asked again.

    The same request asked twice on one day (a double click) runs once.

    Args:
        start: The first date.
        end: The last date; later than the last closed session means up to that one.
        as_of: Publish the marts as the world knew them at the end of this day; by default now.
        chunk: How the range is cut on the way; the tables are the same however it is.
    """
    settings = Settings()
    window = steps.range_window(settings, start, end)
    key = steps.request_key(settings, "backfill", start, end, as_of, chunk)
    if done := steps.already_done(settings, key):
        get_run_logger().info("nothing to do: %s did this very request", done)
        return
    moment = (steps.moment_of(str(as_of)) if as_of else None, None)
    through_prefect(settings, "backfill", window, moment, chunk, key)


if __name__ == "__main__":
    import sys

    backfill(*(date.fromisoformat(argument) for argument in sys.argv[1:3]))
