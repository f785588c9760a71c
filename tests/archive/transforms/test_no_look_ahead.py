"""No mart looks ahead, by machine: what was built as of T is what today's build says of the rows known by then.

A build of a past day compares every row known by then, back to the first, with what all later data made of it. So a few
days do: one early, with years after it; the last before a split, and before a yearly rebalance; and one on which an
episode of the VIX was still open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb
import pytest
from archive import AS_OF, built, simulated, with_raw_tables

from transforms.engine import project
from transforms.engine.build import AsOf, build

OPEN_EPISODE = date(2026, 4, 10)
DAYS = [date(2022, 10, 31), date(2024, 6, 7), date(2025, 12, 19), OPEN_EPISODE]


class Market:
    """The simulated market's raw tables, the models built as of a moment, and the present build as `today`."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.moment: datetime | None = None

    def build(self, moment: datetime) -> None:
        """Build every model as of the moment, unless that is the last build."""
        if self.moment != moment:
            build(self.con, project.models(), AsOf(moment, AS_OF), Path("-"))
            self.moment = moment

    def compared(self) -> list[str]:
        """Every model below staging whose rows say when they were known."""
        return [f"{schema}.{table}" for schema, table in self.con.execute("""
            select schema_name, table_name from duckdb_columns() where column_name = 'known_at'
            and database_name = 'today' and schema_name in ('core', 'marts') order by all""").fetchall()]

    def looks_ahead(self, then: str, today: str) -> int:
        """Rows of `today` known by the moment that `then`, of the build of that moment, does not have, to the last bit."""
        assert self.moment
        return self.con.execute(f"select count(*) from (from {today} where known_at <= ? except all from {then})",
                                [self.moment.replace(tzinfo=None)]).fetchall()[0][0]


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with with_raw_tables(simulated()) as con:
        yield Market(con)


def at_the_end_of(day: date) -> datetime:
    return datetime.combine(day, time(3, 59, 59), UTC) + timedelta(days=1)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_build_of_a_past_day_equals_todays_rows_known_by_then(day: date, market: Market) -> None:
    market.build(at_the_end_of(day))
    names = market.compared()
    assert len(names) > 50
    assert {name: n for name in names if (n := market.looks_ahead(name, f"today.{name}"))} == {}


NEWEST_VINTAGE = """
    select k.* replace (n.value as value) from ({sql}) k
    left join (select series_id, date, arg_max(value, known_at) as value from staging.macro_observation group by all) n
        on n.series_id = k.series_id and n.date = k.observation_date"""
TOMORROWS_CLOSE = "select * replace (lead(vix_close) over (order by date) as vix_close) from ({sql})"


@pytest.mark.parametrize(("name", "planted"), [
    ("core.macro_as_known", NEWEST_VINTAGE), ("marts.regime_daily", TOMORROWS_CLOSE),
], ids=["the newest vintage instead of the one known on the row's own day", "tomorrow's close"])
def test_a_planted_look_ahead_is_caught(name: str, planted: str, market: Market) -> None:
    """And the model as it is, compared in the same way, is not."""
    market.build(at_the_end_of(OPEN_EPISODE))
    sql = next(model.sql for model in project.models() if model.name == name)
    for select, caught in ((planted.format(sql=sql), True), (sql, False)):
        market.con.register("planted", built(simulated()).execute(select).to_arrow_table())
        assert (market.looks_ahead(f"({select})", "planted") > 0) is caught
