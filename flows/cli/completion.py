"""List the values that a shell completes; they come from file names, so that a completion never waits for a database."""

from __future__ import annotations

from pathlib import Path

import typer

from flows.report.views import VIEWS
from warehouse.installation import CODE_FOLDER

CLAIMS = CODE_FOLDER / "transforms" / "claims"


def views() -> list[str]:
    """List the views of `show`."""
    return [view for view in VIEWS if view != "status"]


def claims() -> list[str]:
    """List the ids of the claims that the ledger evaluates."""
    return sorted(file.stem for file in CLAIMS.glob("*.sql"))


def faults() -> list[str]:
    """List the faults that a replay server can inject, after the word that prints their list."""
    from flows.replay.faults import LIBRARY

    return ["list", *LIBRARY]


def failed_models(context: typer.Context) -> list[str]:
    """List the models with rows that failed an assertion in a build."""
    return sorted(file.stem for file in _in_home(context, "failed-rows", "*.json"))


def builds(context: typer.Context) -> list[str]:
    """List the ids of the kept builds, newest first."""
    return sorted((file.stem for file in _in_home(context, "builds", "*.duckdb")), reverse=True)


def builds_and_current(context: typer.Context) -> list[str]:
    """List “current”, which means the published build, and the ids of the kept builds."""
    return ["current", *builds(context)]


def _in_home(context: typer.Context, folder: str, pattern: str) -> list[Path]:
    from flows.settings import Settings

    given = context.params.get("home")
    home = (Settings(home_folder=given) if given else Settings()).home
    return list((home.folder / folder).glob(pattern))
