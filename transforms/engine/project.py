"""Find the models, read their headers, and put them in the order their SQL implies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from transforms.engine.header import header_and_sql
from transforms.engine.ledger import claims, with_claims
from warehouse.errors import ModelError

FOLDER = Path(__file__).parent.parent

# The layers that each layer may read. Data flows one way, raw -> staging -> core -> marts, and audit reads all of them.
READS = {
    "staging": {"raw", "staging"},
    "core": {"staging", "core"},
    "marts": {"staging", "core", "marts"},
    "audit": {"raw", "staging", "core", "marts"},
}
HEADER_KEYS = {"doc", "grain", "columns", "assertions"}
# Not a layer: the claims that this one model judges.
CLAIMS, LEDGER = "claims", "marts.claim_ledger"


@dataclass(frozen=True)
class Model:
    """One SELECT with its documentation: `name` is its path, `reads` the tables its SQL names."""

    name: str
    doc: str
    grain: tuple[str, ...]
    columns: dict[str, str] = field(hash=False)
    assertions: dict[str, str] = field(hash=False)
    sql: str
    reads: frozenset[str]

    @property
    def layer(self) -> str:
        return self.name.partition(".")[0]


def models(folder: Path = FOLDER) -> list[Model]:
    """Read all models below `folder` and sort them so that each comes after the models it reads.

    Raises ModelError for an invalid header or reference.
    """
    found = {m.name: m for m in (read(path) for path in sorted(folder.glob("*/*.sql")) if path.parent.name != CLAIMS)}
    for model in found.values():
        for table in sorted(model.reads):
            layer = table.partition(".")[0]
            if layer not in READS[model.layer]:
                raise ModelError(model.name, f"reads {table}, but {model.layer} reads only "
                                             f"{', '.join(sorted(READS[model.layer]))}")
            if layer != "raw" and table not in found:
                raise ModelError(model.name, f"reads {table}, and no model of that name exists")
    try:
        order = TopologicalSorter({n: sorted(m.reads & found.keys()) for n, m in sorted(found.items())}).static_order()
        return [found[name] for name in order]
    except CycleError as error:
        raise ModelError(error.args[1][0], f"models read each other in a circle: {' -> '.join(error.args[1])}") \
            from None


def read(path: Path) -> Model:
    """Read one model from its file: TOML in the opening comment, then one SELECT."""
    name = f"{path.parent.name}.{path.stem}"
    if path.parent.name not in READS:
        raise ModelError(name, f"folder {path.parent.name} is not one of {', '.join(READS)}")
    header, sql = header_and_sql(path.read_text(), name)
    if header.keys() - HEADER_KEYS or not {"doc", "grain", "columns"} <= header.keys():
        raise ModelError(name, f"has a header with {', '.join(header)}; it needs doc, grain, columns and may "
                               "have assertions")
    if problem := _problem(header):
        raise ModelError(name, f"has a header in which {problem}")
    undocumented = [key for key in header["grain"] if key not in header["columns"]]
    if undocumented:
        raise ModelError(name, f"has grain {', '.join(undocumented)}, which is not among its columns")
    if name == LEDGER:
        sql = with_claims(sql, claims(path.parent.parent / CLAIMS))
    return Model(name, header["doc"], tuple(header["grain"]), header["columns"], header.get("assertions", {}),
                 sql, tables(sql, name))


def _problem(header: dict[str, Any]) -> str | None:
    """Return the first problem with the values of a header that has the right keys, or None."""
    grain, texts = header["grain"], {key: header.get(key, {}) for key in ("columns", "assertions")}
    if not isinstance(header["doc"], str) or not header["doc"].strip():
        return "doc is no text"
    if not isinstance(grain, list) or not grain or not all(isinstance(key, str) for key in grain):
        return "grain is no list of columns"
    for key, table in texts.items():
        if not isinstance(table, dict) or not all(isinstance(text, str) and text.strip() for text in table.values()):
            return f"[{key}] does not say one text for each name"
    return None


@cache  # a run reads the models several times, and parsing takes most of the time
def tables(sql: str, name: str = "query") -> frozenset[str]:
    """Return the schema.table names that a SELECT reads, by DuckDB's own parser, without its CTEs.

    Raises ModelError for any other name without a schema, since that would be whatever the connection happens to hold.
    """
    (parsed,), = _parser().execute("select json_serialize_sql(?)", [sql]).fetchall()
    tree: dict[str, Any] = json.loads(parsed)
    if tree.get("error") or len(tree["statements"]) != 1:
        raise ModelError(name, f"is not one SELECT: {tree.get('error_message', 'it holds none, or several')}")
    nodes = list(_nodes(tree))
    ctes = {cte["key"].lower() for node in nodes if "cte_map" in node for cte in node["cte_map"]["map"]}
    read = [node for node in nodes if node.get("type") == "BASE_TABLE"]
    for node in read:
        if not node["schema_name"] and node["table_name"].lower() not in ctes:
            raise ModelError(name, f"reads {node['table_name']}, which has no schema and is not a CTE")
    return frozenset(f"{node['schema_name']}.{node['table_name']}" for node in read if node["schema_name"])


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _nodes(tree: object) -> Iterator[dict]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)
