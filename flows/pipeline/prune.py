"""Delete files that the pipeline no longer needs, or list them in a dry run.

`rallyscope prune` deletes:
- old landed folders that are loaded; the raw tables keep their rows
- builds beyond the newest ones, except the current build and the build of the present that the next run is compared with
- old published files that another program wrote to and that were set aside
- drafts of killed processes

The Prefect server deletes old flow runs itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse import landing
from warehouse.data_folder import DataFolder
from warehouse.drafts import abandoned
from warehouse.errors import BadRequest
from warehouse.load.batch import is_loaded
from warehouse.publication.builds import kept
from warehouse.publication.publish import BUILDS_KEPT, current_build, newest_present


@dataclass(frozen=True)
class PruneCandidate:
    """One file or folder that can be deleted, and why."""

    path: Path
    why: str

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(f.stat().st_size for f in self.path.rglob("*") if f.is_file()) or (
            self.path.stat().st_size if self.path.is_file() else 0)


def prune_candidates(home: DataFolder, now: datetime, landing_days: int, builds: int = BUILDS_KEPT) -> list[PruneCandidate]:
    """Return everything that can be deleted at `now`; call it with the writer's lock.

    Raises BadRequest if `landing_days` is too large.
    """
    try:
        before = now - timedelta(days=landing_days)
    except OverflowError:
        raise BadRequest(f"landing-days {landing_days}", "the number is too large",
                         "Give the number of days since the fetch, e.g. 90") from None
    return [*_landed(home, before), *_builds(home, builds), *_set_aside(home, before), *_drafts(home)]


def prune(home: DataFolder, now: datetime, landing_days: int, builds: int = BUILDS_KEPT) -> list[PruneCandidate]:
    """Delete the candidates and return them."""
    candidates = prune_candidates(home, now, landing_days, builds)
    for candidate in candidates:
        shutil.rmtree(candidate.path) if candidate.path.is_dir() else candidate.path.unlink()
    for day in home.landing.glob("*"):
        if day.is_dir() and not any(day.iterdir()):
            day.rmdir()
    return candidates


def _landed(home: DataFolder, before: datetime) -> Iterator[PruneCandidate]:
    if not home.working.exists():
        return
    with home.warehouse() as con:
        for folder in landing.batches(home.landing):
            if not is_loaded(con, folder.name):
                continue
            # Read the time from the name, so that a manifest damaged after the load does not keep the folder.
            fetched_at = datetime.strptime(folder.name.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
            if fetched_at < before:
                yield PruneCandidate(folder, f"loaded, fetched {fetched_at:%Y-%m-%d}")


def _builds(home: DataFolder, keep: int) -> Iterator[PruneCandidate]:
    never = {current_build(home)}
    if home.working.exists():
        with home.warehouse() as con:
            never.add(newest_present(con))
    for file in kept(home)[keep:]:
        if file.stem not in never:
            yield PruneCandidate(file, f"older than the newest {f'{keep} builds' if keep > 1 else 'build'}")


def _set_aside(home: DataFolder, before: datetime) -> Iterator[PruneCandidate]:
    """Old copies of published files that another program had written to."""
    for folder in sorted(home.set_aside.glob("*")):
        moved_at = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        if moved_at < before:
            yield PruneCandidate(folder, f"written by another program, set aside {moved_at:%Y-%m-%d}")


def _drafts(home: DataFolder) -> Iterator[PruneCandidate]:
    for path in abandoned(home):
        yield PruneCandidate(path, "left by a killed process")
