"""`rallyscope prune`: what the pipeline keeps and no longer needs, let go; a dry run says what that would be.

Landed folders go when they are loaded and old: their rows are in the raw tables for good. Builds beyond the newest
ones go, never the current. Drafts that a killed process left go. Old flow runs are the Prefect server's to vacuum.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse import landing
from warehouse.builds import kept
from warehouse.home import Home
from warehouse.load import is_loaded
from warehouse.publish import BUILDS_KEPT, current_build


@dataclass(frozen=True)
class Leaving:
    """One thing that may go, and why."""

    path: Path
    why: str

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(f.stat().st_size for f in self.path.rglob("*") if f.is_file()) or (
            self.path.stat().st_size if self.path.is_file() else 0)


def leaving(home: Home, now: datetime, landing_days: int, builds: int = BUILDS_KEPT) -> list[Leaving]:
    """Everything that may go at `now`; to be asked within the writer's turn."""
    return [*_landed(home, now - timedelta(days=landing_days)), *_builds(home, builds), *_drafts(home)]


def prune(home: Home, now: datetime, landing_days: int, builds: int = BUILDS_KEPT) -> list[Leaving]:
    """Remove it, and return what went."""
    gone = leaving(home, now, landing_days, builds)
    for thing in gone:
        shutil.rmtree(thing.path) if thing.path.is_dir() else thing.path.unlink()
    for day in home.landing.glob("*"):
        if day.is_dir() and not any(day.iterdir()):
            day.rmdir()
    return gone


def _landed(home: Home, before: datetime) -> Iterator[Leaving]:
    if not home.working.exists():
        return
    with home.warehouse() as con:
        for folder in landing.batches(home.landing):
            fetched_at = datetime.fromisoformat(json.loads((folder / landing.MANIFEST).read_text())["fetched_at"])
            if fetched_at.astimezone(UTC) < before and is_loaded(con, folder.name):
                yield Leaving(folder, f"loaded, fetched {fetched_at:%Y-%m-%d}")


def _builds(home: Home, keep: int) -> Iterator[Leaving]:
    current = current_build(home)
    for file in kept(home)[keep:]:
        if file.stem != current:
            yield Leaving(file, f"older than the newest {keep} builds")


def _drafts(home: Home) -> Iterator[Leaving]:
    """Nobody else writes during our turn, so every draft is a dead process's."""
    for pattern, folder in ((".draft-*", home.landing), (".*.draft*", home.builds), (".marts.*.draft", home.folder)):
        for path in folder.glob(pattern):
            yield Leaving(path, "left by a process that was killed")
