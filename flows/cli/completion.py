"""The values a shell completes, read from file names so that a completion never waits for a database."""

from __future__ import annotations

from pathlib import Path

import typer

from flows.report.views import VIEWS
from warehouse.installation import CODE_FOLDER

CLAIMS = CODE_FOLDER / "transforms" / "claims"


def views() -> list[str]:
    """The views of `show`."""
    return [view for view in VIEWS if view != "status"]


def claims() -> list[str]:
    """The ids of the claims that the ledger judges."""
    return sorted(file.stem for file in CLAIMS.glob("*.sql"))


def faults() -> list[str]:
    """The faults that a replay server can inject, and the word that lists them."""
    from flows.replay.faults import LIBRARY

    return ["list", *LIBRARY]


def failed_models(context: typer.Context) -> list[str]:
    """The models with rows that failed an assertion in a build."""
    return sorted(file.stem for file in _in_home(context, "failed-rows", "*.json"))


def builds(context: typer.Context) -> list[str]:
    """The ids of the kept builds, the newest first."""
    return sorted((file.stem for file in _in_home(context, "builds", "*.duckdb")), reverse=True)


def builds_and_current(context: typer.Context) -> list[str]:
    """The same after “current”, the published one."""
    return ["current", *builds(context)]


def _in_home(context: typer.Context, folder: str, pattern: str) -> list[Path]:
    from flows.settings import Settings

    given = context.params.get("home")
    home = (Settings(home_folder=given) if given else Settings()).home
    return list((home.folder / folder).glob(pattern))
