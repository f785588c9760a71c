"""The layout of the data folder, the writer lock, and connections to the working database and published files."""

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
from warehouse.errors import BadRequest, BuildDamaged, HomeUnusable, NothingPublished, OtherRelease, WriterLocked
from warehouse.migration import migrate
from warehouse.stray import undisturbed
from warehouse.zones import use_utc

# Parts of DuckDB's messages, in errors of several kinds, that mean a write to the disk failed.
DISK_TROUBLE = ("Could not write", "No space left", "Read-only file system", "has been invalidated", "Cannot open file")
# Parts of its messages that mean a file is damaged: it reads something other than what it once wrote.
DAMAGE = ("not a valid DuckDB", "Could not read", "Corrupt database")
NO_LOCK = "it is no file of the pipeline's, but a link, a folder or a device"
LEADS_NOWHERE = "it is a link to a file that does not exist"
# The memory limit of a reader of the published file; it writes nothing to the disk.
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
        """The private working database: only the pipeline opens it, since a reader would lock the writer out."""
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
        """The folder to which logs are moved that other programs left beside published files."""
        return self.folder / "set-aside"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def lock(self) -> Path:
        """The file that the writing process holds locked."""
        return self.folder / "writer.lock"

    def _no_lock(self, error: OSError) -> HomeUnusable:
        strange = self.lock.is_symlink() or (self.lock.exists() and not self.lock.is_file())
        return HomeUnusable(*(str(self.lock), NO_LOCK) if strange else (str(self.folder), error.strerror or str(error)))

    def _lock(self, lock: int, waiting: Callable[[str], None] | None) -> None:
        try:
            taken = file_lock.take(lock)
        except OSError as error:  # the file system does not support locks
            raise self._no_lock(error) from None
        if not taken:
            lock_owner = os.pread(lock, 200, 0).decode(errors="replace").strip() or "another process"
            if waiting is None:
                raise WriterLocked(str(self.folder), lock_owner)
            waiting(lock_owner)
            file_lock.wait_for(lock)

    @contextmanager
    def writer_lock(self, waiting: Callable[[str], None] | None = lambda lock_owner: None) -> Iterator[None]:
        """Hold the writer lock; if another process holds it, pass its name to `waiting` and block until it is free.

        If `waiting` is None, do not block: raise WriterLocked with the name of the lock's owner.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Do not follow a link: its target is not ours to write to.
            lock = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        except OSError as error:
            raise self._no_lock(error) from None
        try:
            if not stat.S_ISREG(os.fstat(lock).st_mode):
                raise HomeUnusable(str(self.lock), NO_LOCK)
            self._lock(lock, waiting)
            os.ftruncate(lock, 0)
            with suppress(OSError):  # on a full disk the name cannot be written, but prune must still get the lock
                os.pwrite(lock, f"pid {os.getpid()}\n".encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(lock, 0)  # only a killed process leaves its name in the file
        finally:
            os.close(lock)

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect to the working database and apply the schema if needed; call this while holding the writer lock.

        Raises HomeUnusable if the disk is full or not writable. Committed changes stay; the rest is rolled back.
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
    def kept_open(self) -> Iterator[None]:
        """Keep the working database open meanwhile, so that each `warehouse()` need not open it and close it again."""
        with _opened(self.working, self.working):
            yield

    @contextmanager
    def marts(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect to the published file read-only, without access to the file system and with its settings locked."""
        if self.folder.exists() and not self.folder.is_dir():
            raise BadRequest(f"data folder {self.folder}", "it is not a folder", "Name another one with --home")
        if not self.published.exists():
            raise NothingPublished(str(self.published))
        if self.published.is_dir():
            raise HomeUnusable(str(self.published), "it is a folder, no file of the pipeline's")
        with read_only(self.published) as con:
            yield con


@contextmanager
def read_only(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a published file or a kept build in UTC, without file system access and with its settings locked.

    The connection ignores what another program does to the file or left beside it. Raises BuildDamaged if the file is
    damaged, and OtherRelease if the body reads a table or column that it lacks.
    """
    shut_off = {"enable_external_access": "false", "memory_limit": READERS_MEMORY, "max_temp_directory_size": "0KB"}
    try:
        with undisturbed(file) as path, _opened(path, file, read_only=True, config=shut_off) as con:
            _lock_settings(con)
            yield con
    except duckdb.Error as error:
        if damage := damage_in(error):
            raise BuildDamaged(str(file), damage) from None
        if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
            raise OtherRelease(str(file), str(error).splitlines()[0].rstrip("!.")) from error
        raise
    except HomeUnusable as error:
        if _is_damage(error.problem):
            raise BuildDamaged(str(file), error.problem) from None
        raise


def _lock_settings(con: duckdb.DuckDBPyConnection) -> None:
    """Set UTC and lock the settings, once for all connections of this process to the file.

    The mutex serializes threads that open the file at the same time. Without it, the later thread would try to change
    settings that the earlier one has locked.
    """
    with _SETTINGS:
        if con.execute("select current_setting('lock_configuration')").fetchone() == (False,):
            use_utc(con)
            con.execute("set lock_configuration = true")


def damage_in(error: duckdb.Error) -> str | None:
    """Return DuckDB's message if the error means that a file is damaged, else None."""
    message = str(error).splitlines()[0].rstrip(".")
    return message if _is_damage(message) else None


def _is_damage(message: str) -> bool:
    return any(sign in message for sign in DAMAGE)


def _put_in_place(con: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Apply the schema unless this exact text was applied before, since a run opens the database some thirty times."""
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
    """Open the database at `path`; errors name `file`, the path that the user knows."""
    if path.is_symlink() and not path.exists():  # DuckDB would begin an empty database there, as if nothing were loaded
        raise HomeUnusable(str(file), LEADS_NOWHERE)
    try:
        return duckdb.connect(str(path), **options)
    except duckdb.Error as error:
        # DuckDB does not raise IOException for a wrong checksum.
        if isinstance(error, duckdb.IOException) or damage_in(error):
            raise HomeUnusable(str(file), str(error).splitlines()[0]) from None
        raise
