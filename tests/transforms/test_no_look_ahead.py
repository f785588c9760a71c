"""No mart looks ahead, by machine: what was built as of T is what today's build says of the rows known by then."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb
import pytest
from archive import AS_OF, simulated, with_raw_tables

from transforms.engine import project
from transforms.engine.build import AsOf, build, make, set_as_of
from warehouse.calendar import sessions

DATES = sorted(random.Random(2026).sample(
    [day for day, _, _ in sessions(2026) if date(2022, 6, 1) <= day <= date(2026, 5, 29)], 10))


@pytest.fixture(scope="module")
def market() -> Iterator[duckdb.DuckDBPyConnection]:
    """The simulated market's raw tables, and its present build as `today`."""
    with with_raw_tables(simulated()) as con:
        yield con


def compared(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Every model below staging whose rows say when they were known."""
    return [f"{schema}.{table}" for schema, table in con.execute("""
        select schema_name, table_name from duckdb_columns() where column_name = 'known_at'
        and database_name = 'today' and schema_name in ('core', 'marts') order by all""").fetchall()]


def looks_ahead(con: duckdb.DuckDBPyConnection, name: str, moment: datetime, today: str) -> int:
    """Rows of today's table known by `moment` that the build of that moment does not have, to the last bit."""
    return con.execute(f"select count(*) from (from {today} where known_at <= ? except all from {name})",
                       [moment.replace(tzinfo=None)]).fetchone()[0]  # type: ignore[index]


def below(name: str) -> list[project.Model]:
    """The models that a model is made from, in their order."""
    wanted = {name}
    for model in reversed(models := project.models()):
        wanted |= model.reads if model.name in wanted else set()
    return [model for model in models if model.name in wanted - {name}]


def at_the_end_of(day) -> datetime:
    return datetime.combine(day, time(3, 59, 59), UTC) + timedelta(days=1)


@pytest.mark.parametrize("day", DATES, ids=str)
def test_the_build_of_a_past_day_equals_todays_rows_known_by_then(day, market: duckdb.DuckDBPyConnection) -> None:
    moment = at_the_end_of(day)
    build(market, project.models(), AsOf(moment, AS_OF), Path("-"))
    names = compared(market)
    assert len(names) > 50
    assert {name: n for name in names if (n := looks_ahead(market, name, moment, f"today.{name}"))} == {}


@pytest.mark.parametrize("planted", [
    # the newest vintage instead of the one known on the row's own day
    ("core/macro_as_known.sql", None),
    # tomorrow's close
    ("marts/regime_daily.sql", "select * replace (lead(vix_close) over (order by date) as vix_close) from ({sql})"),
], ids=["newest vintage", "tomorrow's close"])
def test_a_planted_look_ahead_is_caught(planted: tuple[str, str | None], market: duckdb.DuckDBPyConnection,
                                        tmp_path: Path) -> None:
    file, sql = planted
    folder = shutil.copytree(project.FOLDER, tmp_path / "transforms")
    name = file.removesuffix(".sql").replace("/", ".")
    model = next(m for m in project.models(folder) if m.name == name)
    changed = model.sql if sql is None else sql.format(sql=model.sql)
    if sql is None:
        changed = f"""
            select k.* replace (n.value as value) from ({model.sql}) k
            left join (select series_id, date, arg_max(value, known_at) as value
                       from staging.macro_observation group by all) n
              on n.series_id = k.series_id and n.date = k.observation_date"""
    (folder / file).write_text((folder / file).read_text().replace(model.sql, changed))
    planted_model = next(m for m in project.models(folder) if m.name == name)
    moment = at_the_end_of(date(2026, 4, 10))

    for of in (AS_OF, moment):
        build(market, below(name), AsOf(of, AS_OF), Path("-"))
        set_as_of(market, AsOf(of, AS_OF))
        make(market, planted_model)
        if of == AS_OF:
            market.execute(f"create or replace temp table planted as from {name}")
    assert looks_ahead(market, name, moment, "planted") > 0
