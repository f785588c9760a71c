"""List, find and restore kept builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from warehouse.data_folder import DataFolder, damage_in, read_only
from warehouse.errors import BadRequest, BuildDamaged, HomeUnusable, NothingPublished
from warehouse.publication.publish import PUBLISHED_SCHEMAS, current_build, replaced, snapshot, table_hash
from warehouse.stray import undisturbed
from warehouse.zones import use_utc


def kept(home: DataFolder) -> list[Path]:
    """Return the files of the kept builds, newest publication first; files that no publication lists come last.

    Each publication lists all earlier ones, so the current one usually suffices. The modification time, which may be that
    of a copy, only breaks ties between publications of the same time and row: a run that is killed after the swap is not
    recorded in the working database.
    """
    ages: dict[str, tuple] = {}
    files = sorted(home.builds.glob("*.duckdb"))
    for file in (home.published, *files):
        if file.stem not in ages:
            for build_id, *age in _history(file):
                ages[build_id] = max(ages.get(build_id, ()), tuple(age))
    return sorted(files, key=lambda file: (ages.get(file.stem, ()), file.stat().st_mtime_ns, file.name), reverse=True)


def find(home: DataFolder, text: str) -> Path:
    """Return the kept build whose id begins with `text`, or the published one for “current”.

    Raises BadRequest unless exactly one build matches.
    """
    wanted = _current(home) if text == "current" else text
    found = [file for file in kept(home) if wanted and file.stem.startswith(wanted)]
    if len(found) != 1:
        many = f"{len(found)} kept builds begin with it; give more of its characters"
        raise BadRequest(f"build {text!r}", many if found else "no kept build has that name",
                         f"Kept: {', '.join(file.stem for file in kept(home)) or 'none yet'}")
    return found[0]


def rollback(home: DataFolder, text: str | None = None, say: Callable[[str], None] = lambda line: None) -> Path:
    """Make an older build current in one step: the named one, or the newest kept one before the current.

    Raw data and the working database do not change; the next publication moves forward again. The published file is a
    fresh snapshot of the build's tables, so that a build kept by an earlier version opens everywhere too. Raises
    BadRequest if the file does not hold the complete build of its name, and HomeUnusable if the disk fails. In both cases
    the published file does not change.
    """
    if text is not None:
        build = find(home, text)
    else:
        current, files = current_build(home), kept(home)
        names = [file.stem for file in files]
        older = files[names.index(current) + 1:] if current in names else files
        if not older:
            raise BadRequest("rollback", "no older build is kept", f"Kept: {', '.join(names) or 'none yet'}")
        build = older[0]
    if wrong := problem(build, build.stem) or _publish_again(home, build, say):
        others = ", ".join(file.stem for file in kept(home) if file != build)
        raise BadRequest(f"build {build.stem}", f"its file is not that build, whole: {wrong}",
                         f"Nothing was changed; other kept builds: {others or 'none'}")
    return build


def _publish_again(home: DataFolder, build: Path, say: Callable[[str], None]) -> str | None:
    """Publish a kept build; if one of its tables was altered or is damaged, change nothing and return the problem."""
    try:
        with undisturbed(build) as file, duckdb.connect() as con, replaced(home, home.published, say) as draft:
            use_utc(con)
            con.execute(f"attach '{str(file).replace(chr(39), chr(39) * 2)}' as kept (read_only)")
            hashes, = con.execute("select table_hashes from kept.audit.publication where is_current").fetchone()  # type: ignore[misc]
            tables = {name: f"{PUBLISHED_SCHEMAS[schema]}.{table}" for name in hashes
                      for schema, _, table in [name.partition(".")]}
            audit = con.execute("select schema_name || '.' || table_name from duckdb_tables() "
                                "where database_name = 'kept' and schema_name = 'audit' order by 1").fetchall()
            snapshot(con, draft, {f"kept.{table}": table for table in (*tables.values(), *(name for name, in audit))})
            for name, table in tables.items():
                if table_hash(con, f"kept.{table}") != hashes[name]:
                    raise _Altered(name)
    except _Altered as error:
        return f"{error} was altered"
    except duckdb.Error as error:
        if damage := damage_in(error):
            return damage
        raise HomeUnusable(str(home.folder), str(error).splitlines()[0]) from None
    except OSError as error:
        raise HomeUnusable(str(home.folder), error.strerror or str(error)) from None
    return None


class _Altered(Exception):
    """A table of a kept build differs from what was published."""


def _current(home: DataFolder) -> str:
    if current := current_build(home):
        return current
    if not home.published.exists():
        raise NothingPublished(str(home.published))
    raise BuildDamaged(str(home.published), "it does not say which build it is")


def _history(file: Path) -> list[tuple]:
    """Return build id, time and row of each publication up to the file's own (in a replay times can be equal)."""
    try:
        with read_only(file) as con:
            return con.execute("select build_id, epoch_us(published_at), rowid from audit.publication").fetchall()
    except (HomeUnusable, duckdb.Error):
        return []


def problem(file: Path, build: str) -> str | None:
    """Check cheaply that a file holds a build; return the problem: another build, no build, or missing parts."""
    try:
        with read_only(file) as con:
            current = con.execute(
                "select build_id, map_keys(table_hashes) from audit.publication where is_current").fetchall()
            if [build_id for build_id, _ in current] != [build]:
                return f"it holds {', '.join(build_id for build_id, _ in current) or 'no publication'}"
            there = set(con.execute("select schema_name, table_name from duckdb_tables()").fetchall())
            for schema, _, table in (name.partition(".") for name in current[0][1]):
                if (PUBLISHED_SCHEMAS[schema], table) not in there:
                    return f"{schema}.{table} is missing"
            blocks, = con.execute("select total_blocks * block_size from pragma_database_size()").fetchall()
            return "its end is missing" if file.stat().st_size < blocks[0] else None
    except HomeUnusable as error:
        return error.problem
    except duckdb.Error as error:
        return str(error).splitlines()[0].rstrip(".")
