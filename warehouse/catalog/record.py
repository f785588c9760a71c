"""Record full snapshots of the catalog, the exchange's sessions and the federal business days whenever they changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

import duckdb

from warehouse.calendar import FIRST_YEAR, federal_days, sessions

if TYPE_CHECKING:
    from warehouse.catalog import Availability, Catalog, Instrument
    from warehouse.catalog.weighting import Rebalancing


def record(con: duckdb.DuckDBPyConnection, catalog: Catalog, now: datetime) -> None:
    """Write a full snapshot as of `now` of each catalog table that differs from its snapshot in force at `now`.

    An empty table is recorded as one row of NULLs. Without a row the previous snapshot would stay in force.
    """
    con.begin()
    try:
        for table, rows in _tables(catalog, now.year + 1).items():
            _snapshot(con, f"raw.catalog_{table}", list(rows), now.replace(tzinfo=None))
    except BaseException:
        con.rollback()
        raise
    con.commit()


def _snapshot(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple], now: datetime) -> None:
    import pandas as pd

    columns = [row[0] for row in con.execute(f"describe {table}").fetchall() if row[0] != "fetched_at"]
    incoming = pd.DataFrame(rows or [(None,) * len(columns)], columns=columns, dtype=object)  # noqa: F841, DuckDB reads it
    con.execute(f"create or replace temp table snapshot as select {', '.join(columns)} from {table} limit 0")
    con.execute("insert into snapshot from incoming")
    # Do not simply take the newest: if a replay set the clock back, a later snapshot is not yet in force.
    latest, = con.execute(f"select max(fetched_at) from {table} where fetched_at <= ?", [now]).fetchone()  # type: ignore[misc]
    in_force = f"select {', '.join(columns)} from {table} where fetched_at = $latest"
    differs = f"exists ((from snapshot except all ({in_force})) union all (({in_force}) except all from snapshot))"
    same = latest is not None and con.execute(f"select {differs}", {"latest": latest}).fetchone() == (False,)
    if same:
        return
    # If the catalog was edited twice at the same (replayed) time, the later edit replaces the earlier one.
    con.execute(f"delete from {table} where fetched_at = ?", [now])
    con.execute(f"insert into {table} by name select *, ?::timestamp as fetched_at from snapshot", [now])


def _tables(catalog: Catalog, last_year: int) -> Mapping[str, Iterable[tuple]]:
    stocks = [i for i in catalog.instruments.values() if i.kind == "stock"]
    days = [day for day, _, _ in sessions(last_year)]
    return {
        "session": sessions(last_year),
        "business_day": ((day,) for day in federal_days(last_year)),
        "instrument": ((i.symbol, i.name, i.kind, i.issuer, i.share_class, i.primary_line, i.counts_whole_company,
                        i.gics_sector, i.nasdaq_sector, i.since, i.until, i.statements)
                       for i in catalog.instruments.values()),
        "filer": (row for i in stocks for row in _filer(i, catalog.feeds["statements"].known)),
        "universe": ((u.code, u.title, u.published_index, u == catalog.primary_index) for u in catalog.universes.values()),
        "universe_member": ((u.code, m.symbol, m.valid_from, m.valid_to)
                            for u in catalog.universes.values() for m in u.members),
        "rebalance": ((u.code, *dates) for u in catalog.universes.values() if u.rebalancing
                      for dates in u.rebalancing.dates(days, u.initial_date)),
        "weight_limit": (row for u in catalog.universes.values() if u.rebalancing
                         for row in _limits(u.code, u.rebalancing)),
        "basket": ((b.id, b.title, b.role, position) for position, b in enumerate(
            (*catalog.tiers, *(b for b in catalog.baskets.values() if b.role != "tier")), 1)),
        "basket_member": ((b.id, m.symbol, m.valid_from, m.valid_to)
                          for b in catalog.baskets.values() for m in b.members),
        "spinoff": ((s.symbol, s.of, s.ex_date, s.per_share) for s in catalog.spinoffs.values()),
        "source": ((s.id, s.title, s.priority, s.price_convention) for s in catalog.sources.values()),
        "series": ((s.id, s.title, s.unit, s.frequency, s.known.rule == "vintage", s.fallback_for, s.since,
                    s.stale_after_days) for s in catalog.series.values()),
        "availability": [
            *(("bars", i.symbol, *rule(i.known)) for i in catalog.instruments.values()),
            *((feed, i.symbol, *rule(catalog.feeds[feed].known)) for feed in ("shares", "statements") for i in stocks),
            *(("observations", s.id, *rule(s.known)) for s in catalog.series.values()),
            *(("weights", u.code, *rule(catalog.feeds["weights"].known)) for u in catalog.universes.values()),
        ],
    }


def _filer(company: Instrument, known: Availability) -> Iterable[tuple]:
    """Yield the number of days within which a company reports its last fiscal quarter, with each date it changes."""
    if not company.statements or not known.after_year_end_days:
        return
    for category, since in (("other", date(FIRST_YEAR, 1, 1)), *((f.category, f.since) for f in company.filer)):
        yield company.symbol, company.fiscal_year_end_month, category, since, getattr(known.after_year_end_days, category)


def _limits(code: str, rebalancing: Rebalancing) -> Iterable[tuple]:
    limits = [*((False, limit) for limit in rebalancing.limits), *((True, limit) for limit in rebalancing.annual_limits)]
    return ((code, position, annual, limit.of, limit.size, limit.above, limit.to, limit.others_at_most)
            for position, (annual, limit) in enumerate(limits, 1))


def rule(known: Availability) -> tuple[str, int | None]:
    """Return the rule that an availability declares and its lag, which is None for a vintage."""
    return known.rule, None if known.rule == "vintage" else getattr(known, known.rule)
