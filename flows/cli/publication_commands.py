"""The commands for what a data folder keeps and shows: brief, docs, rollback, prune."""

from typing import Annotated

import typer

from flows.cli import completion
from flows.cli.options import CatalogOption, DayOption, HomeOption, IndexOption, settings_from
from flows.report.output import say
from flows.report.words import count
from warehouse.errors import BadRequest

commands = typer.Typer()


@commands.command(epilog="Example: rallyscope brief --date 2026-03-27")
def brief(day: DayOption = None, index: IndexOption = None, home: HomeOption = None, catalog: CatalogOption = None) -> None:
    """Write the page of a session: one HTML file that opens offline, a picture of it, and the list of all days."""
    from flows.report.page.write import write

    settings = settings_from(home, None, catalog)
    say(str(write(settings.home, settings.catalog, day, index)))


@commands.command(epilog="Example: rallyscope docs")
def docs(home: HomeOption = None) -> None:
    """Write the data dictionary: every table, every column, and what each is computed from."""
    from flows.report.dictionary import docs as write

    say(str(write(settings_from(home).home)))


@commands.command(epilog="Example: rallyscope rollback 20260529T035959Z")
def rollback(build: Annotated[str | None, typer.Argument(help="The start of a build's id; the previous build by default.",
                                                         autocompletion=completion.builds)] = None,
             home: HomeOption = None) -> None:
    """Publish an older build again. The raw data is kept, and the next run publishes a new build."""
    from warehouse.drafts import sweep
    from warehouse.publication.builds import rollback as publish_older

    settings = settings_from(home)
    if not settings.home.folder.is_dir():
        raise BadRequest(f"data folder {settings.home.folder}", "the folder does not exist", "Name another one with --home")
    with settings.home.writer_lock(waiting=_say_waiting):
        sweep(settings.home)
        say(f"the current build is now {publish_older(settings.home, build, say).stem}")


@commands.command(epilog="Example: rallyscope prune --dry-run")
def prune(dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be deleted.")] = False,
          landing_days: Annotated[int, typer.Option(min=1, help="Days to keep landed folders.")] = 90,
          builds: Annotated[int, typer.Option(min=1, help="The number of builds to keep.")] = 10,
          home: HomeOption = None) -> None:
    """Delete old landed folders, builds and drafts; never raw data or the current build."""
    from flows.pipeline.prune import prune as delete
    from flows.pipeline.prune import prune_candidates
    from flows.pipeline.windows import own_clock

    settings = settings_from(home)
    candidates = []
    if settings.home.folder.exists():  # the lock would create the folder
        with settings.home.writer_lock(_say_waiting):
            now = own_clock(settings).now
            candidates = (prune_candidates if dry_run else delete)(settings.home, now, landing_days, builds)
    for candidate in candidates:
        print(f"{candidate.path.relative_to(settings.home.folder)}  {candidate.why}")
    deleted = count(len(candidates), "item") if candidates else "nothing"
    say(f"would delete {deleted}" if dry_run else f"deleted {deleted}")


def _say_waiting(lock_owner: str) -> None:
    say(f"waiting for {lock_owner} to finish writing")
