"""Homes of the tiny market after one undisturbed run without pages, created once and copied for each test."""

from __future__ import annotations

import shutil
from datetime import date
from functools import partial
from pathlib import Path

from kept import PIPELINE, kept
from tiny_market import FIRST, LAST, write_archive, write_catalog

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.server import running
from flows.settings import Settings


def tiny_home(to: Path, evening: str | None = None, command: str = "backfill") -> Path:
    """Copy to `to` the home after a backfill of all sessions, or a run of the newest one, on the given evening.

    By default it is the evening after the market's last session, as in `tiny_server`.
    """
    return Path(shutil.copytree(_made(evening, command), to, dirs_exist_ok=True))


def _made(evening: str | None, command: str) -> Path:
    return kept(f"tiny-{command}-{evening or 'end'}", PIPELINE, partial(_carry_out, evening, command)) / "home"


def _carry_out(evening: str | None, command: str, folder: Path) -> None:
    archive, catalog = write_archive(folder / "archive"), write_catalog(folder / "catalog")
    with running(archive, *[windows.parse_instant(evening)] if evening else []) as base:
        settings = Settings(home_folder=folder / "home", source=base, catalog_folder=catalog)
        window = windows.session_window(settings, None) if command == "run" else windows.range_window(
            settings, date.fromisoformat(FIRST), date.fromisoformat(evening or LAST))
        with open_run(settings, command, window) as run:
            execute(run)
