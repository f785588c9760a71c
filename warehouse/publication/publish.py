"""Publish a build: write one read-only snapshot of marts, core and audit, and swap it in by one rename."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.data_folder import DataFolder
from warehouse.errors import HomeUnusable, NothingPublished
from warehouse.publication import v1
from warehouse.stray import describe, logs, set_aside, writer
from warehouse.zones import WITH, WITHOUT, with_zone

# The file is marts.duckdb, so DuckDB calls its catalog `marts`. A schema of the same name would make marts.regime_daily
# ambiguous. A table in the main schema can be read both as marts.regime_daily and as regime_daily.
PUBLISHED_SCHEMAS = {"marts": "main", "core": "core", "audit": "audit"}
# The oldest version of DuckDB that can read a published file. This format is 2 to 3 % larger than the newest one.
STORAGE = "v1.2.0"
BUILDS_KEPT = 10


@dataclass(frozen=True)
class Stamp:
    """The metadata of a publication; timestamps are UTC. `is_present` is True if the run requested no past moment."""

    published_at: datetime
    as_of: datetime
    recorded_by: datetime
    code_version: str
    catalog_hash: str
    simulated: bool
    run_id: str
    is_present: bool = True


@dataclass(frozen=True)
class Publication:
    """A published build; `changed` is False if its content was already current.

    `note` describes what another program did to the published file, or is "" if no program did anything.
    """

    build_id: str
    file: Path
    changed: bool
    note: str = ""


def publish(con: duckdb.DuckDBPyConnection, home: DataFolder, stamp: Stamp,
            models: Collection[str]) -> Publication:
    """Snapshot the last build into home.builds and make it home.published; readers see the old file or the new one.

    A table of marts or core that no model in `models` creates any more is not published. The build id identifies the
    content: equal tables with the same as_of are one build, and publishing them again changes only the audit. Raises
    HomeUnusable if the disk fails; the old file then stays published.
    """
    hashes = {name: table_hash(con, name) for name in sorted(models) if name.startswith(("marts.", "core."))}
    content = con.execute("select md5(?)", ["".join(f"{n}={h};" for n, h in hashes.items())]).fetchone()[0]  # type: ignore[index]
    build_id = f"{stamp.as_of:%Y%m%dT%H%M%SZ}-{content[:12]}"
    changed = current_build(home) != build_id
    row = _row(con, stamp, build_id, hashes)
    build = home.builds / f"{build_id}.duckdb"
    try:
        home.builds.mkdir(parents=True, exist_ok=True)
        with replaced(home, build) as draft:
            snapshot(con, draft, _working_tables(con, models),
                     finish=lambda: _remember(con, "publication.audit", row, "timezone('UTC', ?)"))
        note = make_current(home, build)
    except (OSError, duckdb.IOException) as error:
        raise HomeUnusable(str(home.folder), getattr(error, "strerror", None) or str(error).splitlines()[0]) from None
    _remember(con, "audit", row)
    _forget_old(home, {build.stem, newest_present(con)})
    return Publication(build_id, build, changed, note)


def make_current(home: DataFolder, build: Path) -> str:
    """Swap the published file for a copy of `build` in one step; an open reader keeps the file it has.

    It is a copy because another program's writes to the published file must not reach the kept build. Returns a note about
    such a program, or "" if there was none.
    """
    note: list[str] = []
    with replaced(home, home.published, note.append) as draft:
        shutil.copyfile(build, draft)
    return "".join(note)


@contextmanager
def replaced(home: DataFolder, file: Path, say: Callable[[str], None] = lambda line: None) -> Iterator[Path]:
    """Yield the path of a draft; then replace `file` by the draft in one step, or delete the draft after an error.

    Before the swap, set aside a log that another program left beside the file, since DuckDB would apply it to the new
    file. `say` receives a description of such a program.
    """
    draft = file.with_name(f".{file.stem}.{os.getpid()}.draft")
    try:
        draft.unlink(missing_ok=True)
        yield draft
        _sync(draft)
        lock_owner, folder_kept = writer(file), set_aside(file, home.set_aside)
        draft.replace(file)
        _sync(file.parent)
        if folder_kept or lock_owner:
            say(describe(file, folder_kept, lock_owner))
    finally:
        for left in (*logs(draft), draft):
            left.unlink(missing_ok=True)


def current_build(home: DataFolder) -> str | None:
    """Return the build id of the published file, or None if nothing is published or the file cannot be read."""
    try:
        with home.marts() as con:
            row = con.execute("select build_id from audit.publication where is_current").fetchone()
    except (NothingPublished, HomeUnusable):
        return None
    return row[0] if row else None


def table_hash(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return a digest of a table's columns and rows: equal tables in any files have equal hashes.

    The order of the rows does not matter. A model's rows are distinct by its grain, so the sum of their hashes
    distinguishes sets of rows. A timestamp with zone, as in a published file, hashes like the same one without.
    """
    columns = " ".join(f"{name} {kind}" for name, kind, *_ in con.execute(f"describe {table}").fetchall())
    columns = columns.replace(WITH, WITHOUT)
    row = con.execute(f"select md5(concat_ws(' ', ?, count(*), sum(hash(t)::hugeint))) from {table} t",
                      [columns]).fetchone()
    return row[0]  # type: ignore[index]


def _row(con: duckdb.DuckDBPyConnection, stamp: Stamp, build_id: str, hashes: Mapping[str, str]) -> list:
    tables = [row[0] for row in con.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' order by 1").fetchall()]
    counts = {name: con.execute(f"select count(*) from raw.{name}").fetchone()[0] for name in tables}  # type: ignore[index]
    times = (m.replace(tzinfo=None) for m in (stamp.published_at, stamp.as_of, stamp.recorded_by))
    return [build_id, *times, stamp.code_version, stamp.catalog_hash, stamp.simulated, stamp.run_id, counts,
            dict(hashes), stamp.is_present]


def _remember(con: duckdb.DuckDBPyConnection, schema: str, row: list, at: str = "?") -> None:
    """Record the publication as current in an audit schema; in the working database, call this after the swap."""
    con.begin()
    try:
        con.execute(f"update {schema}.publication set is_current = false where is_current")
        con.execute(f"insert into {schema}.publication values (?, {at}, {at}, {at}, ?, ?, ?, ?, "
                    "?::map(varchar, bigint), ?::map(varchar, varchar), true, ?)", row)
    except BaseException:
        con.rollback()
        raise
    con.commit()


def snapshot(con: duckdb.DuckDBPyConnection, file: Path, tables: Mapping[str, str],
             finish: Callable[[], None] = lambda: None) -> None:
    """Write tables with their comments into a new file; `tables` maps each source name to its name in the file.

    The new file is attached as `publication` while `finish` runs.
    """
    con.execute(f"attach {_text(str(file))} as publication (storage_version '{STORAGE}')")
    try:
        con.begin()
        try:
            _copy(con, tables)
        except BaseException:
            con.rollback()
            raise
        con.commit()
        finish()
        con.execute("checkpoint publication")
    finally:
        con.execute("detach publication")


def _working_tables(con: duckdb.DuckDBPyConnection, models: Collection[str]) -> dict[str, str]:
    """Map each table of the working database that is to be published to its name in the published file."""
    found = con.execute("""
        select database_name, schema_name, table_name from duckdb_tables()
        where database_name = current_database() and schema_name in $schemas and not temporary
            and (schema_name = 'audit' or schema_name || '.' || table_name in $models) order by all""",
                        {"schemas": list(PUBLISHED_SCHEMAS), "models": list(models)}).fetchall()
    return {f"{catalog}.{schema}.{table}": f"{PUBLISHED_SCHEMAS[schema]}.{table}" for catalog, schema, table in found}


def _copy(con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Copy tables with their comments into the attached publication, with zoned timestamps."""
    for schema in PUBLISHED_SCHEMAS.values():
        con.execute(f"create schema if not exists publication.{schema}")
    for name, table in tables.items():
        con.execute(f"create table publication.{table} as from {with_zone(con, name)}")
    # Query this once, since DuckDB's catalog tables are slow to read.
    described = con.execute("""
        select database_name || '.' || schema_name || '.' || table_name as name, null as column_name, comment
        from duckdb_tables() where comment is not null
        union all
        select database_name || '.' || schema_name || '.' || table_name, column_name, comment
        from duckdb_columns() where comment is not null""").fetchall()
    for name, column, comment in described:
        if name in tables:
            table = f"publication.{tables[name]}"
            kind, of = ("table", table) if column is None else ("column", f'{table}."{column}"')
            con.execute(f"comment on {kind} {of} is {_text(comment)}")
    v1.create_views(con, "publication")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def newest_present(con: duckdb.DuckDBPyConnection) -> str | None:
    """Return the build that the next run is compared with, which is always kept.

    The connection may be to the working database or to a published file.
    """
    row = con.execute("select build_id from audit.publication where is_present "
                      "order by published_at desc, rowid desc limit 1").fetchone()  # in a replay times can be equal
    return row[0] if row else None


def _forget_old(home: DataFolder, never: Collection[str | None]) -> None:
    builds = sorted(home.builds.glob("*.duckdb"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for build in builds[BUILDS_KEPT:]:
        if build.stem not in never:
            for file in (*logs(build), build):
                file.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
