"""Derive a column for validation only: the distance of a row from its neighbors in time."""

from __future__ import annotations


def with_spikes(rows: str, key: str, time: str) -> str:
    """Return SQL for `rows` with the column `level` (a logarithm) replaced by the column `spike`.

    A spike differs from both neighbors of the same `key` in the order of `time`: its size is the smaller of the two
    |changes|. The first and the newest row have neighbors on one side only. For them it is half the smaller of the
    |changes| to the nearest two rows, so that a true jump to a new level passes, and so does a row next to a spike.
    """
    return f"""
        select * exclude (level, before, before2, after, after2),
            case when before is null then least(after, after2) / 2 when after is null then least(before, before2) / 2
                else least(before, after) end as spike
        from (
            select *,
                abs(level - lag(level, 1 ignore nulls) over w) as before,
                abs(level - lag(level, 2 ignore nulls) over w) as before2,
                abs(level - lead(level, 1 ignore nulls) over w) as after,
                abs(level - lead(level, 2 ignore nulls) over w) as after2
            from ({rows})
            window w as (partition by {key} order by {time}, file_row_number))
        order by file_row_number"""
