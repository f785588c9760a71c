"""The commands for a market that can be made and served at will: demo, simulate, replay."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import completion
from flows.cli.options import CatalogOption, HomeOption, settings_from
from flows.report.output import say
from warehouse.errors import BadRequest

commands = typer.Typer()


@commands.command(epilog="Example: rallyscope demo")
def demo(home: HomeOption = None,
         seed: Annotated[int, typer.Option(min=0, help="The seed of the simulated market.")] = 7) -> None:
    """Simulate a market, serve it, backfill three years, run the last day, and print what drives it."""
    from flows.cli.demo import demo as play

    play(settings_from(home), seed, say)


@commands.command(epilog="Example: rallyscope simulate --out /tmp/market --seed 7")
def simulate(out: Annotated[Path, typer.Option(help="A new or empty folder.")],
             seed: Annotated[int, typer.Option(min=0, help="The same seed produces identical files.")] = 7,
             catalog: CatalogOption = None) -> None:
    """Write the archive of a simulated market whose true drivers are known."""
    from flows.simulator import simulate as write

    write(out, seed, settings_from(catalog=catalog).catalog)
    say(f"simulated market, seed {seed}: {out}")


@commands.command(epilog="Example: rallyscope replay --archive /tmp/market --port 8765 --fault bar-x100:symbol=AAPL,days=2")
def replay(archive: Annotated[Path | None, typer.Option(help="The folder of a market archive.")] = None,
           port: Annotated[int, typer.Option(min=1, max=65_535, help="The loopback port to listen on.")] = 8765,
           now: Annotated[str | None, typer.Option(help="The time on the server's clock; by default the end of the day "
                                                        "after the last session.")] = None,
           fault: Annotated[list[str] | None, typer.Option(
               help="A fault to inject: NAME or NAME:argument=value,... Repeat it to combine faults; “list” prints all "
                    "of them.",
               autocompletion=completion.faults)] = None,
           seed: Annotated[int, typer.Option(help="The seed that chooses what a fault does not specify, e.g. the "
                                                  "symbol.")] = 0) -> None:
    """Serve an archive over Yahoo's and FRED's wire protocols as of `--now`, optionally with faults."""
    from flows.pipeline.windows import parse_instant
    from flows.replay import faults
    from flows.replay.server import serve

    if fault == ["list"]:
        print(faults.listing())
        return
    injected = faults.parse_faults(fault or [], seed)
    if archive is None:
        raise BadRequest("replay", "no archive is given", "Name a folder with --archive; rallyscope simulate writes one")
    serve(archive, port, parse_instant(now) if now else None, faults=injected, say=say)
