"""Evenings on which the source contradicts itself about splits, units and dates, and the good evening after them.

AAA splits ten for one on 2026-04-15: 131 on 04-14, 13.2 then. Each evening's figures are those of the source when it
is right, or none; the evening after, the tables are those of a home that nothing disturbed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pytest
from evenings import tiny_home
from tiny_market import published, table_hashes

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.server import running
from flows.settings import Settings
from warehouse.errors import RunIncomplete


def times(factor: float, condition: str) -> str:
    """The bars with prices multiplied where a condition holds."""
    prices = ", ".join(f"if({condition}, {name} * {factor}, {name}) as {name}" for name in ("open", "high", "low", "close"))
    return f"select * replace ({prices}) from t"


def evening(home: Path, market: Path, clock: str, folder: Path, changes: Mapping[str, str] | None = None) -> str:
    """A run on the evening of `clock` on a market whose tables are changed; what is missing, "" when it completes."""
    archive = shutil.copytree(market / "archive", folder / f"archive-{clock}")
    for table, select in (changes or {}).items():
        with duckdb.connect() as con:
            con.execute(f"create table t as from '{archive / table}.parquet'")
            con.execute(f"copy ({select}) to '{archive / table}.parquet' (format parquet)")
    with running(archive, windows.parse_instant(clock)) as base:
        settings = Settings(home_folder=home, source=base, catalog_folder=market / "catalog")
        window = windows.range_window(settings, date(2026, 3, 2), date.fromisoformat(clock))
        try:
            with open_run(settings, "backfill", window) as this:
                execute(this)
        except RunIncomplete as incomplete:
            return str(incomplete)
    return ""


def returns(home: Path, since: str) -> dict[str, float | None]:
    """AAA's returns by session."""
    return dict(published(home, f"""select date::varchar, price_return from marts.contribution_daily
        where issuer = 'AAA' and weight_scheme = 'full_cap' and date >= '{since}'"""))


def index(home: Path, day: str) -> list[tuple]:
    return published(home, f"""select index_return from marts.concentration_daily
                               where weight_scheme = 'full_cap' and date = '{day}'""")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that ran on the evening of 2026-04-14, before the split."""
    return tiny_home(tmp_path_factory.mktemp("before"), "2026-04-14")


@pytest.fixture(scope="module")
def undisturbed(tiny: Path, before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same home after a good evening of 2026-04-16."""
    folder = tmp_path_factory.mktemp("undisturbed")
    home = shutil.copytree(before, folder / "home")
    assert evening(home, tiny, "2026-04-16", folder) == ""
    return home


def test_a_split_named_before_its_bars_are_divided(before: Path, undisturbed: Path, tiny: Path, tmp_path: Path) -> None:
    """And XLK's volumes of that evening are 2 % too high: no table shows it once they are right."""
    home = shutil.copytree(before, tmp_path / "home")
    undivided = times(10, "symbol = 'AAA' and date < '2026-04-15'")
    assert evening(home, tiny, "2026-04-15", tmp_path, {"bars": undivided.replace(
        "replace (", "replace (if(symbol = 'XLK' and date = '2026-04-15', 1020, volume) as volume, ")}) == ""
    assert returns(home, "2026-04-14") == {
        "2026-04-14": pytest.approx(131 / 130 - 1), "2026-04-15": pytest.approx(132 / 131 - 1)}
    assert index(home, "2026-04-15") == [(pytest.approx(-0.0611, abs=1e-4),)]
    assert evening(home, tiny, "2026-04-16", tmp_path) == ""
    assert table_hashes(home) == table_hashes(undisturbed)


def test_a_split_named_late_and_a_window_in_another_unit(before: Path, undisturbed: Path, tiny: Path,
                                                         tmp_path: Path) -> None:
    """AAA falls to a tenth unexplained; BBB's re-asked window is a hundred times what is held; XLV comes a day late."""
    home = shutil.copytree(before, tmp_path / "home")
    missing = evening(home, tiny, "2026-04-15", tmp_path, {"actions": "from t limit 0", "bars": f"""
        {times(100, "symbol = 'BBB'")} where symbol <> 'XLV' union all by name
        select t.* replace (lead(date) over (order by date) as date) from t where symbol = 'XLV'
        qualify lead(date) over (order by date) is not null"""})
    assert ("AAA is held: the close went from 131 to 13.2 on 2026-04-15 as in a split of 10, but no split is reported"
            in missing)
    assert "BBB is held: 7 of 7 re-asked closes from 2026-04-06 to 2026-04-14 are 100 times the held ones" in missing
    assert "XLV is held: its closes from 2026-04-06 to 2026-04-14 are those of the session before" in missing
    assert returns(home, "2026-04-14") == {"2026-04-14": pytest.approx(131 / 130 - 1)}
    assert index(home, "2026-04-15") == [(None,)]
    assert evening(home, tiny, "2026-04-16", tmp_path) == ""
    assert table_hashes(home) == table_hashes(undisturbed)


def test_a_split_that_is_lost_and_one_that_never_was(undisturbed: Path, tiny: Path, tmp_path: Path) -> None:
    """AAA's split is lost and its bars are undivided; CCC is said to split two for one, and its price stays at 20."""
    home, other = (shutil.copytree(undisturbed, tmp_path / name) for name in ("home", "other"))
    missing = evening(home, tiny, "2026-04-17", tmp_path, {
        "actions": "select 'CCC' as symbol, date '2026-04-17' as date, null::double as dividend, 2.0 as split_ratio",
        "bars": times(2, "symbol = 'CCC' and date < '2026-04-17'")})
    assert "CCC: the split of 2 on 2026-04-17 is not used: the close went from 20 to 20" in missing
    assert returns(home, "2026-04-15") == {
        f"2026-04-{day}": pytest.approx(level / (level - 1) - 1) for day, level in ((15, 132), (16, 133), (17, 134))}
    assert index(home, "2026-04-15") == [(pytest.approx(-0.0611, abs=1e-4),)]
    good = tmp_path / "good"
    good.mkdir()
    assert evening(home, tiny, "2026-04-20", good) == evening(other, tiny, "2026-04-20", tmp_path) == ""
    assert table_hashes(home) == table_hashes(other)
