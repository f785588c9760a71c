"""The `backfill` flow: any range of past dates, once."""

from datetime import date

from prefect import flow
from prefect.runtime import flow_run

from flows import steps
from flows.daily import through_prefect
from flows.settings import Settings


def run_name() -> str:
    """The flow's name with its range."""
    given = flow_run.parameters
    return f"backfill {str(given.get('start'))[:10]} to {str(given.get('end'))[:10]}"


@flow(name="backfill", flow_run_name=run_name, log_prints=False)
def backfill(start: date, end: date, as_of: date | None = None) -> None:
    """Make sure of every session from start to end; what was asked and answered is not asked again.

    Args:
        start: The first date.
        end: The last date; later than the last closed session means up to that one.
        as_of: Publish the marts as the world knew them at the end of this day; by default now.
    """
    settings = Settings()
    window = steps.range_window(settings, start, end)
    through_prefect(settings, "backfill", window, steps.moment_of(str(as_of)) if as_of else None, None)


if __name__ == "__main__":
    import sys

    backfill(*(date.fromisoformat(argument) for argument in sys.argv[1:3]))
