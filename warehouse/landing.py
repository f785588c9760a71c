"""Landing: write each response of a source once, with a manifest that proves its content."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import HomeUnusable, LandingDamaged

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Batch:
    """One landing folder: `batch_id` is its name, `fetched_at` is UTC, `files` maps a frame's name to its sha256."""

    folder: Path
    batch_id: str
    feed: str
    source: str
    fetched_at: datetime
    known_through: str
    files: Mapping[str, str]
    rows: int
    simulated: bool

    def __str__(self) -> str:
        return self.batch_id

    @property
    def sha256(self) -> str:
        return _content(self.files)

    def frame(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"


def land(landing: Path, feed: str, source: str, fetched_at: datetime, known_through: str,
         frames: Mapping[str, pd.DataFrame], request: Mapping[str, object], simulated: bool) -> Batch:
    """Write the frames of one response and return the batch; the same response at the same time is one batch.

    One rename makes the complete folder appear, after all of its files are on disk. It is never written again.
    """
    draft = landing / f".draft-{feed}-{os.getpid()}"
    try:
        landing.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        files = {}
        for name, frame in frames.items():
            frame.to_parquet(draft / f"{name}.parquet", index=False, compression="zstd")
            files[name] = _sync_and_hash(draft / f"{name}.parquet")
        batch_id = _name(feed, fetched_at, files)
        manifest = {
            "batch_id": batch_id, "feed": feed, "source": source, "fetched_at": fetched_at.isoformat(),
            "known_through": known_through, "simulated": simulated, "request": dict(request),
            "files": {name: {"sha256": files[name], "rows": len(frames[name])} for name in files},
        }
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
        _sync_and_hash(draft / MANIFEST)
        folder = landing / f"{fetched_at:%Y-%m-%d}" / batch_id
        folder.parent.mkdir(exist_ok=True)
        if not folder.exists():
            _sync_folder(draft)
            draft.rename(folder)
            _sync_folder(folder.parent)
            _sync_folder(landing)
    except OSError as error:
        raise HomeUnusable(str(landing), error.strerror or str(error)) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return read(folder)


def read(folder: Path) -> Batch:
    """Read the batch of a landing folder; raise LandingDamaged if it does not match its manifest or its own name."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        files = {name: file["sha256"] for name, file in manifest["files"].items()}
        batch = Batch(folder, manifest["batch_id"], manifest["feed"], manifest["source"],
                      datetime.fromisoformat(manifest["fetched_at"]), manifest["known_through"], files,
                      sum(file["rows"] for file in manifest["files"].values()), manifest["simulated"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LandingDamaged(str(folder), f"its manifest cannot be read ({type(error).__name__}: {error})") from None
    if not folder.name == batch.batch_id == _name(batch.feed, batch.fetched_at, files):
        raise LandingDamaged(str(folder), f"its manifest is that of another batch ({batch.batch_id})")
    for name, landed in files.items():
        try:
            found = hashlib.sha256(batch.frame(name).read_bytes()).hexdigest()
        except OSError as error:
            raise LandingDamaged(str(folder), f"{name}.parquet cannot be read ({error.strerror})") from None
        if found != landed:
            raise LandingDamaged(str(folder), f"{name}.parquet is not the file that was landed")
    return batch


def batches(landing: Path) -> Iterator[Path]:
    """Yield all landing folders, oldest fetch first."""
    yield from sorted((m.parent for m in landing.glob(f"*/*/{MANIFEST}")), key=lambda folder: folder.name)


def _name(feed: str, fetched_at: datetime, files: Mapping[str, str]) -> str:
    """Name a batch so that names sort by fetch time and prove the content: they contain a hash of the files' hashes."""
    return f"{fetched_at:%Y%m%dT%H%M%S%f}-{feed}-{_content(files)[:10]}"


def _content(files: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(files[name] for name in sorted(files)).encode()).hexdigest()


def _sync_and_hash(file: Path) -> str:
    with file.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        os.fsync(handle.fileno())
    return digest


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
