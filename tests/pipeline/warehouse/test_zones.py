"""Published moments carry their zone: no join is off by an offset, and what was published without zones is still read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flows.report.diff import diff
from flows.report.export import export
from warehouse.data_folder import DataFolder
from warehouse.publication.builds import kept, rollback
from warehouse.publication.compare import differences
from warehouse.publication.publish import Stamp, current_build, publish, table_hash
from warehouse.zones import use_utc, with_zone, without_zone

NOW = datetime(2026, 3, 30, 22, tzinfo=UTC)
STAMP = Stamp(NOW, NOW, NOW, "0.1.0+abc", "catalog", simulated=True, run_id="run")
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Kiritimati"]
# A session is known in the night after it, at 23:59 New York.
SESSIONS = """
    create or replace table marts.regime_daily as
    select date, 20 as vix_close, date + interval '1 day 3 hours 59 minutes' as known_at
    from (values (date '2026-03-25'), ('2026-03-26'), ('2026-03-27')) t(date)"""
TRADES = """
    (select unnest([timestamptz '2026-03-27 19:30+00', '2026-03-28 03:58+00', '2026-03-28 12:59+09']) as traded_at)"""
JOINED = "select date::varchar from {trades} t asof left join {regime} r on t.traded_at >= r.known_at order by t.traded_at"
EXPECTED = [("2026-03-26",), ("2026-03-26",), ("2026-03-27",)]


@pytest.fixture
def home(tmp_path: Path) -> DataFolder:
    home = DataFolder(tmp_path / "home")
    home.folder.mkdir()
    publish_now(home)
    return home


def publish_now(home: DataFolder, minutes: int = 0) -> None:
    with home.warehouse() as con:
        con.execute(SESSIONS)
        publish(con, home, Stamp(NOW.replace(minute=minutes), *[NOW] * 2, "0.1.0+abc", "catalog", True, "run"),
                ["marts.regime_daily"])


@pytest.fixture(params=ZONES)
def con(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    """A user's session in some zone of the world."""
    with duckdb.connect() as con:
        con.execute(f"set timezone = '{request.param}'")
        yield con


def moments(file: Path) -> set[str]:
    with duckdb.connect(str(file), read_only=True) as con:
        return {kind for kind, in con.execute("select data_type from duckdb_columns() where not internal "
                                              "and data_type like '%TIMESTAMP%'").fetchall()}


def drop_zones(file: Path) -> None:
    """Make of a build what earlier versions published."""
    with duckdb.connect(str(file)) as con:
        con.execute("drop schema if exists v1 cascade")
        for schema, table, column in con.execute("""
                select schema_name, table_name, column_name from duckdb_columns()
                where data_type = 'TIMESTAMP WITH TIME ZONE' and not internal""").fetchall():
            con.execute(f"alter table {schema}.{table} alter {column} type timestamp using timezone('UTC', {column})")


def test_every_published_moment_has_its_zone_and_no_working_one(home: DataFolder) -> None:
    assert moments(home.published) == {"TIMESTAMP WITH TIME ZONE"}
    assert moments(home.working) == {"TIMESTAMP"}


# The join of the user's own table, which no session zone moves


def test_trades_meet_what_was_known_in_every_zone(home: DataFolder, con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"attach '{home.published}' as marts (read_only)")
    assert con.execute(JOINED.format(trades=TRADES, regime="marts.regime_daily")).fetchall() == EXPECTED


def test_a_frame_with_a_zone_meets_what_was_known_in_every_zone(home: DataFolder, con: duckdb.DuckDBPyConnection) -> None:
    moments = ["2026-03-27 19:30+00:00", "2026-03-28 03:58+00:00", "2026-03-28 03:59+00:00"]
    con.register("trade", pd.DataFrame({"traded_at": pd.to_datetime(moments, utc=True).tz_convert("Asia/Tokyo")}))
    con.execute(f"attach '{home.published}' as marts (read_only)")
    assert con.execute(JOINED.format(trades="trade", regime="marts.regime_daily")).fetchall() == EXPECTED


def test_an_export_carries_the_zone(home: DataFolder, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    export(home, tmp_path / "parquet", lambda line: None)
    regime = f"'{tmp_path}/parquet/marts/regime_daily.parquet'"
    assert con.execute(JOINED.format(trades=TRADES, regime=regime)).fetchall() == EXPECTED
    assert str(pd.read_parquet(regime.strip("'")).known_at.dt.tz) == "UTC"


def test_a_clock_without_zone_is_joined_as_the_page_says(home: DataFolder, con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"attach '{home.published}' as marts (read_only)")
    bare = f"(select timezone('UTC', traded_at) as traded_at from {TRADES})"
    joined = JOINED.format(trades=bare, regime="marts.regime_daily")
    joined = joined.replace("t.traded_at >=", "t.traded_at at time zone 'UTC' >=")
    assert con.execute(joined).fetchall() == EXPECTED


# Our own readers print UTC wherever the machine is


@pytest.mark.parametrize("zone", ZONES)
def test_our_own_readers_are_in_utc(home: DataFolder, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    with home.marts() as con:
        assert con.execute("select max(known_at)::varchar from regime_daily").fetchall() == [("2026-03-28 03:59:00+00",)]
        assert con.cursor().execute("select max(known_at)::date::varchar from regime_daily").fetchall() == [("2026-03-28",)]
    with home.warehouse() as con:
        assert con.execute("select current_setting('timezone')").fetchall() == [("UTC",)]


# A table is the same with zones and without


def test_zones_change_no_hash_and_no_build(home: DataFolder) -> None:
    with home.marts() as con:
        published, = con.execute("select table_hashes['marts.regime_daily'] from audit.publication").fetchone()  # type: ignore[misc]
        assert table_hash(con, "marts.regime_daily") == published
    before = current_build(home)
    drop_zones(home.published)
    assert current_build(home) == before
    with home.marts() as con:
        assert table_hash(con, "marts.regime_daily") == published
    publish_now(home, minutes=1)
    assert current_build(home) == before
    assert moments(home.published) == {"TIMESTAMP WITH TIME ZONE"}


@pytest.mark.parametrize("zone", ZONES)
def test_a_build_of_an_earlier_version_is_compared_and_brought_back(home: DataFolder, zone: str, tmp_path: Path, capsys,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    old = kept(home)[0]
    drop_zones(old)
    with home.warehouse() as con:
        con.execute("create table core.index_level as select '^VIX' as symbol, date '2026-03-27' as date, 20e0 as close, "
                    "timestamp '2026-03-27 20:15' as known_at")
        publish(con, home, STAMP, ["marts.regime_daily", "core.index_level"])
    new = kept(home)[0]
    assert {new.stem, old.stem} == {file.stem for file in kept(home)}
    with duckdb.connect() as con:
        con.execute(f"set timezone = '{zone}'; attach '{old}' as old (read_only); attach '{new}' as new (read_only)")
        assert [d.table for d in differences(con, "old", "new", {"marts.regime_daily": ["date"]})] == ["core.index_level"]
    diff(home, old.stem, new.stem)
    assert "core.index_level" in capsys.readouterr().out
    assert rollback(home, old.stem) == old
    export(home, tmp_path / "parquet", lambda line: None)
    assert str(pd.read_parquet(tmp_path / "parquet/marts/regime_daily.parquet").known_at.dt.tz) == "UTC"


def test_moments_inside_structs_and_lists_get_their_zone_too() -> None:
    with duckdb.connect() as con:
        use_utc(con)
        con.execute("create table t as select {'a': 1, 'known_at': timestamp '2026-03-27 19:30'} as s, "
                    "[timestamp '2026-03-27 19:30'] as l, {'b': 1} as other")
        con.execute(f"create table zoned as from {with_zone(con, 't')}")
        con.execute(f"create table back as from {without_zone(con, 'zoned')}")
        assert con.execute("select s.known_at = timestamptz '2026-03-27 19:30:00+00', l[1] = s.known_at from zoned"
                           ).fetchall() == [(True, True)]
        assert [row[1] for row in con.execute("describe back").fetchall()] == [row[1] for row in con.execute(
            "describe t").fetchall()]
        assert table_hash(con, "zoned") == table_hash(con, "t")


def test_with_and_without_are_each_others_reverse(con: duckdb.DuckDBPyConnection) -> None:
    con.execute('create table t as select 1 as a, timestamp \'2026-03-27 19:30\' as "it is at", null::timestamp as b')
    con.execute(f"create table zoned as from {with_zone(con, 't')}")
    con.execute(f"create table back as from {without_zone(con, 'zoned')}")
    assert [row[1] for row in con.execute("describe zoned").fetchall()] == ["INTEGER", *["TIMESTAMP WITH TIME ZONE"] * 2]
    assert con.execute("from back").fetchall() == con.execute("from t").fetchall()
    assert table_hash(con, "zoned") == table_hash(con, "t")
