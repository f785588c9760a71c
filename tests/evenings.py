"""Homes of the tiny market after one undisturbed run without a page of the day, made once and copied for each test."""

from __future__ import annotations

import shutil
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from kept import PIPELINE, kept
from tiny_market import FIRST, LAST, write_archive, write_catalogue

from flows import moments, steps
from flows.replay.server import running
from flows.settings import Settings


def tiny_home(to: Path, evening: str | None = None, command: str = "backfill") -> Path:
    """`to` as a copy of the home after a backfill of all sessions, or a run of the newest, on the evening of a day.

    By default on the day after the market's last, as `tiny_server` has it.
    """
    return Path(shutil.copytree(_made(evening, command), to, dirs_exist_ok=True))


def fresh_home(to: Path) -> Path:
    """`to` as a home that ran nothing yet, and has the data dictionary: drawing that takes longer than a small run."""
    shutil.copytree(_made(None, "backfill") / "site", to / "site")
    return to


def _made(evening: str | None, command: str) -> Path:
    return kept(f"tiny-{command}-{evening or 'end'}", PIPELINE, partial(_carry_out, evening, command)) / "home"


def _carry_out(evening: str | None, command: str, folder: Path) -> None:
    archive, catalogue = write_archive(folder / "archive"), write_catalogue(folder / "catalogue")
    with running(archive, *[moments.moment_of(evening)] if evening else []) as base, pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "_write_page", lambda run: None)
        settings = Settings(home_folder=folder / "home", source=base, catalog_folder=catalogue)
        window = moments.session_window(settings, None) if command == "run" else moments.range_window(
            settings, date.fromisoformat(FIRST), date.fromisoformat(evening or LAST))
        with steps.run(settings, command, window) as run:
            steps.carry_out(run)
