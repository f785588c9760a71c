"""What several commands take: the options they share, and how a date is read."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from warehouse.calendar import day_of
from warehouse.installation import default_data_folder


class Format(StrEnum):
    """How `query` writes its rows."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def print_version(requested: bool) -> None:
    """Print the installed release, and end there."""
    if requested:
        from importlib.metadata import version

        print(f"rallyscope {version('rallyscope')}")
        raise typer.Exit


VersionOption = Annotated[bool, typer.Option("--version", is_eager=True, callback=print_version, help="The release.")]
HomeOption = Annotated[Path | None, typer.Option("--home", help="Where data lives (RALLYSCOPE_HOME; by default "
                                               f"{default_data_folder()}).")]
SourceOption = Annotated[str | None, typer.Option("--source", help="“live”, or the base URL of a replay server.")]
CatalogOption = Annotated[Path | None, typer.Option("--catalog", help="Your own entries (RALLYSCOPE_CATALOG): added to the "
                                                  "packaged ones, or in their place.")]
DayOption = Annotated[date | None, typer.Option("--date", parser=day_of, help="A session, e.g. 2026-03-27.")]
SinceOption = Annotated[date | None, typer.Option("--since", parser=day_of, help="Rows from this date on.")]
Day = Annotated[date, typer.Argument(parser=day_of, help="A date, e.g. 2026-03-27.")]
AsOfOption = Annotated[str | None, typer.Option(help="A date (its end in New York) or an instant; now by default.")]
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Queue behind another run, or refuse.")]
AcceptOption = Annotated[str | None, typer.Option("--accept", metavar="REASON", help="Publish what a check withholds; the "
                                                  "reason is kept in the audit.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For scripts.")]
