"""Check whether a build of the present would reproduce the current publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from flows.pipeline.plan import last_closed
from warehouse.data_folder import DataFolder
from warehouse.errors import BuildDamaged, NothingPublished
from warehouse.zones import as_stored

# Counts the outcomes since the publication. A key that failed in an earlier run and failed again does not count.
ANSWERS_SINCE = """
    select count(*) from (select *, row_number() over (order by rowid) as n from raw.fetch_outcome) o
    where n > $published and not (status = 'failed' and exists (
        select 1 from raw.fetch_outcome p
        where (p.feed, p.source, p.key) = (o.feed, o.source, o.key) and p.status = 'failed' and p.run_id <> o.run_id))"""


@dataclass(frozen=True)
class Current:
    """The current publication: what it was built from, when, and what its run reported."""

    build_id: str
    as_of: datetime
    code_version: str
    raw_rows: dict[str, int]
    message: str | None


def still_current(con: duckdb.DuckDBPyConnection, home: DataFolder, now: datetime, code_version: str) -> Current | None:
    """Return the current publication if no build is due; None if one is.

    No build is due if the code and the last closed session are the same and no data was loaded or became known since.
    `con` reads the working database. A response of a source counts as new data even if it had no rows.
    """
    current = _current(home)
    if not current or current.code_version != code_version or last_closed(current.as_of) != last_closed(now):
        return None
    for table, has_known_at in con.execute("""
            select t.table_name, count(c.column_name) > 0
            from duckdb_tables() t left join duckdb_columns() c
                on c.schema_name = 'raw' and c.table_name = t.table_name and c.column_name = 'known_at'
            where t.schema_name = 'raw' and not t.temporary group by t.table_name""").fetchall():
        published = current.raw_rows.get(table)
        if table == "fetch_outcome":
            changed, given = ANSWERS_SINCE, {"published": published}
        elif has_known_at:
            changed = f"""select count(*) <> $published or count(*) filter (known_at > $as_of and known_at <= $now) > 0
                          from raw.{table}"""
            given = {"published": published, "as_of": as_stored(current.as_of), "now": as_stored(now)}
        else:
            changed, given = f"select count(*) <> $published from raw.{table}", {"published": published}
        if published is None or con.execute(changed, given).fetchall()[0][0]:
            return None
    return current


def _current(home: DataFolder) -> Current | None:
    """Return the current publication; None if no complete publication of the present can be read."""
    try:
        with home.marts() as con:
            row = con.execute("""
                select p.build_id, timezone('UTC', p.as_of), p.code_version, p.raw_rows, r.message
                from audit.publication p join audit.run r using (run_id)
                where p.is_current and p.is_present and r.status = 'completed'""").fetchone()
    except (NothingPublished, BuildDamaged):
        return None
    if not row:
        return None
    build_id, as_of, *others = row
    return Current(build_id, as_of.replace(tzinfo=UTC), *others)
