"""The options that several commands share, and the settings made of them."""

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
    """Print the installed version and exit."""
    if requested:
        from importlib.metadata import version

        print(f"rallyscope {version('rallyscope')}")
        raise typer.Exit


VersionOption = Annotated[bool, typer.Option("--version", is_eager=True, callback=print_version,
                                              help="Print the version and exit.")]
HomeOption = Annotated[Path | None, typer.Option("--home", help="The data folder (RALLYSCOPE_HOME; by default "
                                               f"{default_data_folder()}).")]
SourceOption = Annotated[str | None, typer.Option("--source", help="“live”, or the base URL of a replay server.")]
CatalogOption = Annotated[Path | None, typer.Option("--catalog", help="A folder of your own catalog entries "
                                                  "(RALLYSCOPE_CATALOG); they add to the packaged ones or "
                                                  "replace them.")]
DayOption = Annotated[date | None, typer.Option("--date", parser=day_of, help="A session, e.g. 2026-03-27.")]
IndexOption = Annotated[str | None, typer.Option("--index", help="The code of an index; by default the primary index.")]
SinceOption = Annotated[date | None, typer.Option("--since", parser=day_of, help="Show rows from this date on.")]
Day = Annotated[date, typer.Argument(parser=day_of, help="A date, e.g. 2026-03-27.")]
AsOfOption = Annotated[str | None, typer.Option(help="A date (its end in New York) or a moment; now by default.")]
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for another run to finish, or fail at once.")]
AcceptOption = Annotated[str | None, typer.Option("--accept", metavar="REASON", help="Publish even if a check fails; "
                                                  "the audit records the reason.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def settings_from(home: Path | None = None, source: str | None = None, catalog: Path | None = None):
    """The settings, of which an option that was given overrides the environment."""
    from flows.settings import Settings

    given = {"home_folder": home, "source": source, "catalog_folder": catalog}
    return Settings(**{key: value for key, value in given.items() if value is not None})
