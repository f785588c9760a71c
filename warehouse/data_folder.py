"""Where data lives, and the one writer's turn at the working database."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse import file_lock
from warehouse.errors import BuildDamaged, HomeUnusable, NothingPublished, WriterLocked
from warehouse.migration import migrate
from warehouse.stray import undisturbed
from warehouse.zones import use_utc

# How DuckDB says, in errors of several kinds, that the disk did not take what it wrote.
DISK_TROUBLE = ("Could not write", "No space left", "Read-only file system", "has been invalidated", "Cannot open file")
# How it says that what it reads is not what it once wrote.
DAMAGE = ("not a valid DuckDB", "Could not read", "Corrupt database")
NO_LOCK = "it is no file of the pipeline's, but a link, a folder or a device"
# What a reader of the published file may take; it writes nothing to the disk.
READERS_MEMORY = "2GB"
SCHEMA = Path(__file__).with_name("schema.sql")
_SETTINGS = threading.Lock()


@dataclass(frozen=True)
class DataFolder:
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
    def failed_rows(self) -> Path:
        return self.folder / "failed-rows"

    @property
    def set_aside(self) -> Path:
        """What other programs wrote to published files."""
        return self.folder / "set-aside"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def lock(self) -> Path:
        """Held by who is writing."""
        return self.folder / "writer.lock"

    def _no_lock(self, error: OSError) -> HomeUnusable:
        strange = self.lock.is_symlink() or (self.lock.exists() and not self.lock.is_file())
        return HomeUnusable(*(str(self.lock), NO_LOCK) if strange else (str(self.folder), error.strerror or str(error)))

    def _lock(self, lock: int, waiting: Callable[[str], None] | None) -> None:
        try:
            taken = file_lock.take(lock)
        except OSError as error:  # a file system that knows no locks
            raise self._no_lock(error) from None
        if not taken:
            lock_owner = os.pread(lock, 200, 0).decode(errors="replace").strip() or "another process"
            if waiting is None:
                raise WriterLocked(str(self.folder), lock_owner)
            waiting(lock_owner)
            file_lock.wait_for(lock)

    @contextmanager
    def writer_lock(self, waiting: Callable[[str], None] | None = lambda lock_owner: None) -> Iterator[None]:
        """Hold the one writer's turn; when another process has it, say who through `waiting` and queue.

        With `waiting` None there is no queue: WriterLocked says who holds it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # A link is not followed: what it names is not ours to write to.
            lock = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        except OSError as error:
            raise self._no_lock(error) from None
        try:
            if not stat.S_ISREG(os.fstat(lock).st_mode):
                raise HomeUnusable(str(self.lock), NO_LOCK)
            self._lock(lock, waiting)
            os.ftruncate(lock, 0)
            with suppress(OSError):  # a full disk takes no name; the turn is held all the same, as by prune that makes room
                os.pwrite(lock, f"pid {os.getpid()}\n".encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(lock, 0)  # what a killed process leaves names it
        finally:
            os.close(lock)

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the working database with its schema in place; to be used within a turn.

        A disk that is full or cannot be written is HomeUnusable: what was committed stays, the rest is as it was.
        """
        try:
            with _opened(self.working, self.working) as con:
                use_utc(con)
                _put_in_place(con, SCHEMA.read_text())
                yield con
        except duckdb.Error as error:
            message = str(error).splitlines()[0]
            if isinstance(error, duckdb.IOException) or any(sign in message for sign in DISK_TROUBLE):
                raise HomeUnusable(str(self.working), message) from None
            raise

    @contextmanager
    def marts(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The published file, read-only and shut off from the file system and from settings."""
        if not self.published.exists():
            raise NothingPublished(str(self.published))
        with read_only(self.published) as con:
            yield con


@contextmanager
def read_only(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published file or a kept build in UTC, shut off from the file system and from settings; BuildDamaged when it is.

    What another program does to it, or left beside it, is passed over.
    """
    shut_off = {"enable_external_access": "false", "memory_limit": READERS_MEMORY, "max_temp_directory_size": "0KB"}
    try:
        with undisturbed(file) as path, _opened(path, file, read_only=True, config=shut_off) as con:
            _lock_settings(con)
            yield con
    except duckdb.Error as error:
        if damage := damage_in(error):
            raise BuildDamaged(str(file), damage) from None
        raise
    except HomeUnusable as error:
        if _is_damage(error.problem):
            raise BuildDamaged(str(file), error.problem) from None
        raise


def _lock_settings(con: duckdb.DuckDBPyConnection) -> None:
    """Once for all connections of the process to this file: a second one finds the settings locked, in UTC.

    Two threads that open it at the same moment take turns, or the later one would set what the earlier has locked.
    """
    with _SETTINGS:
        if con.execute("select current_setting('lock_configuration')").fetchone() == (False,):
            use_utc(con)
            con.execute("set lock_configuration = true")


def damage_in(error: duckdb.Error) -> str | None:
    """What DuckDB says of a file that is not what it once wrote; None when the error is another."""
    message = str(error).splitlines()[0].rstrip(".")
    return message if _is_damage(message) else None


def _is_damage(message: str) -> bool:
    return any(sign in message for sign in DAMAGE)


def _put_in_place(con: duckdb.DuckDBPyConnection, schema: str) -> None:
    """The schema, unless this very text was applied already: a run opens the database some thirty times."""
    digest = hashlib.sha256(schema.encode()).hexdigest()
    there = con.execute("select count(*) from duckdb_views() where database_name = current_database() "
                        "and schema_name = 'raw' and view_name = 'schema_in_place' and contains(sql, ?)", [digest])
    if there.fetchone() == (0,):
        con.begin()
        try:
            migrate(con)
            con.execute(f"{schema}; create or replace view raw.schema_in_place as select '{digest}' as digest")
        except BaseException:
            con.rollback()
            raise
        con.commit()


def _opened(path: Path, file: Path, **options) -> duckdb.DuckDBPyConnection:
    """The database at `path`, which a person knows as `file`."""
    try:
        return duckdb.connect(str(path), **options)
    except duckdb.Error as error:
        # A wrong checksum is no IOException.
        if isinstance(error, duckdb.IOException) or damage_in(error):
            raise HomeUnusable(str(file), str(error).splitlines()[0]) from None
        raise
