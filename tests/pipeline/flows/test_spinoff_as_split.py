"""A spin-off that the feed writes as a split of 1.323, through the real clients: it adjusts the price and no count."""

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

RATIO = 1.323


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """A home whose archive has AAA's split of ten replaced by one of 1.323; the count stays a million."""
    folder = tmp_path_factory.mktemp("spinoff")
    archive = write_archive(folder / "archive")
    by = 10 / RATIO
    with duckdb.connect() as con:
        for name, change in (
            ("bars", f"update bars set close = close * {by}, open = open * {by}, high = high * {by}, low = low * {by}"
                     " where symbol = 'AAA' and date >= '2026-04-15'"),
            ("actions", f"alter table actions alter split_ratio type double; update actions set split_ratio = {RATIO}"),
            ("shares", "delete from shares where date = '2026-04-15'"),
        ):
            con.execute(f"create table {name} as from '{archive}/{name}.parquet'")
            con.execute(change)
            con.execute(f"copy {name} to '{archive}/{name}.parquet' (format parquet)")
    with running(archive, datetime(2026, 4, 30, 23, tzinfo=UTC)) as base:
        given = Settings(home_folder=folder / "home", source=base, catalog_folder=tiny / "catalog")
        with open_run(given, "backfill", windows.range_window(given, date(2026, 3, 2), date(2026, 4, 30))) as started:
            execute(started)
    return folder / "home"


def test_the_count_stays(home: Path) -> None:
    assert published(home, """
        select shares_in_force, status, count(*) from core.share_count where symbol = 'AAA' group by all
        """) == [(1_000_000, "accepted", 43)]


def test_the_weight_falls_by_what_was_distributed(home: Path) -> None:
    """99.77 million beside 100 and 60."""
    (weight,), = published(home, """
        select weight from core.index_weight
        where weight_scheme = 'full_cap' and issuer = 'AAA' and date = '2026-04-15'""")
    assert weight == pytest.approx(99.77 / (99.77 + 100 + 60), abs=5e-5)


def test_the_return_is_that_of_the_holder(home: Path) -> None:
    (ret,), = published(home, "select price_return from core.security_price where symbol = 'AAA' and date = '2026-04-15'")
    assert ret == pytest.approx(132 / 131 - 1, rel=1e-9)
