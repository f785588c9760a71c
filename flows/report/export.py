"""`rallyscope export`: the published marts and their audit as Parquet, for tools that do not read DuckDB."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest, HomeUnusable, NothingPublished
from warehouse.publication.publish import PUBLISHED_SCHEMAS, table_hash
from warehouse.stray import undisturbed
from warehouse.zones import WITH, WITHOUT, use_utc, with_zone

FORMAT = "rallyscope-export-1"
MANIFEST = "export.json"
# The intermediate steps (core) stay in the published file; an export is what others build on.
EXPORTED = ("marts", "audit")
SIMULATED = "Simulated market: made-up figures, not real data."
# From linux/fs.h; -100 is AT_FDCWD.
RENAME_EXCHANGE = 2
ABANDONED_AFTER_SECONDS = 3600

Manifest = dict[str, Any]


def export(home: DataFolder, out: Path, say: Callable[[str], None]) -> Manifest:
    """Write every mart and audit table of the published file into `out`, all of one publication; return its manifest.

    The folder is written beside its place and moved there once it is whole; an earlier export is replaced, anything
    else is left alone. Raises BadRequest for such a folder and for one that cannot be written, NothingPublished, and
    HomeUnusable for a published file that cannot be read; in each case `out` is as it was.
    """
    out = Path(os.path.realpath(out))  # a ring of links as it is
    if not home.published.exists():
        raise NothingPublished(str(home.published))
    try:
        _refuse_what_is_not_ours(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        draft = out.with_name(f".{out.name}.{os.getpid()}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            manifest = _write(home.published, draft)
            _refuse_what_is_not_ours(out)
            _put_in_place(draft, out)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except (OSError, duckdb.IOException) as error:
        reported = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise BadRequest(f"export {out}", f"it cannot be written: {reported}",
                         "Free space or permissions there, or name another folder with --out") from None
    rows = sum(table["rows"] for table in manifest["tables"].values())
    say(f"{len(manifest['tables'])} tables, {rows:,} rows of build {manifest['build_id']}: {out}")
    if manifest["notice"]:
        say(manifest["notice"])
    return manifest


def _refuse_what_is_not_ours(out: Path) -> None:
    """Only a new folder, an empty one, or an earlier export to which nothing was added."""
    if not out.exists():
        return
    if not out.is_dir():
        raise BadRequest(f"export {out}", "it is a file", "Name a new folder with --out")
    ours = _files_of_export(out)
    # Without a manifest one look is enough, however large the folder is.
    found = (file for file in out.rglob("*") if file.is_symlink() or not file.is_dir()) if ours else out.iterdir()
    foreign = sorted({file.relative_to(out).as_posix() for file in found} - ours)
    if foreign:
        raise BadRequest(f"export {out}", f"it holds {foreign[0]}, which no export wrote",
                         "Name a new folder with --out, or move what is in this one")


def _files_of_export(folder: Path) -> set[str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] == FORMAT:
            return {MANIFEST, *(table["file"] for table in manifest["tables"].values())}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()


def _write(published: Path, folder: Path) -> Manifest:
    """One Parquet file a table, then the manifest; all of the publication that stood when the file was opened."""
    with undisturbed(published) as file, _opened(file) as con:
        manifest = _publication(con)
        for schema in EXPORTED:
            (folder / schema).mkdir()
            for table, comment in con.execute(
                    "select table_name, comment from duckdb_tables() where database_name = current_database() "
                    "and schema_name = ? order by 1", [PUBLISHED_SCHEMAS[schema]]).fetchall():
                name, source = f"{schema}.{table}", f"{PUBLISHED_SCHEMAS[schema]}.{table}"
                manifest["tables"][name] = entry = {
                    "file": f"{schema}/{table}.parquet", "description": _line(comment),
                    "rows": con.execute(f"select count(*) from {source}").fetchone()[0],  # type: ignore[index]
                    "hash": table_hash(con, source), "columns": _columns(con, source)}
                # Ordered, so that the same rows are the same bytes and a reader of a date range skips the rest.
                con.execute(
                    f"copy (from {with_zone(con, source)} order by all) to $file "
                    "(format parquet, compression zstd, kv_metadata $said)",
                    {"file": str(folder / entry["file"]), "said": _said(manifest, name, entry)})
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def _opened(published: Path) -> duckdb.DuckDBPyConnection:
    """Read-only and in UTC; not through DataFolder.marts, whose connections cannot write files."""
    try:
        con = duckdb.connect(str(published), read_only=True)
    except duckdb.IOException as error:
        raise HomeUnusable(str(published), str(error).splitlines()[0]) from None
    use_utc(con)
    return con


def _publication(con: duckdb.DuckDBPyConnection) -> Manifest:
    answer = con.execute("""
        select build_id, strftime(as_of, '%xT%XZ') as as_of, strftime(recorded_by, '%xT%XZ') as recorded_by,
            strftime(published_at, '%xT%XZ') as published_at, code_version, catalog_hash, is_simulated
        from audit.publication where is_current""")
    columns = [column[0] for column in answer.description or []]
    reported = dict(zip(columns, answer.fetchall()[0], strict=True))
    return {"format": FORMAT, **reported, "notice": SIMULATED if reported["is_simulated"] else None, "tables": {}}


def _columns(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, dict[str, str | None]]:
    schema, table = source.split(".")
    found = con.execute(
        "select column_name, data_type, comment from duckdb_columns() where database_name = current_database() "
        "and schema_name = ? and table_name = ? order by column_index", [schema, table]).fetchall()
    return {name: {"type": WITH if kind == WITHOUT else kind, "description": _line(comment)}
            for name, kind, comment in found}


def _said(manifest: Manifest, name: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """What each file says of itself, as Parquet's key-value metadata: texts, the columns' descriptions as JSON."""
    reported = {"table": name, "description": entry["description"], "table_hash": entry["hash"],
            "columns": json.dumps({c: about["description"] for c, about in entry["columns"].items()}, ensure_ascii=False),
            "is_simulated": json.dumps(manifest["is_simulated"]),
            **{key: manifest[key] for key in ("build_id", "as_of", "recorded_by", "code_version", "notice")}}
    return {key: value for key, value in reported.items() if value is not None}


def _put_in_place(draft: Path, out: Path) -> None:
    """The whole draft at `out`; an earlier export is then in the draft's place."""
    if not out.exists() or not any(out.iterdir()):
        draft.replace(out)
    elif not _exchange(draft, out):
        # Two renames where the system cannot swap folders: a reader between them finds none, never half of one.
        earlier = draft.with_suffix(".earlier")
        out.replace(earlier)
        try:
            draft.replace(out)
        except BaseException:
            earlier.replace(out)
            raise
        earlier.replace(draft)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot."""
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return swap(-100, os.fsencode(one), -100, os.fsencode(other), RENAME_EXCHANGE) == 0


def _sweep(out: Path) -> None:
    """Drafts of exports that were killed; one that may still be being written stays."""
    for left in out.parent.glob(f".{out.name}.*.draft"):
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _line(comment: str | None) -> str | None:
    return " ".join(comment.split()) if comment else None
