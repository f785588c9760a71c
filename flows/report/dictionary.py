"""Write the data dictionary, a page that describes every table: its contents, its assertions and its lineage."""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from transforms.engine.project import FOLDER, Model, models
from warehouse.data_folder import SCHEMA, DataFolder
from warehouse.errors import HomeUnusable

TEMPLATE = Path(__file__).with_name("dictionary.html.j2")
MADE_BY = (TEMPLATE, Path(__file__), FOLDER / "engine" / "lineage.py")
# In the order of the page: the layer that analysts open comes first.
LAYERS = {
    "marts": "Marts",
    "core": "Core",
    "audit": "Audit",
    "staging": "Staging, not published",
    "raw": "Raw, not published",
}


@dataclass(frozen=True)
class Stored:
    """A table as stored in a database: its comment, and the type and comment of each column."""

    doc: str
    columns: dict[str, tuple[str, str]]


# Column names by table, in the order of the page.
Names = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Column:
    """One column of the page.

    `sources` is None if they are unknown: no model makes the table, or its SQL cannot be followed. `origins` is empty if
    it would repeat `sources`.
    """

    name: str
    type: str
    doc: str
    is_key: bool
    sources: Names | None
    origins: Names
    readers: Names


@dataclass(frozen=True)
class Branch:
    """A table and the tables it reads; each table is expanded only once in a tree."""

    name: str
    branches: list[Branch]


@dataclass(frozen=True)
class Table:
    """One table of the page; `has_lineage` is False for a model whose SQL sqlglot cannot follow."""

    name: str
    doc: str
    grain: tuple[str, ...]
    columns: list[Column]
    assertions: dict[str, str]
    reads: list[str]
    readers: list[str]
    has_lineage: bool
    upstream: list[Branch]


def docs(home: DataFolder) -> Path:
    """Write the page from the models alone, independent of loaded or published data; return its file."""
    from transforms.engine.build import AsOf, build

    project = models()
    now = datetime.now(UTC)
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        build(con, project, AsOf(now, now), home.failed_rows)
        stored = _stored(con, project)
    return _write(home, project, stored, _key(project, stored))


def refresh(home: DataFolder, con: duckdb.DuckDBPyConnection, project: Sequence[Model]) -> Path:
    """Write the page for a built working database unless it is up to date; return its file.

    Raises HomeUnusable if the file cannot be written.
    """
    stored = _stored(con, project)
    key = _key(project, stored)
    return _file(home) if _made_from(_file(home)) == key else _write(home, project, stored, key)


def page(project: Sequence[Model], stored: Mapping[str, Stored], key: str = "") -> str:
    """Render the page as HTML without scripts or external resources; the same models give the same bytes."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup, escape

    tables = _tables(project, stored)
    anchors = {table.name for table in tables} | {f"{t.name}.{column.name}" for t in tables for column in t.columns}

    def linked(text: str) -> Markup:
        """Turn the tables and columns that the text names into links."""
        words = []
        for word in text.split(" "):
            bare = word.strip("().,;:")
            link = Markup('<a href="#{0}">{0}</a>').format(bare) if bare in anchors else escape(bare)
            before, _, after = word.partition(bare) if bare else (word, "", "")
            words.append(escape(before) + link + escape(after))
        return Markup(" ").join(words)

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters["linked"] = linked
    layers = [(layer, title, [t for t in tables if t.name.startswith(f"{layer}.")]) for layer, title in LAYERS.items()]
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        layers=layers, key=key, version=version("rallyscope"), tables=len(tables),
        columns=sum(len(table.columns) for table in tables))


def _tables(project: Sequence[Model], stored: Mapping[str, Stored]) -> list[Table]:
    from transforms.engine.lineage import lineage, origins

    made = {model.name: model for model in project}
    found = lineage(project, {name: list(table.columns) for name, table in stored.items()})
    reads = {name: sorted(made[name].reads, key=_anchor) if name in made else [] for name in stored}
    column_readers: dict[str, set[str]] = {}
    for reader, columns in found.items():
        for each, sources in columns.items():
            for source in sources:
                column_readers.setdefault(source, set()).add(f"{reader}.{each}")

    def column(table: str, name: str) -> Column:
        model, whole = made.get(table), f"{table}.{name}"
        kind, comment = stored[table].columns[name]
        sources = found.get(table, {}).get(name)
        ends = origins(found, whole)
        return Column(name, kind, model.columns[name] if model else comment, bool(model and name in model.grain),
                      None if sources is None else _by_table(sources), _by_table(ends if ends != sources else ()),
                      _by_table(column_readers.get(whole, ())))

    def table(name: str) -> Table:
        model = made.get(name)
        return Table(
            name, " ".join((model.doc if model else stored[name].doc).split()), model.grain if model else (),
            [column(name, each) for each in stored[name].columns], model.assertions if model else {},
            reads[name], sorted((t for t in reads if name in reads[t]), key=_anchor), not model or name in found,
            upstream(name, reads) if name.startswith("marts.") else [])

    return [table(name) for name in sorted(stored, key=_anchor)]


def upstream(name: str, reads: Mapping[str, Sequence[str]]) -> list[Branch]:
    """Return the upstream tables of a table as a tree; each table is expanded as near to the root as possible."""
    tree: list[Branch] = []
    seen = {name}
    ahead = deque([(name, tree)])
    while ahead:
        table, branches = ahead.popleft()
        for each in reads[table]:
            branches.append(Branch(each, []))
            if each not in seen:
                seen.add(each)
                ahead.append((each, branches[-1].branches))
    return tree


def _stored(con: duckdb.DuckDBPyConnection, project: Iterable[Model]) -> dict[str, Stored]:
    """Return the tables of the pipeline in the current database, without tables that no model makes any more."""
    made = {model.name for model in project}
    tables = con.execute("""
        select schema_name || '.' || table_name, coalesce(comment, '') from duckdb_tables()
        where database_name = current_database() and list_contains($layers, schema_name)""",
        {"layers": list(LAYERS)}).fetchall()
    stored = {name: Stored(doc, {}) for name, doc in tables if name in made or name.startswith(("raw.", "audit."))}
    for name, column, kind, comment in con.execute("""
            select schema_name || '.' || table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns()
            where database_name = current_database() order by column_index""").fetchall():
        if name in stored:
            stored[name].columns[column] = (kind, comment)
    return stored


def _key(project: Sequence[Model], stored: Mapping[str, Stored]) -> str:
    """Return a hash of everything that the page is made from; equal hashes mean equal pages."""
    code = [file.read_text(encoding="utf-8") for file in MADE_BY]
    models = sorted((m.name, m.doc, m.grain, list(m.columns.items()), list(m.assertions.items()), m.sql) for m in project)
    versions = [version(package) for package in ("rallyscope", "sqlglot")]
    return hashlib.sha256(repr((code, models, sorted(stored.items()), versions)).encode()).hexdigest()


def _write(home: DataFolder, project: Sequence[Model], stored: Mapping[str, Stored], key: str) -> Path:
    file = _file(home)
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    text = page(project, stored, key)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise HomeUnusable(str(home.folder), error.strerror or str(error)) from None
    return file


def _made_from(file: Path) -> str | None:
    """Read the key of a written page; None if the file does not exist or is not such a page."""
    try:
        with file.open("rb") as page:
            found = re.search(rb'name="made-from" content="(\w+)"', page.read(2000))
    except OSError:
        return None
    return found[1].decode() if found else None


def _file(home: DataFolder) -> Path:
    return home.folder / "site" / "dictionary.html"


def _anchor(name: str) -> tuple[int, str]:
    return list(LAYERS).index(name.partition(".")[0]), name


def _by_table(names: Iterable[str]) -> Names:
    tables: dict[str, list[str]] = {}
    for name in sorted(names, key=_anchor):
        table, _, column = name.rpartition(".")
        tables.setdefault(table, []).append(column)
    return list(tables.items())
