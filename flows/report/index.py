"""The index that a page or a table speaks of: the catalog's primary one, or another that is asked for by its code."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from warehouse.errors import BadRequest


@dataclass(frozen=True)
class Index:
    """An index of the published file; `parameters` are what queries name $index, $index_title and $published_index."""

    code: str
    title: str
    published: str

    @property
    def parameters(self) -> dict[str, str]:
        return {"index": self.code, "index_title": self.title, "published_index": self.published}


def index_of(con: duckdb.DuckDBPyConnection, code: str | None = None) -> Index | None:
    """The index with this code, by default the primary one; None where there is none, as in a build of an earlier release.

    Raises BadRequest for a code that no index has, with those there are.
    """
    there = con.execute("""
        select count(*) from duckdb_tables() where schema_name = 'core' and table_name = 'index_definition'""")
    if there.fetchone() == (0,):
        return None
    found = {row[0]: Index(*row[:3]) if row[3] or code else None for row in con.execute(
        "select index_code, title, published_index, is_primary from core.index_definition order by index_code").fetchall()}
    if code is None:
        return next((index for index in found.values() if index), None)
    if code not in found:
        raise BadRequest(f"index {code!r}", "no index with this code is published",
                         f"Use {' or '.join(found)}" if found else "The catalog has no index")
    return found[code]
