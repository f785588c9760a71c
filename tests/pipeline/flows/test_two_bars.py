"""Bars that vouch for each other, through the real clients: two neighbors a hundred times too high, and how it heals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from tiny_market import published, write_archive

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.server import running
from flows.settings import Settings
from warehouse.errors import RunIncomplete

MAY_12, MAY_13, MAY_14, MAY_15 = (date(2026, 5, day) for day in (12, 13, 14, 15))


def wrong_archive(folder: Path, days: list[date], factor: float = 100) -> Path:
    """The tiny market with BBB's bars of these days off by a factor."""
    archive = write_archive(folder)
    with duckdb.connect() as con:
        con.execute(f"create table bars as from '{archive}/bars.parquet'")
        con.execute("""update bars set close = close * $1, open = open * $1, high = high * $1, low = low * $1
                       where symbol = 'BBB' and list_contains($2, date)""", [factor, days])
        con.execute(f"copy bars to '{archive}/bars.parquet' (format parquet)")
    return archive


def run(home: Path, tiny: Path, archive: Path, day: date) -> str:
    """Backfill up to a day on its evening; what the run says is missing, "" when it completes."""
    now = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
    with running(archive, now) as base:
        given = Settings(home_folder=home, source=base, catalog_folder=tiny / "catalog")
        try:
            with open_run(given, "backfill", windows.range_window(given, date(2026, 3, 2), day)) as started:
                execute(started)
        except RunIncomplete as incomplete:
            return str(incomplete)
    return ""


def returns(home: Path) -> list[float | None]:
    """BBB's returns of 05-12 to 05-14, NULL where it has none."""
    return [value for value, in published(home, """
        select p.price_return from (select unnest(['2026-05-12', '2026-05-13', '2026-05-14'])::date as date) d
        left join core.security_price p on p.date = d.date and p.symbol = 'BBB' order by d.date""")]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> dict[str, Path]:
    """The newest two bars wrong; the same with right bars behind them; and after the source is right again."""
    import shutil

    folder = tmp_path_factory.mktemp("two_bars")
    archive = wrong_archive(folder / "wrong", [MAY_12, MAY_13])
    for name, market, day in (("newest", archive, MAY_13), ("middle", archive, MAY_14),
                              ("healed", write_archive(folder / "right"), MAY_15)):
        missing = run(folder / "home", tiny, market, day)
        assert ("the bar of BBB on 2026-05-12 is held" in missing) == (name != "healed")
        assert missing or name == "healed"
        shutil.copytree(folder / "home", folder / name)
    return {name: folder / name for name in ("newest", "middle", "healed")}


def test_both_are_held_as_the_newest_two_and_with_right_bars_behind_them(homes: dict[str, Path]) -> None:
    for name in ("newest", "middle"):
        held = published(homes[name], "select date, close, kind from core.price_bar_held order by date")
        assert held == [(MAY_12, 6000.0, "leap"), (MAY_13, 5000.0, "leap")]
        listed = published(homes[name], "select key, reason from audit.quarantine where feed = 'bars' order by date")
        assert [key for key, _ in listed] == ["BBB", "BBB"]
        assert all(reason.startswith("held: ") for _, reason in listed)
    assert returns(homes["newest"]) == [None, None, None]
    # Over the gap, from the 50 of 05-11 to the 60 of 05-14.
    assert returns(homes["middle"]) == [None, None, pytest.approx(60 / 50 - 1)]


def test_no_index_and_no_weight_leaps(homes: dict[str, Path]) -> None:
    for home in homes.values():
        (largest,), = published(home, """select max(abs(index_return)) from marts.concentration_daily
                                         where date >= '2026-05-01'""")
        assert largest is None or largest < 0.1


def test_it_heals_when_the_source_is_right(homes: dict[str, Path]) -> None:
    assert returns(homes["healed"]) == [pytest.approx(60 / 50 - 1), pytest.approx(50 / 60 - 1), pytest.approx(60 / 50 - 1)]
    assert published(homes["healed"], "from core.price_bar_held") == []
