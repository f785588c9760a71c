"""Select the index of a page or a table: the catalog's primary one, or another by its code."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from warehouse.errors import BadRequest


@dataclass(frozen=True)
class Index:
    """An index of the published file; `parameters` hold the query parameters $index, $index_title and $published_index."""

    code: str
    title: str
    published: str

    @property
    def parameters(self) -> dict[str, str]:
        return {"index": self.code, "index_title": self.title, "published_index": self.published}


def index_of(con: duckdb.DuckDBPyConnection, code: str | None = None) -> Index | None:
    """Return the index with this code, by default the primary one; None if an earlier release published no index.

    Raises BadRequest, which lists the published codes, for a code that no published index has.
    """
    there = con.execute("""
        select 1 from duckdb_tables() where schema_name = 'core' and table_name = 'index_definition'""").fetchall()
    rows = con.execute("select index_code, title, published_index, is_primary from core.index_definition "
                       "order by index_code").fetchall() if there else []
    if code is None:
        return next((Index(*row[:3]) for row in rows if row[3]), None)
    for row in rows:
        if row[0] == code:
            return Index(*row[:3])
    if not rows:
        raise BadRequest(f"index {code!r}", "the published file was written by an earlier release, which had one index",
                         "Publish again: rallyscope build")
    raise BadRequest(f"index {code!r}", "no index with this code is published",
                     f"Use {' or '.join(row[0] for row in rows)}")
