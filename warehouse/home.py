"""Where data lives, and the one writer's turn at the working database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import HomeUnusable, NothingPublished, TurnTaken

# How DuckDB says, in errors of several kinds, that the disk did not take what it wrote.
DISK_TROUBLE = ("Could not write", "No space left", "Read-only file system", "has been invalidated")
SCHEMA = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True)
class Home:
    """The data folder; everything the pipeline writes is below it."""

    folder: Path

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def working(self) -> Path:
        """Private: nobody but the pipeline opens it, a reader would lock the writer out."""
        return self.folder / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.folder / "marts.duckdb"

    @property
    def builds(self) -> Path:
        return self.folder / "builds"

    @property
    def broken(self) -> Path:
        return self.folder / "broken"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @contextmanager
    def turn(self, waiting: Callable[[str], None] | None = lambda holder: None) -> Iterator[None]:
        """Hold the one writer's turn; when another process has it, say who through `waiting` and queue.

        With `waiting` None there is no queue: TurnTaken says who holds it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise HomeUnusable(str(self.folder), error.strerror or str(error)) from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(lock, 200, 0).decode(errors="replace").strip() or "another process"
                if waiting is None:
                    raise TurnTaken(str(self.folder), holder) from None
                waiting(holder)
                fcntl.flock(lock, fcntl.LOCK_EX)
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"pid {os.getpid()}\n".encode(), 0)
            yield
            os.ftruncate(lock, 0)
        finally:
            os.close(lock)

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the working database with its schema in place; to be used within a turn.

        A disk that is full or cannot be written is HomeUnusable: what was committed stays, the rest is as it was.
        """
        try:
            with _opened(self.working) as con:
                con.execute(SCHEMA.read_text())
                yield con
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            if isinstance(error, duckdb.IOException) or any(sign in said for sign in DISK_TROUBLE):
                raise HomeUnusable(str(self.working), said) from None
            raise

    @contextmanager
    def marts(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The published file, read-only and shut off from the file system and from settings."""
        if not self.published.exists():
            raise NothingPublished(str(self.published))
        shut_off = {"enable_external_access": "false", "lock_configuration": "true"}
        with _opened(self.published, read_only=True, config=shut_off) as con:
            yield con


def _opened(file: Path, **options) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(file), **options)
    except duckdb.IOException as error:
        raise HomeUnusable(str(file), str(error).splitlines()[0]) from None
