"""Hold back the parts of a response that contradict the evidence: record them with a reason and request them again.

`held_answer` has one row per reason: the key, the first held session (NULL for the entire response) and the reason in
one sentence. The checks of a response fill it before the load appends anything.
"""

from __future__ import annotations

import duckdb

from warehouse.load.tables import Table


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Create empty tables `held_answer` and `held_row`."""
    con.execute("create or replace temp table held_answer (key varchar, since date, reason varchar)")
    con.execute("create or replace temp table held_row "
                "(feed varchar, key varchar, date date, row_json varchar, reason varchar)")


def hold(con: duckdb.DuckDBPyConnection, tables: tuple[Table, ...]) -> tuple[str, ...]:
    """Exclude the held rows from the load and mark their keys; return one sentence per reason for the run's report.

    A held key counts as not received, so that it is requested again and its missing rows withdraw nothing. The rows from
    the first held session on go to `held_row`, from which the load records them with the reason. A response that was
    already held at the fetch has no rows; its request is recorded instead.
    """
    con.execute("""
        create or replace temp table held_key as
        select key, if(count(*) = count(h.since), min(h.since), null) as since,
            string_agg(h.reason, '; ' order by h.reason) as reason
        from held_answer h join outcomes using (key) where status = 'received' group by key""")
    for table in tables:
        key = table.keys[0]
        con.execute(f"""
            insert into held_row
            select '{table.frame}', s.{key}, s.{table.dated}, to_json(s)::varchar, 'held: ' || h.reason
            from (select * exclude is_accepted from said_{table.frame} where is_accepted) s
            join held_key h on h.key = s.{key} and s.{table.dated} >= coalesce(h.since, s.{table.dated})
            order by all""")
        con.execute(f"""
            update said_{table.frame} s set is_accepted = false
            from held_key h where h.key = s.{key} and s.{table.dated} >= coalesce(h.since, s.{table.dated})""")
    con.execute(f"""
        insert into held_row
        select '{tables[0].frame}', key, null, json_object('key', key, 'asked_from', asked_from, 'asked_to', asked_to),
            'held: ' || reason
        from outcomes where status = 'held' order by all""")
    con.execute("update outcomes o set status = 'held', reason = h.reason from held_key h where h.key = o.key")
    return tuple(f"{_names(keys)} held: {reason}" for keys, reason in con.execute(
        "select list(key order by key), reason from outcomes where status = 'held' group by reason order by 1").fetchall())


def _names(keys: list[str]) -> str:
    """Return the first keys with their verb, so that one sentence covers all keys with the same reason."""
    if len(keys) == 1:
        return f"{keys[0]} is"
    return f"{', '.join(keys[:3])}{f' and {len(keys) - 3} more' if len(keys) > 3 else ''} are"
