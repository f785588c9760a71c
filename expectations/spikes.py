"""A derived column for validation only: how far a row stands off its neighbours in time."""

from __future__ import annotations


def with_spikes(rows: str, key: str, time: str) -> str:
    """SQL of `rows`, which have a column `level` (a logarithm), with the column `spike` in its place.

    A row is a spike when it stands off both its neighbours of the same `key` in the order of `time`: the smaller of
    the two |changes|. The first and the newest row have neighbours on one side only: half the smaller of the |changes|
    to the nearest two counts, so that a true leap to a new level passes, and so does a row next to a spike.
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
