"""The command line: each command asks for one thing, says what it did, and fails in one sentence."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import completion, exit_codes
from flows.cli.options import (
    AcceptOption,
    AsOfOption,
    CatalogOption,
    Day,
    DayOption,
    Format,
    HomeOption,
    JsonOption,
    SinceOption,
    SourceOption,
    VersionOption,
    WaitOption,
)
from flows.pipeline.plan import NOTHING_AGAIN, Again, Chunk, Feed
from flows.report import output
from flows.report.output import say
from flows.report.words import count
from warehouse.errors import BadRequest

app = typer.Typer(name="rallyscope", no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False,
                  rich_markup_mode="rich", help="Who is truly driving the US market, every trading day, with evidence.")

def main() -> None:
    """Run the command; what a person can cause is one sentence on stderr and exit code 1 or 2, Ctrl-C 130."""
    output.replace()
    raise SystemExit(exit_codes.exit_code(app, say))


@app.callback()
def rallyscope(version: VersionOption = False) -> None:
    """Every command stands on its own; there is nothing to do before it."""


@app.command(epilog="Example: rallyscope demo")
def demo(home: HomeOption = None, seed: Annotated[int, typer.Option(help="Of the simulated market.")] = 7) -> None:
    """Simulate a market, serve it, backfill three years, run the last day, and print who drives it."""
    from flows.cli.demo import demo as play

    play(_settings(home, None, None), seed, say)


@app.command(epilog="Example: rallyscope run --date 2026-03-27")
def run(day: DayOption = None, wait: WaitOption = True, home: HomeOption = None, source: SourceOption = None,
        catalog: CatalogOption = None, accept: AcceptOption = None) -> None:
    """One session, by default the last closed one: ask what is missing, validate, load, build, publish."""
    from flows.pipeline import windows

    settings = _settings(home, source, catalog)
    window = windows.session_window(settings, day)
    _carry_out("run", settings, window, wait=wait, accept=accept)


@app.command(epilog="Example: rallyscope backfill 2024-01-02 2026-05-29 --source http://127.0.0.1:8765")
def backfill(start: Day, end: Day, as_of: AsOfOption = None,
             chunk: Annotated[Chunk, typer.Option(help="How the range is cut; the tables are the same.")] = Chunk.whole,
             wait: WaitOption = True, home: HomeOption = None, source: SourceOption = None,
             catalog: CatalogOption = None, accept: AcceptOption = None) -> None:
    """Make sure of every session from START to END; whatever was asked and answered is not asked again."""
    from flows.pipeline import windows

    settings = _settings(home, source, catalog)
    window = windows.range_window(settings, start, end)
    _carry_out("backfill", settings, window, as_of, chunk=chunk, wait=wait, accept=accept)


@app.command(epilog="Example: rallyscope refresh bars --symbol NVDA")
def refresh(feed: Annotated[Feed, typer.Argument(help="What is requested again, from its first date on.")],
            symbol: Annotated[str | None, typer.Option(help="Of one symbol, series or index; of all by default.")] = None,
            wait: WaitOption = True, home: HomeOption = None, source: SourceOption = None, catalog: CatalogOption = None,
            accept: AcceptOption = None) -> None:
    """Request the whole history of a feed again for what its source has corrected since; then build and publish."""
    from flows.pipeline import windows
    from flows.pipeline.plan import requested_again

    settings = _settings(home, source, catalog)
    again = requested_again(settings.catalog, feed, symbol)
    _carry_out("refresh", settings, windows.session_window(settings, None), wait=wait, accept=accept, again=again)


@app.command(epilog="Example: rallyscope build --as-of 2026-03-27")
def build(as_of: AsOfOption = None, recorded_by: AsOfOption = None, wait: WaitOption = True, home: HomeOption = None,
          catalog: CatalogOption = None, accept: AcceptOption = None) -> None:
    """Transforms and publication only, as the world knew it at a moment, from what was recorded by another; no source
    is asked."""
    _carry_out("build", _settings(home, None, catalog), None, as_of, recorded_by, wait=wait, accept=accept)


@app.command(epilog='Example: rallyscope query "select date, band from marts.regime_daily order by date desc limit 5"')
def query(sql: Annotated[str, typer.Argument(help="One statement, or - to read it from standard input.")],
          format: Annotated[Format, typer.Option("--format", help="JSON has null for NaN.")] = Format.table,
          home: HomeOption = None) -> None:
    """One SQL statement on the published file: read-only, cut off from the file system, never in the writer's way.

    It may take 2 GB of memory, 5 minutes and 5,000,000 rows; a table shows the first thousand.
    """
    from flows.report.query import bound_the_process
    from flows.report.query import query as ask

    bound_the_process()
    ask(_settings(home, None, None).home, sql, format.value)


@app.command(epilog="Example: rallyscope export --out parquet")
def export(out: Annotated[Path, typer.Option(help="A new folder, or one of an earlier export, which is replaced.")],
           home: HomeOption = None) -> None:
    """The published marts and their audit as Parquet, a file a table, for every tool that does not read DuckDB."""
    from flows.report.export import export as write

    write(_settings(home, None, None).home, out, say)


@app.command(epilog="Example: rallyscope show regime --date 2026-03-27")
def show(view: Annotated[str, typer.Argument(help="regime, concentration, rotation, sectors, revisions or day.",
                                             autocompletion=completion.views)],
         day: DayOption = None, json: JsonOption = False, home: HomeOption = None) -> None:
    """One day of a mart as a readable table."""
    from flows.report.terminal import show as print_view

    print_view(_settings(home, None, None).home, view, day, json)


@app.command(epilog="Example: rallyscope claims --as-of 2026-04-20")
def claims(ids: Annotated[list[str] | None, typer.Argument(help="Claims to see with their evidence, e.g. A06.",
                                                           autocompletion=completion.claims)] = None,
           as_of: Annotated[str | None, typer.Option(help="A date (its end in New York) or an instant; as published "
                                                          "by default.")] = None,
           json: JsonOption = False, home: HomeOption = None) -> None:
    """What became of each statement of the market thesis, as published or as it stood at any moment."""
    from flows.pipeline.windows import parse_instant
    from flows.report.claims import claims as judge

    judge(_settings(home, None, None).home, ids or [], parse_instant(as_of) if as_of else None, json, say)


@app.command("what-if", epilog="Example: rallyscope what-if NVDA=-0.10 AVGO=-0.05")
def what_if(shocks: Annotated[list[str], typer.Argument(help="SYMBOL=RETURN, as many as you like.")],
            json: JsonOption = False, home: HomeOption = None) -> None:
    """What a move of some companies would do to the index: directly, and through those that moved with them."""
    from flows.report.what_if import parse
    from flows.report.what_if import what_if as ask

    settings = _settings(home, None, None)
    if not (universe := settings.catalog.universes.get("NDX")):
        raise BadRequest("what-if", f"the catalog in {settings.catalog.folder} has no universe NDX",
                         "Name one that has universes/NDX.toml with RALLYSCOPE_CATALOG")
    ask(settings.home, universe, parse(shocks), json)


@app.command(epilog="Example: rallyscope status --json")
def status(json: JsonOption = False, home: HomeOption = None) -> None:
    """What is published and how fresh it is, coverage, the last runs, what was quarantined."""
    from flows.report.terminal import show as print_view

    print_view(_settings(home, None, None).home, "status", None, json)


@app.command("broken", hidden=True)  # its name up to 0.1, kept for one release
@app.command("failed-rows", epilog="Example: rallyscope failed-rows marts.regime_daily")
def failed_rows(model: Annotated[str, typer.Argument(autocompletion=completion.failed_models)],
                home: HomeOption = None) -> None:
    """Show the rows that failed an assertion of a model in the last failed build."""
    from flows.report.terminal import show_failed_rows

    show_failed_rows(_settings(home, None, None).home, model)


@app.command(epilog="Example: rallyscope revisions --since 2026-03-01")
def revisions(since: SinceOption = None, json: JsonOption = False, home: HomeOption = None) -> None:
    """Every change of history: which cells of the past a publication said differently, and why."""
    from flows.report.terminal import show as print_view

    print_view(_settings(home, None, None).home, "revisions", None, json, since)


@app.command(epilog="Example: rallyscope rollback 20260529T035959Z")
def rollback(build: Annotated[str | None, typer.Argument(help="The start of its id; the one before by default.",
                                                         autocompletion=completion.builds)] = None,
             home: HomeOption = None) -> None:
    """Make an older publication current in one step; raw data stays, and the next run moves forward again."""
    from warehouse.drafts import sweep
    from warehouse.publication.builds import rollback as go_back

    settings = _settings(home, None, None)
    if not settings.home.folder.is_dir():
        raise BadRequest(f"data folder {settings.home.folder}", "there is no such folder", "Name another with --home")
    with settings.home.writer_lock(waiting=lambda lock_owner: say(f"waiting for the run of {lock_owner}")):
        sweep(settings.home)
        say(f"current is {go_back(settings.home, build, say).stem}")


@app.command(epilog="Example: rallyscope diff 20260327T0359 current")
def diff(first: Annotated[str, typer.Argument(help="The beginning of a build's id, or “current”.",
                                              autocompletion=completion.builds_and_current)],
         second: Annotated[str, typer.Argument(help="The same.", autocompletion=completion.builds_and_current)],
         json: JsonOption = False, home: HomeOption = None) -> None:
    """What differs between two kept builds, table by table."""
    from flows.report.diff import diff as compare

    compare(_settings(home, None, None).home, first, second, json)


@app.command(epilog="Example: rallyscope brief --date 2026-03-27")
def brief(day: DayOption = None, home: HomeOption = None, catalog: CatalogOption = None) -> None:
    """Write a session's page: one HTML file that opens offline, a picture of it, and the list of all days."""
    from flows.report.page.write import write

    settings = _settings(home, None, catalog)
    say(str(write(settings.home, settings.catalog, day)))


@app.command(epilog="Example: rallyscope docs")
def docs(home: HomeOption = None) -> None:
    """Write the data dictionary, one page: every table, every column, and what it is computed from."""
    from flows.report.dictionary import docs as write

    say(str(write(_settings(home, None, None).home)))


@app.command(epilog="Example: rallyscope prune --dry-run")
def prune(dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
          landing_days: Annotated[int, typer.Option(min=1, help="Keep landed folders this long.")] = 90,
          builds: Annotated[int, typer.Option(min=1, help="Keep this many builds.")] = 10,
          home: HomeOption = None) -> None:
    """Let go of old landed folders, builds and drafts; raw data and the current build always stay."""
    from flows.pipeline.prune import prune as let_go
    from flows.pipeline.prune import prune_candidates
    from flows.pipeline.windows import own_clock

    settings = _settings(home, None, None)
    found = []
    if settings.home.folder.exists():  # it makes nothing, and so not the folder that it is told of
        with settings.home.writer_lock(lambda lock_owner: say(f"waiting for the run of {lock_owner}")):
            now = own_clock(settings).now
            found = (prune_candidates if dry_run else let_go)(settings.home, now, landing_days, builds)
    for thing in found:
        print(f"{thing.path.relative_to(settings.home.folder)}  {thing.why}")
    say(f"{count(len(found), 'thing') if found else 'nothing'} {'would go' if dry_run else 'went'}")


@app.command(epilog="Example: rallyscope simulate --out /tmp/market --seed 7")
def simulate(out: Annotated[Path, typer.Option(help="A new or empty folder.")],
             seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7, catalog: CatalogOption = None) -> None:
    """Write a simulated market archive whose truth is known."""
    from flows.simulator import simulate as write

    write(out, seed, _settings(None, None, catalog).catalog)
    say(f"simulated market, seed {seed}: {out}")


@app.command(epilog="Example: rallyscope replay --archive /tmp/market --port 8765 --fault bar-x100:symbol=AAPL,days=2")
def replay(archive: Annotated[Path | None, typer.Option(help="A market archive folder.")] = None,
           port: Annotated[int, typer.Option(help="On loopback.")] = 8765,
           now: Annotated[str | None, typer.Option(help="The clock; the day after the last session by default.")] = None,
           fault: Annotated[list[str] | None, typer.Option(
               help="What goes wrong: NAME or NAME:argument=value,...; as many as you like; “list” prints them all.",
               autocompletion=completion.faults)] = None,
           seed: Annotated[int, typer.Option(help="Of what a fault leaves open, as which symbol.")] = 0) -> None:
    """Speak Yahoo's and FRED's wire protocols from an archive, as the world knew it at `--now`, faults and all."""
    from flows.pipeline.windows import parse_instant
    from flows.replay import faults
    from flows.replay.server import serve

    if fault == ["list"]:
        print(faults.listing())
        return
    chosen = faults.chosen(fault or [], seed)
    if archive is None:
        raise BadRequest("replay", "no archive is named", "Name a folder with --archive, as of rallyscope simulate")
    serve(archive, port, parse_instant(now) if now else None, faults=chosen, say=say)


@app.command(epilog="Example: rallyscope serve --detach")
def serve(port: Annotated[int, typer.Option(min=1, max=65535, help="On loopback.")] = 4200,
          detach: Annotated[bool, typer.Option("--detach", help="In the background; returns when it is up.")] = False,
          stop: Annotated[bool, typer.Option("--stop", help="End the service of this data folder.")] = False,
          no_auth: Annotated[bool, typer.Option("--no-auth", help="Ask for no user and password: every program and user of "
                                                "this machine may then use it as you.")] = False,
          home: HomeOption = None, source: SourceOption = None, catalog: CatalogOption = None) -> None:
    """A Prefect server with its UI, a worker and the deployments, until Ctrl-C or --stop."""
    from flows.service import serve as service

    settings = _settings(home, source, catalog)
    if stop:
        service.stop(settings, say)
    elif detach:
        service.detach(settings, port, say, no_auth)
    else:
        service.serve(settings, port, say, no_auth)


@app.command(epilog="Example: rallyscope doctor")
def doctor(json: JsonOption = False, home: HomeOption = None, source: SourceOption = None,
           catalog: CatalogOption = None) -> None:
    """Check settings, disk, source, clock, data and the Prefect service, and say what to do; waits for nobody."""
    from flows.cli.doctor.doctor import doctor as examine

    raise typer.Exit(examine(_settings(home, source, catalog), json))


def _carry_out(command: str, settings, window, as_of: str | None = None, recorded_by: str | None = None,
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
    known, recorded = (None if text is None else windows.parse_instant(text) for text in (as_of, recorded_by))
    with on_terminal(say) as (report, progress), open_run(settings, command, window, report, wait=wait) as this:
        this.progress, this.acceptance, this.again = progress, accepted, again
        execute(this, moment=(known, recorded), chunk=chunk, render=render)
        look = "status" if this.rows_quarantined or this.keys_failed else "show day"
        report(f"{count(this.rows_added, 'row')} added, {artifacts.lost(this)}; look: rallyscope {look}")


def _settings(home: Path | None, source: str | None, catalog: Path | None):
    from flows.settings import Settings

    given = {"home_folder": home, "source": source, "catalog_folder": catalog}
    return Settings(**{key: value for key, value in given.items() if value is not None})


if __name__ == "__main__":
    main()
