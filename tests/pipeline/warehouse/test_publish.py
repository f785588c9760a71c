"""Publication: one file that is the last good build, swapped whole, named by its content."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from warehouse.data_folder import DataFolder
from warehouse.errors import HomeUnusable
from warehouse.publication import publish as publishing
from warehouse.publication.publish import BUILDS_KEPT, Publication, Stamp, current_build, make_current, publish, table_hash

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)
STAMP = Stamp(NOW, NOW, NOW, "0.1.0+abc", "catalog", simulated=True, run_id="run-1")
GRAINS = {"marts.regime_daily": ["date"], "core.index_level": ["symbol", "date"], "audit.coverage": ["date"],
          "staging.session": ["date"]}


@pytest.fixture
def home(tmp_path: Path) -> DataFolder:
    (tmp_path / "it's data").mkdir()
    return DataFolder(tmp_path / "it's data")


@pytest.fixture
def con(home: DataFolder) -> Iterator[duckdb.DuckDBPyConnection]:
    """A working database after a build."""
    with home.warehouse() as con:
        con.execute("""
            create table marts.regime_daily as select date '2026-03-02' as date, 21.5e0 as vix_close;
            create table core.index_level as select '^VIX' as symbol, date '2026-03-02' as date, 21.5e0 as close;
            create table audit.coverage as select date '2026-03-02' as date, 200 as received;
            create table staging.session as select date '2026-03-02' as date;
            insert into raw.price_bar
                values ('AAA', '2026-03-02', 1, 1, 1, 1, 1, false, now(), now(), 'yahoo', 'rule', 'run');
        """)
        yield con


def publish_now(con: duckdb.DuckDBPyConnection, home: DataFolder, minutes: int = 0) -> Publication:
    at = NOW.replace(minute=minutes)
    return publish(con, home, replace(STAMP, published_at=at, run_id=f"run-{minutes}"), GRAINS)


def requested(home: DataFolder, sql: str) -> list[tuple]:
    with home.marts() as con:
        return con.execute(sql).fetchall()


# What is published


def test_marts_core_and_audit_are_published_and_nothing_else(con, home):
    con.execute("create table marts.of_yesterdays_code as select 1 as x; create temp table passing as select 1")
    publish_now(con, home)
    audit = con.execute("select 'audit.' || table_name from duckdb_tables() where schema_name = 'audit'").fetchall()
    tables = requested(home, "select schema_name || '.' || table_name from duckdb_tables()")
    assert {table for table, in tables} == {"main.regime_daily", "core.index_level"} | {table for table, in audit}
    assert ("audit.coverage",) in audit
    assert ("audit.publication",) in audit


def test_a_mart_is_found_as_marts_regime_daily(con, home):
    publish_now(con, home)
    assert requested(home, "select vix_close from marts.regime_daily") == requested(home,
                                                                                    "select vix_close from regime_daily")


def test_comments_survive_quotes_and_all(con, home):
    con.execute("comment on table marts.regime_daily is 'The market''s state'; "
                "comment on column marts.regime_daily.vix_close is 'Close of the \"VIX\", it''s in points'")
    publish_now(con, home)
    table, = requested(home, "select comment from duckdb_tables() where table_name = 'regime_daily'")
    columns = requested(home, "select column_name, comment from duckdb_columns() "
                       "where schema_name = 'main' and table_name = 'regime_daily'")
    assert table == ("The market's state",)
    assert columns == [("date", None), ("vix_close", 'Close of the "VIX", it\'s in points')]


def test_a_publication_says_what_it_was_made_from(con, home):
    published = publish_now(con, home)
    row, = requested(home, """
        select build_id, published_at, as_of, recorded_by, code_version, catalog_hash, is_simulated, run_id,
            is_current, raw_rows['price_bar'], raw_rows['macro_observation'], map_keys(table_hashes)
        from audit.publication""")
    assert row == (published.build_id, NOW, NOW, NOW, "0.1.0+abc", "catalog", True, "run-0", True, 1, 0,
                   ["core.index_level", "marts.regime_daily"])
    assert published.build_id.startswith("20260302T220000Z-")


def test_each_publication_is_remembered_and_one_is_current(con, home):
    publish_now(con, home)
    con.execute("update marts.regime_daily set vix_close = 30")
    second = publish_now(con, home, minutes=1)
    assert requested(home, "select run_id, is_current from audit.publication order by published_at") == \
        [("run-0", False), ("run-1", True)]
    assert current_build(home) == second.build_id


# The name of a build is its content


def test_nothing_changed_means_the_same_build(con, home):
    first, again = publish_now(con, home), publish_now(con, home, minutes=1)
    assert first.changed
    assert not again.changed
    assert (first.build_id, first.file) == (again.build_id, again.file)
    assert len(list(home.builds.iterdir())) == 1
    assert requested(home, "select count(*) from audit.publication") == [(2,)], "the audit knows both"


@pytest.mark.parametrize("change", ["update marts.regime_daily set vix_close = vix_close + 1e-12",
                                    "update core.index_level set close = null",
                                    "delete from core.index_level",
                                    "alter table marts.regime_daily rename vix_close to vix"])
def test_any_change_of_a_mart_or_core_table_is_another_build(con, home, change):
    first = publish_now(con, home)
    con.execute(change)
    assert publish_now(con, home).build_id != first.build_id


def test_another_as_of_is_another_build(con, home):
    first = publish_now(con, home)
    then = replace(STAMP, as_of=datetime(2026, 2, 2, 22, tzinfo=UTC))
    assert publish(con, home, then, GRAINS).build_id != first.build_id


def test_equal_tables_hash_equal_whatever_their_history():
    order = random.Random(7)
    keys = list(range(5000))
    hashes = set()
    for threads in (1, 2):
        with duckdb.connect() as con:
            con.execute(f"set threads = {threads}")
            con.execute("create table t (a integer, b double, c varchar, d struct(x integer)[], e date)")
            con.execute("insert into t select -1, 0, 'gone', [], null from range(3000)")
            order.shuffle(keys)
            con.execute("""insert into t select k, sqrt(k), 'n' || k, [{'x': k}, {'x': null}], date '2026-01-01' + k
                           from (select unnest(?)::integer as k)""", [keys])
            con.execute("delete from t where a = -1; checkpoint")
            hashes.add(table_hash(con, "t"))
    assert len(hashes) == 1


@pytest.mark.parametrize(("one", "other"), [
    ("null", "'NULL'"), ("null", "''"), ("'a'", "'A'"), ("0.1e0 + 0.2e0", "0.3e0"), ("['a, b']", "['a', 'b']"),
    ("[null]", "['NULL']"), ("1", "null"),
])
def test_values_that_differ_hash_differently(one, other):
    with duckdb.connect() as con:
        con.execute(f"create table one as select 1 as k, {one} as v; create table other as select 1 as k, {other} as v")
        assert table_hash(con, "one") != table_hash(con, "other")


# Readers never see half


def reader(home: DataFolder) -> subprocess.Popen[str]:
    """A process that opens the published file once and answers each line of its input with the VIX it reads."""
    code = ("import sys; from pathlib import Path; from warehouse.data_folder import DataFolder\n"
            "with DataFolder(Path(sys.argv[1])).marts() as con:\n"
            "    for line in sys.stdin:\n"
            "        print(con.execute('select vix_close from regime_daily').fetchone()[0], flush=True)")
    return subprocess.Popen([sys.executable, "-c", code, str(home.folder)], cwd=ROOT, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def ask(process: subprocess.Popen[str]) -> float:
    process.stdin.write("\n")  # type: ignore[union-attr]
    process.stdin.flush()  # type: ignore[union-attr]
    return float(process.stdout.readline())  # type: ignore[union-attr]


def test_an_open_reader_keeps_its_day_and_a_new_one_sees_the_new(con, home):
    publish_now(con, home)
    with reader(home) as old:
        assert ask(old) == 21.5
        con.execute("update marts.regime_daily set vix_close = 30")
        publish_now(con, home)
        assert ask(old) == 21.5
        with reader(home) as new:
            assert ask(new) == 30
            new.stdin.close()
        old.stdin.close()


PUBLISH_FOREVER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from warehouse.data_folder import DataFolder
from warehouse.publication.publish import Stamp, publish
home, now = DataFolder(Path(sys.argv[1])), datetime(2026, 3, 2, 22, tzinfo=UTC)
stamp = Stamp(now, now, now, "code", "catalog", True, "run")
with home.writer_lock(), home.warehouse() as con:
    for n in range(10_000):
        con.execute("update marts.regime_daily set vix_close = ?", [n % 2])
        publish(con, home, stamp, ["marts.regime_daily", "core.index_level"])
        print(n, flush=True)
"""


def test_a_publication_killed_at_any_moment_leaves_a_whole_file(con, home):
    publish_now(con, home)
    con.close()
    moments = random.Random(3)
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", PUBLISH_FOREVER, str(home.folder)], cwd=ROOT,
                                   stdout=subprocess.PIPE, text=True)
        process.stdout.readline()  # type: ignore[union-attr]
        time.sleep(moments.uniform(0, 0.15))
        process.kill()
        process.communicate()
        assert requested(home, "select vix_close from regime_daily")[0][0] in (0, 1)
        assert requested(home, "select count(*) from audit.publication where is_current") == [(1,)]
    with home.warehouse() as after:
        assert publish_now(after, home).build_id == current_build(home)


def test_a_publication_that_failed_is_not_told_and_leaves_the_last_one(con, home, monkeypatch):
    first = publish_now(con, home)
    con.execute("update marts.regime_daily set vix_close = 30")

    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    for step in ("_copy", "_sync", "make_current"):
        with monkeypatch.context() as patch:
            patch.setattr(publishing, step, full)
            with pytest.raises(HomeUnusable, match="No space left on device"):
                publish_now(con, home)
        assert requested(home, "select vix_close from regime_daily") == [(21.5,)]
        assert current_build(home) == first.build_id
        assert con.execute("select build_id, is_current from audit.publication").fetchall() == [(first.build_id, True)]
        assert not list(home.builds.glob(".*"))
    assert publish_now(con, home).changed


def test_a_published_file_that_is_damaged_is_replaced(con, home):
    first = publish_now(con, home)
    home.published.unlink()
    home.published.write_bytes(b"not a database" * 1000)
    assert publish_now(con, home).changed
    assert current_build(home) == first.build_id


# Builds are kept, and an older one can be made current


def test_the_last_builds_are_kept(con, home):
    builds = []
    for n in range(BUILDS_KEPT + 2):
        con.execute("update marts.regime_daily set vix_close = ?", [n])
        builds.append(publish_now(con, home, minutes=n).file)
        os.utime(builds[-1], (n, n))
    assert sorted(home.builds.iterdir()) == sorted(builds[-BUILDS_KEPT:])


def test_an_older_build_can_be_made_current_and_the_next_publication_goes_on(con, home):
    first = publish_now(con, home)
    con.execute("update marts.regime_daily set vix_close = 30")
    second = publish_now(con, home, minutes=1)
    make_current(home, first.file)
    assert requested(home, "select vix_close from regime_daily") == [(21.5,)]
    assert current_build(home) == first.build_id
    third = publish_now(con, home, minutes=2)
    assert (third.build_id, third.changed) == (second.build_id, True)
    assert requested(home, "select vix_close from regime_daily") == [(30,)]


def test_writing_the_next_build_leaves_an_older_one_as_it_was(con, home):
    first = publish_now(con, home).file
    before = first.read_bytes()
    con.execute("update marts.regime_daily set vix_close = 30")
    publish_now(con, home, minutes=1)
    assert first.read_bytes() == before
