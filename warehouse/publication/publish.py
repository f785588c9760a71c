"""Publication: one read-only snapshot of marts, core and audit, swapped in by one rename."""

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
# ambiguous; in the main schema it is found both as marts.regime_daily and as regime_daily.
PUBLISHED_SCHEMAS = {"marts": "main", "core": "core", "audit": "audit"}
# The oldest version of DuckDB that reads a published file. It costs 2 to 3 % of size against the newest format.
STORAGE = "v1.2.0"
BUILDS_KEPT = 10


@dataclass(frozen=True)
class Stamp:
    """What a publication says of itself; moments are UTC. `is_present` where no moment was asked for."""

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
    """A published build; `changed` is False when its content was already the current one.

    `note` says what another program did to the published file, "" when none did anything.
    """

    build_id: str
    file: Path
    changed: bool
    note: str = ""


def publish(con: duckdb.DuckDBPyConnection, home: DataFolder, stamp: Stamp,
            models: Collection[str]) -> Publication:
    """Snapshot the last build into home.builds and make it home.published; readers see the old file or the new one.

    A table of marts or core that none of `models` makes any more is not published. The build id names the content:
    equal tables of the same as_of are one build, and publishing them again changes nothing but the audit. Raises
    HomeUnusable, the old file still published.
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
    """Swap the published file for a copy of `build` in one step; an open reader keeps the one it has.

    A copy, since what another program writes into the published file must not reach the kept build. Returns a note about
    such a program, "" when there was none.
    """
    note: list[str] = []
    with replaced(home, home.published, note.append) as draft:
        shutil.copyfile(build, draft)
    return "".join(note)


@contextmanager
def replaced(home: DataFolder, file: Path, say: Callable[[str], None] = lambda line: None) -> Iterator[Path]:
    """A draft to be written, which then takes the place of `file` in one step, or after an error is deleted.

    A log that another program left beside the file goes first: it would be applied to the new one. `say` is told of such
    a program.
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
    """The build id of the published file; None before the first, and when the file cannot be read."""
    try:
        with home.marts() as con:
            row = con.execute("select build_id from audit.publication where is_current").fetchone()
    except (NothingPublished, HomeUnusable, duckdb.CatalogException):
        return None
    return row[0] if row else None


def table_hash(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """A digest of the table's columns and rows, in whatever order the rows lie: equal tables, equal hashes, in any file.

    A model's rows are distinct by its grain, so that the sum of their hashes tells sets of rows apart. A moment is the same
    with its zone, as it is published, and without.
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
    """Write the publication into an audit schema, as its current one; in the working database after the swap."""
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
    """Write tables with their comments, by name and place, into a new file, which is `publication` while `finish` runs."""
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
    """By name, where in a published file each table of the working database belongs that is to be published."""
    found = con.execute("""
        select database_name, schema_name, table_name from duckdb_tables()
        where database_name = current_database() and schema_name in $schemas and not temporary
            and (schema_name = 'audit' or schema_name || '.' || table_name in $models) order by all""",
                        {"schemas": list(PUBLISHED_SCHEMAS), "models": list(models)}).fetchall()
    return {f"{catalog}.{schema}.{table}": f"{PUBLISHED_SCHEMAS[schema]}.{table}" for catalog, schema, table in found}


def _copy(con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Tables with their comments into the attached publication; moments get their zone."""
    for schema in PUBLISHED_SCHEMAS.values():
        con.execute(f"create schema if not exists publication.{schema}")
    for name, table in tables.items():
        con.execute(f"create table publication.{table} as from {with_zone(con, name)}")
    # Asked once: the catalog's own tables are slow to read.
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
    """The build the next run is compared with, in the working database or a published file; it is always kept."""
    row = con.execute("select build_id from audit.publication where is_present "
                      "order by published_at desc, rowid desc limit 1").fetchone()  # a replay's clock may stand still
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
