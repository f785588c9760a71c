"""The commands that change the warehouse and publish: run, backfill, refresh, build."""

from typing import Annotated

import typer

from flows.cli.options import (
    AcceptOption,
    AsOfOption,
    CatalogOption,
    Day,
    DayOption,
    HomeOption,
    SourceOption,
    WaitOption,
    settings_from,
)
from flows.pipeline.plan import NOTHING_AGAIN, Again, Chunk, Feed
from flows.report.output import say
from flows.report.words import count

commands = typer.Typer()


@commands.command(epilog="Example: rallyscope run --date 2026-03-27")
def run(day: DayOption = None, wait: WaitOption = True, home: HomeOption = None, source: SourceOption = None,
        catalog: CatalogOption = None, accept: AcceptOption = None) -> None:
    """Fetch what is missing for one session, by default the last closed one; validate, load, build and publish it."""
    from flows.pipeline import windows

    settings = settings_from(home, source, catalog)
    _run_pipeline("run", settings, windows.session_window(settings, day), wait=wait, accept=accept)


@commands.command(epilog="Example: rallyscope backfill 2024-01-02 2026-05-29 --source http://127.0.0.1:8765")
def backfill(start: Day, end: Day, as_of: AsOfOption = None,
             chunk: Annotated[Chunk, typer.Option(
                 help="How to split the range; the resulting tables are the same.")] = Chunk.whole,
             wait: WaitOption = True, home: HomeOption = None, source: SourceOption = None,
             catalog: CatalogOption = None, accept: AcceptOption = None) -> None:
    """Fetch every session from START to END that is missing, then build and publish."""
    from flows.pipeline import windows

    settings = settings_from(home, source, catalog)
    window = windows.range_window(settings, start, end)
    _run_pipeline("backfill", settings, window, as_of, chunk=chunk, wait=wait, accept=accept)


@commands.command(epilog="Example: rallyscope refresh bars --symbol NVDA")
def refresh(feed: Annotated[Feed, typer.Argument(help="The feed to fetch again from its first date.")],
            symbol: Annotated[str | None, typer.Option(help="One symbol, series or index; all of them by default.")] = None,
            wait: WaitOption = True, home: HomeOption = None, source: SourceOption = None, catalog: CatalogOption = None,
            accept: AcceptOption = None) -> None:
    """Fetch the full history of a feed again to pick up corrections from its source, then build and publish."""
    from flows.pipeline import windows
    from flows.pipeline.plan import requested_again

    settings = settings_from(home, source, catalog)
    again = requested_again(settings.catalog, feed, symbol)
    _run_pipeline("refresh", settings, windows.session_window(settings, None), wait=wait, accept=accept, again=again)


@commands.command(epilog="Example: rallyscope build --as-of 2026-03-27")
def build(as_of: AsOfOption = None, recorded_by: AsOfOption = None, wait: WaitOption = True, home: HomeOption = None,
          catalog: CatalogOption = None, accept: AcceptOption = None) -> None:
    """Build and publish the marts from what is loaded, without fetching.

    --as-of uses only what was known by then, --recorded-by only what this data folder had recorded by then.
    """
    _run_pipeline("build", settings_from(home, None, catalog), None, as_of, recorded_by, wait=wait, accept=accept)


def _run_pipeline(command: str, settings, window, as_of: str | None = None, recorded_by: str | None = None,
                  chunk: Chunk = Chunk.whole, wait: bool = True, accept: str | None = None,
                  again: Again = NOTHING_AGAIN) -> None:
    from flows.cli.progress import on_terminal
    from flows.pipeline import windows
    from flows.pipeline.execute import execute
    from flows.pipeline.gate import acceptance
    from flows.pipeline.run import open_run
    from flows.report import artifacts
    from flows.report.render import render

    accepted = acceptance(accept)
    knowledge_time, record_time = (None if text is None else windows.parse_instant(text) for text in (as_of, recorded_by))
    with on_terminal(say) as (report, progress), open_run(settings, command, window, report, wait=wait) as this:
        this.progress, this.acceptance, this.again = progress, accepted, again
        execute(this, times=(knowledge_time, record_time), chunk=chunk,
                render=render if settings.pages else None)
        next_command = "status" if this.rows_quarantined or this.keys_failed else "show day"
        report(f"{count(this.rows_added, 'row')} added, {artifacts.lost(this)}; see rallyscope {next_command}")
