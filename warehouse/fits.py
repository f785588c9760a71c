"""The record of month-end model fits: append-only, each with the time from which it could have been computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date, datetime

import duckdb

TABLE = "raw.regime_model_fit"


@dataclass(frozen=True)
class Fit:
    """One month-end's fit of the two-state model; parameters describe daily log returns (fractions, not percent).

    A rejected fit gives its `reason` and may lack parameters. `input_rows` counts the raw rows of the index that were
    known by `known_at` when the fit was made. A different count now means that the fit is out of date.
    """

    fitted_on: date
    first_return_on: date | None
    returns: int
    mean_return: float | None
    calm_variance: float | None
    turbulent_variance: float | None
    calm_stay_probability: float | None
    turbulent_stay_probability: float | None
    log_likelihood: float | None
    turbulent_share: float | None
    is_accepted: bool
    reason: str
    input_rows: int
    known_at: datetime


@dataclass(frozen=True)
class MonthEnd:
    """The last session of a calendar month, when it was known, and the number of raw rows to fit."""

    date: date
    known_at: datetime
    input_rows: int


def unfitted(con: duckdb.DuckDBPyConnection, symbol: str, start: date | None, now: datetime) -> list[MonthEnd]:
    """Return the closed month-ends whose fit is missing or was made from another number of rows than is now recorded.

    The list begins at the last month-end on or before `start`, or at the first one ever fitted if that is earlier. So
    the set of fits depends only on the earliest day ever requested, not on how it was requested.
    """
    rows = con.execute(f"""
        with session as (
            select date, close_at + interval 15 minute as known_at from raw.catalog_session
            where fetched_at = (select max(fetched_at) from raw.catalog_session where fetched_at <= $now)
        ), month_end as (
            select max(date) as date, max(known_at) as known_at from session
            group by date_trunc('month', date) having max(known_at) <= $now
        ), input as (
            select known_at from raw.price_bar where symbol = $symbol and fetched_at <= $now
            union all
            select known_at from raw.macro_observation
            where fetched_at <= $now and series_id in (
                select series_id from raw.catalog_series where fallback_for = $symbol)
        ), known as (
            select known_at, sum(count(*)) over (order by known_at)::bigint as input_rows from input group by known_at
        ), fitted as (
            select fitted_on, arg_max(input_rows, fetched_at) as input_rows from {TABLE}
            where fetched_at <= $now group by fitted_on
        )
        select m.date, m.known_at, k.input_rows
        from month_end m asof join known k on m.known_at >= k.known_at left join fitted f on f.fitted_on = m.date
        where m.date >= least(coalesce((select max(date) from month_end where date <= $start), $start),
                              (select min(fitted_on) from fitted))
            and f.input_rows is distinct from k.input_rows
        order by m.date""", {"symbol": symbol, "start": start, "now": now.replace(tzinfo=None)}).fetchall()
    return [MonthEnd(*row) for row in rows]


def append(con: duckdb.DuckDBPyConnection, fits: Iterable[Fit], source: str, run_id: str, now: datetime) -> int:
    """Append the fits in one transaction. In a replay, a fit replaces one of the same month-end and fetch time."""
    stamp = [now.replace(tzinfo=None), source, "rule", run_id]
    rows = [[*astuple(fit), *stamp] for fit in fits]
    con.begin()
    try:
        for row in rows:
            con.execute(f"delete from {TABLE} where fitted_on = ? and fetched_at = ?", [row[0], stamp[0]])
            con.execute(f"insert into {TABLE} values ({', '.join('?' * len(row))})", row)
    except BaseException:
        con.rollback()
        raise
    con.commit()
    return len(rows)
