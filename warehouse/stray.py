"""Detect other programs that write to a published file, by a log beside it (FILE.wal) or a lock on it.

Such a program does not stop our runs. DuckDB opens a file for writing by default, so a notebook that omits `read_only`
leaves a log while it is open or after it is killed. A publication has no log of its own. In the storage version that old
readers support, a log does not name its file, and DuckDB applies it to whichever file is beside it.
"""

from __future__ import annotations

import fcntl
import glob
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from warehouse.errors import HomeUnusable


def logs(file: Path) -> list[Path]:
    """Return the files beside a database file that DuckDB would read as its write-ahead log."""
    return sorted(file.parent.glob(f"{glob.escape(file.name)}.wal*"))


def writer(file: Path) -> str | None:
    """Return which process has the file open for writing, as “PID 4711”, or None if no other process has."""
    try:
        with file.open("rb") as opened:
            fcntl.lockf(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        try:
            duckdb.connect(str(file), read_only=True).close()
        except duckdb.Error as error:
            found = re.search(r"PID \d+", str(error))
            return found[0] if found else "another program" if "lock" in str(error) else None
    except OSError:
        pass
    return None


@contextmanager
def undisturbed(file: Path) -> Iterator[Path]:
    """Yield a path that holds exactly what was published.

    It is the file itself, or a copy if there is a log beside it or another program writes to it. The copy has the same
    name, because DuckDB names the database's catalog after it. The copy is deleted at the end.
    """
    if not logs(file) and not writer(file):
        yield file
        return
    with TemporaryDirectory(prefix="rallyscope-") as folder:
        try:
            copy = Path(shutil.copyfile(file, Path(folder) / file.name))
        except OSError as error:
            raise HomeUnusable(str(file), f"its copy in {folder} failed: {error.strerror or error}") from None
        yield copy


def set_aside(file: Path, folder: Path) -> Path | None:
    """Move the logs beside a file into a new folder below `folder`, link or copy the file there, and return that folder.

    The user who wrote the logs can open the two together there. The file itself also stays, for its successor to replace.
    Returns None if there are no logs.
    """
    if not (left := logs(file)):
        return None
    written = datetime.fromtimestamp(max(log.lstat().st_mtime for log in left), UTC)
    folder_kept = _new_folder(folder, f"{written:%Y%m%dT%H%M%SZ}")
    if file.exists():
        try:
            os.link(file, folder_kept / file.name)
        except OSError:
            shutil.copyfile(file, folder_kept / file.name)
    for log in left:
        log.replace(folder_kept / log.name)
    return folder_kept


def trouble(file: Path) -> str | None:
    """Describe how another program interferes with a file and how to fix it; None if no program does."""
    if lock_owner := writer(file):
        return (f"{lock_owner} has {file} open for writing, and no other program can open it: close it there and open it "
                "read-only. rallyscope run publishes a file that all can read")
    if left := logs(file):
        return (f"{left[0]} was left by a program that opened {file.name} for writing, and others would read it as part of "
                "it: delete it or move it away, or let rallyscope run or rollback move it to set-aside")
    return None


def describe(file: Path, folder_kept: Path | None, lock_owner: str | None) -> str:
    """Describe what was set aside and who still writes to the replaced file; return "" if neither applies."""
    lines = []
    if folder_kept:
        lines.append(f"another program had opened {file.name} for writing and left {file.name}.wal: both were moved to "
                     f"{folder_kept}, and {file.name} holds only what was published")
    if lock_owner:
        lines.append(f"{lock_owner} still has the earlier {file.name} open for writing: close it there and open it "
                     f"read-only, or what it writes next appears beside the new one as {file.name}.wal")
    return "; ".join(lines)


def _new_folder(folder: Path, name: str) -> Path:
    for number in range(1, 1000):
        folder_kept = folder / (name if number == 1 else f"{name}-{number}")
        try:
            folder_kept.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder_kept
    raise OSError(f"{folder} is full of folders of {name}")
