"""Export the published marts and their audit as Parquet, for tools that do not read DuckDB (`rallyscope export`)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from flows.report.export_folder import DRAFT, EXPORTED, FORMAT, Manifest, writing
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest, HomeUnusable, NothingPublished, OtherRelease, SystemFailed, disk_is_full
from warehouse.publication.publish import PUBLISHED_SCHEMAS, table_hash
from warehouse.stray import undisturbed
from warehouse.zones import WITH, WITHOUT, use_utc, with_zone

SIMULATED = "Simulated market: made-up figures, not real data."
PUBLICATION = """
    select build_id, strftime(as_of, '%xT%XZ') as as_of, strftime(recorded_by, '%xT%XZ') as recorded_by,
        strftime(published_at, '%xT%XZ') as published_at, code_version, catalog_hash, is_simulated
    from audit.publication where is_current"""


def export(home: DataFolder, out: Path, say: Callable[[str], None]) -> Manifest:
    """Write every mart and audit table of the published file into `out`, all of one publication; return its manifest.

    At any time, even if this process is killed, a reader finds either the earlier export or this one. Raises BadRequest
    for a folder that holds other files or cannot be written, NothingPublished, and HomeUnusable for a published file that
    cannot be read. In each case `out` is unchanged.
    """
    out = Path(os.path.realpath(out))  # realpath does not fail on a cycle of links
    if not home.published.exists():
        raise NothingPublished(str(home.published))
    try:
        with writing(out) as publish:
            manifest = _write(home.published, out / DRAFT)
            publish(manifest)
    except (OSError, duckdb.IOException) as error:
        metadata = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if disk_is_full(error):
            raise SystemFailed(str(out), metadata) from None
        raise BadRequest(f"export {out}", f"it cannot be written: {metadata}",
                         "Fix its permissions, or name another folder with --out") from None
    rows = sum(table["rows"] for table in manifest["tables"].values())
    say(f"{len(manifest['tables'])} tables, {rows:,} rows of build {manifest['build_id']}: {out}")
    if manifest["notice"]:
        say(manifest["notice"])
    return manifest


def _write(published: Path, folder: Path) -> Manifest:
    """Write one Parquet file per table and return the manifest, all from the publication at the time of opening."""
    with undisturbed(published) as file, _opened(file) as con:
        manifest = _publication(con, published)
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
                # Order the rows, so that equal rows give equal bytes and a reader of a date range skips the rest.
                con.execute(
                    f"copy (from {with_zone(con, source)} order by all) to $file "
                    "(format parquet, compression zstd, kv_metadata $said)",
                    {"file": str(folder / entry["file"]), "said": _file_metadata(manifest, name, entry)})
    return manifest


def _opened(published: Path) -> duckdb.DuckDBPyConnection:
    """Open the published file read-only and in UTC; connections of DataFolder.marts cannot write files."""
    try:
        con = duckdb.connect(str(published), read_only=True)
    except duckdb.IOException as error:
        raise HomeUnusable(str(published), str(error).splitlines()[0]) from None
    use_utc(con)
    return con


def _publication(con: duckdb.DuckDBPyConnection, published: Path) -> Manifest:
    try:
        answer = con.execute(PUBLICATION)
    except duckdb.BinderException as error:
        raise OtherRelease(str(published), str(error).splitlines()[0].rstrip("!.")) from None
    columns = [column[0] for column in answer.description or []]
    metadata = dict(zip(columns, answer.fetchall()[0], strict=True))
    return {"format": FORMAT, **metadata, "notice": SIMULATED if metadata["is_simulated"] else None, "tables": {}}


def _columns(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, dict[str, str | None]]:
    schema, table = source.split(".")
    found = con.execute(
        "select column_name, data_type, comment from duckdb_columns() where database_name = current_database() "
        "and schema_name = ? and table_name = ? order by column_index", [schema, table]).fetchall()
    return {name: {"type": WITH if kind == WITHOUT else kind, "description": _line(comment)}
            for name, kind, comment in found}


def _file_metadata(manifest: Manifest, name: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the key-value metadata of a Parquet file: texts, and the descriptions of the columns as JSON."""
    metadata = {"table": name, "description": entry["description"], "table_hash": entry["hash"],
            "columns": json.dumps({c: about["description"] for c, about in entry["columns"].items()}, ensure_ascii=False),
            "is_simulated": json.dumps(manifest["is_simulated"]),
            **{key: manifest[key] for key in ("build_id", "as_of", "recorded_by", "code_version", "notice")}}
    return {key: value for key, value in metadata.items() if value is not None}


def _line(comment: str | None) -> str | None:
    return " ".join(comment.split()) if comment else None
