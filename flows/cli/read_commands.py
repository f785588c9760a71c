"""The commands that read the published file: query, export, show, status, claims, what-if, failed-rows, revisions, diff."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import completion
from flows.cli.options import DayOption, Format, HomeOption, IndexOption, JsonOption, SinceOption, settings_from
from flows.report.output import say
from warehouse.errors import BadRequest

commands = typer.Typer()


@commands.command(epilog='Example: rallyscope query "select date, band from marts.regime_daily order by date desc limit 5"')
def query(sql: Annotated[str, typer.Argument(help="One statement, or - to read it from standard input.")],
          format: Annotated[Format, typer.Option("--format",
                                                 help="The output format; JSON writes NaN as null.")] = Format.table,
          home: HomeOption = None) -> None:
    """Run one SQL statement on the published file: read-only, without access to other files, never blocking a run.

    A query is limited to 2 GB of memory, 5 minutes and 5,000,000 rows; a table shows the first thousand rows.
    """
    from flows.report.query import bound_the_process
    from flows.report.query import query as run_query

    bound_the_process()
    run_query(settings_from(home).home, sql, format.value)


@commands.command(epilog="Example: rallyscope export --out parquet")
def export(out: Annotated[Path, typer.Option(help="A new folder, or the folder of an earlier export to replace.")],
           home: HomeOption = None) -> None:
    """Export the published marts and audit tables to Parquet, one file per table."""
    from flows.report.export import export as write

    write(settings_from(home).home, out, say)


@commands.command(epilog="Example: rallyscope show regime --date 2026-03-27")
def show(view: Annotated[str, typer.Argument(help="regime, concentration, rotation, sectors, revisions or day.",
                                             autocompletion=completion.views)],
         day: DayOption = None, index: IndexOption = None, json: JsonOption = False, home: HomeOption = None) -> None:
    """Show one day of a mart as a readable table."""
    from flows.report.terminal import show as print_view

    print_view(settings_from(home).home, view, day, json, index_code=index)


@commands.command(epilog="Example: rallyscope status --json")
def status(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show what is published and how fresh it is, the coverage, the last runs and the quarantined rows."""
    from flows.report.terminal import show as print_view

    print_view(settings_from(home).home, "status", None, json)


@commands.command(epilog="Example: rallyscope claims --as-of 2026-04-20")
def claims(ids: Annotated[list[str] | None, typer.Argument(help="The claims to show with their evidence, e.g. A06.",
                                                           autocompletion=completion.claims)] = None,
           as_of: Annotated[str | None, typer.Option(help="A date (its end in New York) or a moment; as published "
                                                          "by default.")] = None,
           json: JsonOption = False, home: HomeOption = None) -> None:
    """Show the verdict on each statement of the market thesis, as published or as of any date."""
    from flows.pipeline.windows import parse_instant
    from flows.report.claims import claims as judge

    judge(settings_from(home).home, ids or [], parse_instant(as_of) if as_of else None, json, say)


@commands.command("what-if", epilog="Example: rallyscope what-if NVDA=-0.10 AVGO=-0.05")
def what_if(shocks: Annotated[list[str], typer.Argument(help="SYMBOL=RETURN, one or more.")],
            index: IndexOption = None, json: JsonOption = False, home: HomeOption = None) -> None:
    """Estimate what a move of some companies would do to the index, directly and through companies that move with them."""
    from flows.report.what_if import parse
    from flows.report.what_if import what_if as estimate

    settings = settings_from(home)
    universes = settings.catalog.universes
    universe = universes.get(index) if index else settings.catalog.primary_index
    if universe is None:
        raise BadRequest(f"index {index!r}" if index else "what-if",
                         f"the catalog in {settings.catalog.folder} has no {'index with this code' if index else 'index'}",
                         f"Use {' or '.join(universes)}" if universes else "Add universes/CODE.toml to it")
    estimate(settings.home, universe, parse(shocks), json)


# Its name up to 0.1, kept for one release:
@commands.command("broken", hidden=True, epilog="Example: rallyscope failed-rows marts.regime_daily")
@commands.command("failed-rows", epilog="Example: rallyscope failed-rows marts.regime_daily")
def failed_rows(model: Annotated[str, typer.Argument(help="A model, e.g. marts.regime_daily.",
                                                     autocompletion=completion.failed_models)],
                home: HomeOption = None) -> None:
    """Show the rows that failed an assertion of a model in the last failed build."""
    from flows.report.terminal import show_failed_rows

    show_failed_rows(settings_from(home).home, model)


@commands.command(epilog="Example: rallyscope revisions --since 2026-03-01")
def revisions(since: SinceOption = None, json: JsonOption = False, home: HomeOption = None) -> None:
    """Show every change to history: which past cells a publication changed, and why."""
    from flows.report.terminal import show as print_view

    print_view(settings_from(home).home, "revisions", None, json, since)


@commands.command(epilog="Example: rallyscope diff 20260327T0359 current")
def diff(first: Annotated[str, typer.Argument(help="A build: the start of its id, or “current”.",
                                              autocompletion=completion.builds_and_current)],
         second: Annotated[str, typer.Argument(help="The build to compare it with.",
                                               autocompletion=completion.builds_and_current)],
         json: JsonOption = False, home: HomeOption = None) -> None:
    """Compare two kept builds table by table."""
    from flows.report.diff import diff as compare

    compare(settings_from(home).home, first, second, json)
