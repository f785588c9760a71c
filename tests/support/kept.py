"""A cache of markets, built archives and homes, shared by all workers of a test run and by later runs.

Each entry is a folder in the system's temporary folder, named by a hash of its inputs. A test that writes to an entry
copies it first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(tempfile.gettempdir()) / f"rallyscope-tests-{os.getuid()}"
# The inputs of built models and of the simulated market; and the inputs of everything that a run does.
MODELS = ("transforms", "warehouse", "flows/replay", "flows/simulator", "tests/support/archive.py", "tests/support/kept.py")
PIPELINE = ("transforms", "warehouse", "expectations", "flows", "tests/support/tiny_market.py", "tests/support/evenings.py",
            "tests/support/kept.py")
DAYS_KEPT = 2


def kept(name: str, sources: tuple[str, ...], make: Callable[[Path], object], *also: object) -> Path:
    """Return the read-only folder that `make` filled; `also` are its inputs besides the `sources`."""
    digest = hashlib.sha256(repr((_digest(sources), also)).encode()).hexdigest()[:16]
    place = FOLDER / f"{name}-{digest}"
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FOLDER.joinpath(f".{name}-{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be creating it
        if not place.exists():
            draft = FOLDER / f".{name}-{digest}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            make(draft)
            draft.rename(place)
            _forget_old()
    os.utime(place)
    return place


def files_of(folder: Path) -> list[tuple[str, int, int]]:
    """Return path, size and modification time of the files of a folder, to detect changes without reading them."""
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(folder.rglob("*"))]


@cache
def _digest(sources: Iterable[str]) -> str:
    made_from = hashlib.sha256(repr([version(package) for package in ("duckdb", "pandas", "numpy")]).encode())
    for source in sources:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                made_from.update(f"{file.relative_to(ROOT)} {file.stat().st_size}\n".encode())
                made_from.update(file.read_bytes())
    return made_from.hexdigest()


def _forget_old() -> None:
    for place in FOLDER.iterdir():
        if place.stat().st_mtime < time.time() - DAYS_KEPT * 86400:
            shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
