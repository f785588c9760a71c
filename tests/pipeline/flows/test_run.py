"""A run over real sockets: what it loads, what a second one changes, what an interrupted one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest
from evenings import tiny_home
from tiny_market import TABLES_ONLY, clean_environment, published, rallyscope, table_hashes

from flows.pipeline import ingest, windows
from flows.pipeline.execute import execute
from flows.pipeline.plan import Chunk, Window, chunks
from flows.pipeline.run import Run, open_run
from flows.replay.faults import Fault
from flows.replay.server import running
from flows.settings import Settings
from warehouse.errors import AssertionFailed, BadRequest, RunIncomplete, WriterLocked
from warehouse.landing import batches, read
from warehouse.load.batch import load
from warehouse.publication.builds import find, rollback
from warehouse.publication.publish import make_current

RANGE = (date(2026, 3, 2), date(2026, 5, 29))


def settings(home: Path, tiny: Path, base: str) -> Settings:
    return Settings(home_folder=home, source=base, catalog_folder=tiny / "catalog")


def backfill(home: Path, tiny: Path, base: str, window: tuple[date, date] = RANGE) -> Run:
    given = settings(home, tiny, base)
    with open_run(given, "backfill", windows.range_window(given, *window)) as run:
        execute(run)
    return run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_home(tmp_path_factory.mktemp("home"))


def test_what_was_traded_is_what_is_loaded(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        prices = con.execute("""select date, close from raw.price_bar where symbol = 'AAA'
                                and date in ('2026-04-14', '2026-04-15') order by date""").fetchall()
        assert prices == [(date(2026, 4, 14), pytest.approx(131)), (date(2026, 4, 15), pytest.approx(13.2))]


def test_a_split_makes_no_return(home: Path) -> None:
    rows = published(home, """select price_return from marts.contribution_daily
                              where issuer = 'AAA' and date = '2026-04-15'""")
    assert rows == [(pytest.approx(132 / 131 - 1),)]


def test_contributions_add_up_to_the_index_return(home: Path) -> None:
    worst, = published(home, """
        select max(abs(total - index_return)) from marts.concentration_daily join (
            select date, weight_scheme, sum(contribution) as total from marts.contribution_daily group by all)
            using (date, weight_scheme)""")[0]
    assert worst < 1e-12


def test_a_session_with_too_little_coverage_has_no_figures(home: Path) -> None:
    """CCC is missing on 2026-05-05, 60 of 306 million dollars: four fifths of the weight are not an index."""
    rows = published(home, """select coverage_share, top1_weight, index_return
                              from marts.concentration_daily
                              where date = '2026-05-05' and weight_scheme = 'full_cap'""")
    assert rows == [(pytest.approx(246 / 306), None, None)]


def test_a_revised_value_stands_from_its_own_release_on(home: Path) -> None:
    rows = published(home, """select date, nfci from marts.regime_daily
                              where date in ('2026-04-07', '2026-04-08', '2026-04-14', '2026-04-15') order by date""")
    assert [value for _, value in rows] == [None, -0.4, -0.4, -0.5]


def test_a_second_run_asks_nothing_and_changes_nothing(home: Path, tiny: Path, tiny_server: str) -> None:
    before = table_hashes(home)
    again = backfill(home, tiny, tiny_server)
    assert again.rows_added == 0
    assert ingest.requests(again) == []
    assert again.publication is not None
    assert not again.publication.changed
    assert table_hashes(home) == before


def test_every_landing_folder_loaded_again_adds_no_row(home: Path) -> None:
    import pandas as pd

    from expectations.validate import REJECTED_COLUMNS, RESULT_COLUMNS

    def rows(con: duckdb.DuckDBPyConnection) -> list[tuple]:
        tables = con.execute("""select schema_name || '.' || table_name from duckdb_tables()
                                where schema_name in ('raw', 'audit') order by 1""").fetchall()
        return [(t, con.execute(f"select count(*) from {t}").fetchone()) for t, in tables]

    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        before = rows(con)
        for folder in batches(home / "landing"):
            load(con, read(folder), "again", pd.DataFrame(columns=REJECTED_COLUMNS), pd.DataFrame(columns=RESULT_COLUMNS))
        assert rows(con) == before


def test_week_by_week_gives_the_tables_of_the_whole_range(home: Path, tiny: Path, tiny_server: str,
                                                          tmp_path: Path) -> None:
    for week in ((date(2026, 5, 1), date(2026, 5, 29)), (date(2026, 3, 2), date(2026, 3, 6)), RANGE):
        backfill(tmp_path, tiny, tiny_server, week)
    assert table_hashes(tmp_path) == table_hashes(home)


@pytest.mark.parametrize("chunk", [Chunk.month, Chunk.week])
def test_however_a_backfill_is_cut_the_tables_are_the_same(chunk: Chunk, home: Path, tiny: Path, tiny_server: str,
                                                           tmp_path: Path) -> None:
    given = settings(tmp_path, tiny, tiny_server)
    shares = []
    with open_run(given, "backfill", windows.range_window(given, *RANGE)) as run:
        run.progress = lambda share, label: shares.append(share)
        execute(run, chunk=chunk)
    assert table_hashes(tmp_path) == table_hashes(home)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_month_has_its_sessions_and_every_session_its_month() -> None:
    cut = chunks(Window(date(2026, 3, 30), date(2026, 5, 4)), Chunk.month)
    assert [str(window) for window in cut] == [
        "2026-03-30 to 2026-03-31", "2026-04-01 to 2026-04-30", "2026-05-01 to 2026-05-04"]


def test_who_does_not_want_to_wait_is_told_who_writes(tiny: Path, tiny_server: str, tmp_path: Path) -> None:
    given = settings(tmp_path, tiny, tiny_server)
    with given.home.writer_lock(), pytest.raises(WriterLocked, match=rf"pid {os.getpid()}"), open_run(given, "build",
                                                                                                      wait=False):
        pass


def test_two_backfills_and_a_run_started_together_end_one_after_another(home: Path, tiny: Path, tiny_server: str,
                                                                        tmp_path: Path) -> None:
    options = ["--home", str(tmp_path), "--source", tiny_server, "--catalog", str(tiny / "catalog")]
    together = [subprocess.Popen([sys.executable, "-m", "flows.cli", *command, *options],
                                 env=clean_environment(TABLES_ONLY), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
                for command in (["backfill", "2026-03-02", "2026-04-30"], ["backfill", *map(str, RANGE)], ["run"])]
    reported = [process.communicate()[1] for process in together]
    assert [process.returncode for process in together] == [0, 0, 0], reported
    assert sum("waiting for pid" in words for words in reported) >= 1
    assert not (tmp_path / "site").exists()
    assert table_hashes(tmp_path) == table_hashes(home)


def test_day_by_day_as_the_clock_goes_gives_the_same_marts(home: Path, tiny: Path, tmp_path: Path) -> None:
    """Fetched each evening, then built as of the end: the same as fetched at once."""
    for day in (date(2026, 4, 14), date(2026, 4, 15), date(2026, 5, 28)):
        with running(tiny / "archive", windows.parse_instant(str(day))) as base:
            backfill(tmp_path, tiny, base, (RANGE[0], day))
    with running(tiny / "archive") as base:
        backfill(tmp_path, tiny, base)
    mine, whole = table_hashes(tmp_path), table_hashes(home)
    assert {name: mine[name] for name in mine if name.startswith("marts.")} == \
        {name: whole[name] for name in whole if name.startswith("marts.")}


@pytest.mark.parametrize("seconds", [2.0, 5.0])
def test_killed_and_run_again_gives_the_tables_of_an_undisturbed_run(
        seconds: float, home: Path, tiny: Path, tiny_server: str, tmp_path: Path) -> None:
    command = ["backfill", str(RANGE[0]), str(RANGE[1]), "--home", str(tmp_path), "--source", tiny_server,
               "--catalog", str(tiny / "catalog")]
    victim = subprocess.Popen([sys.executable, "-m", "flows.cli", *command], env=clean_environment(TABLES_ONLY),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    again = rallyscope(*command, cwd=tmp_path, env=TABLES_ONLY)
    assert again.returncode == 0, again.stderr
    assert table_hashes(tmp_path) == table_hashes(home)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_what_an_interrupted_run_landed_is_loaded_and_not_asked_again(interrupt: BaseException, tiny: Path,
                                                                      tiny_server: str, tmp_path: Path) -> None:
    """Ctrl-C as Python says it, and as DuckDB does."""
    given = settings(tmp_path, tiny, tiny_server)

    def batches(run: Run) -> list[tuple[str, str]]:
        return [(request.source, request.feed) for request in ingest.requests(run)]

    landed = []

    def interrupted() -> None:
        with open_run(given, "backfill", windows.range_window(given, *RANGE)) as run:
            landed.append(batches(run)[0])
            ingest.fetch(run, ingest.requests(run)[0])
            raise interrupt

    with pytest.raises(type(interrupt)):
        interrupted()
    with open_run(given, "backfill", windows.range_window(given, *RANGE)) as run:
        assert run.rows_added > 0
        assert landed[0] not in batches(run)
        execute(run)
    assert published(tmp_path, "select status, count(*) from audit.run group by 1 order by 1") == \
        [("completed", 1), ("interrupted", 1)]


def test_a_reader_is_never_refused_and_never_sees_half_a_build(tiny: Path, tmp_path: Path) -> None:
    """While fifty publications of two moments alternate, every answer is wholly of one."""
    with running(tiny / "archive") as base:
        given, stop, answers = settings(tiny_home(tmp_path), tiny, base), threading.Event(), []

        def query() -> None:
            while not stop.is_set():
                with given.home.marts() as con:
                    answers.append(con.execute("""
                        select (select max(date) from marts.regime_daily), (select max(date) from marts.rotation_daily),
                            (select as_of::date from audit.publication where is_current)""").fetchone())
                time.sleep(0.005)  # the publications have a turn, too

        reader = threading.Thread(target=query)
        reader.start()
        for text in ("2026-04-30", "2026-05-29"):
            with open_run(given, "build") as run:
                execute(run, times=(windows.parse_instant(text), None))
        for place in range(8):
            build = rollback(given.home, ("20260501", "20260530")[place % 2])
        builds = find(given.home, "20260501"), build
        for place in range(40):  # the last step of a publication alone
            make_current(given.home, builds[place % 2])
            time.sleep(0.02)
        stop.set()
        reader.join()
    assert set(answers) <= {(date(2026, 4, 30), date(2026, 4, 30), date(2026, 5, 1)),
                            (date(2026, 5, 29), date(2026, 5, 29), date(2026, 5, 30)),
                            (date(2026, 5, 29), date(2026, 5, 29), date(2026, 5, 31))}
    assert len(set(answers)) >= 2


def test_one_unknown_symbol_does_not_stop_the_day(tiny: Path, tmp_path: Path) -> None:
    with running(tiny / "archive", faults=[Fault(match="/v8/finance/chart/XLK", kind="unknown")]) as base:
        run = backfill(tmp_path, tiny, base)
    assert run.problems == []
    assert published(tmp_path, "select missing_keys from audit.coverage where feed = 'bars' and date = '2026-05-29'") == \
        [(["XLK"],)]


def test_a_source_out_of_reach_fails_the_run_and_publishes_what_is_good(tiny: Path, tmp_path: Path) -> None:
    with running(tiny / "archive", faults=[Fault(match="/fred/*", kind="status", times=None, status=503)]) as base, \
            pytest.raises(RunIncomplete) as failed:
        backfill(tmp_path, tiny, base)
    assert "run the same command again" in str(failed.value)
    assert published(tmp_path, "select count(*) > 0, count(dgs10_pct) from marts.regime_daily") == [(True, 0)]
    assert published(tmp_path, "select status from audit.run") == [("incomplete",)]


def test_a_failed_assertion_publishes_nothing_and_shows_its_rows(home: Path, tiny: Path, tiny_server: str,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from transforms.engine import project

    models = project.models()
    failing = [replace(m, assertions={"no session is a Friday": "dayofweek(date) <> 5"})
              if m.name == "marts.regime_daily" else m for m in models]
    monkeypatch.setattr(project, "models", lambda: failing)
    before = table_hashes(home)
    given = settings(home, tiny, tiny_server)
    sentence = r"rallyscope failed-rows marts\.regime_daily"
    with pytest.raises(AssertionFailed, match=sentence), open_run(given, "build") as run:
        execute(run)
    assert table_hashes(home) == before
    for command in ("failed-rows", "broken"):  # the second is the old name
        shown = rallyscope(command, "marts.regime_daily", "--home", home, cwd=home)
        assert shown.returncode == 0
        assert "no session is a Friday" in shown.stdout


@pytest.mark.parametrize(("window", "sentence"), [
    ((date(2026, 5, 2), date(2026, 5, 1)), "it ends before it begins"),
    ((date(2027, 1, 4), date(2027, 1, 5)), "none of its sessions has closed yet"),
    ((date(1980, 1, 4), date(2026, 1, 5)), "begins before 1990"),
])
def test_a_range_that_cannot_be_is_refused(window: tuple[date, date], sentence: str, tiny: Path, tiny_server: str,
                                           tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=sentence):
        windows.range_window(settings(tmp_path, tiny, tiny_server), *window)


@pytest.mark.parametrize(("day", "sentence"), [
    (date(2026, 5, 30), "closed on that day"), (date(2026, 5, 25), "closed on that day"),
    (date(2026, 6, 1), "has not closed yet")])
def test_a_day_that_is_no_closed_session_is_refused(day: date, sentence: str, tiny: Path, tiny_server: str,
                                                    tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=sentence):
        windows.session_window(settings(tmp_path, tiny, tiny_server), day)


def test_the_clock_is_the_replay_servers(tiny: Path, tmp_path: Path) -> None:
    with running(tiny / "archive", windows.parse_instant("2026-04-15")) as base:
        assert windows.session_window(settings(tmp_path, tiny, base), None).end == date(2026, 4, 15)


CANARY = "c0ffee00c0ffee00c0ffee00c0ffee00"


@pytest.mark.parametrize("fault", [
    None, Fault(match="/fred/*", kind="status", times=None, status=500),
    Fault(match="/fred/*", kind="garbage", times=None)])
def test_the_fred_key_is_found_nowhere(fault: Fault | None, tiny: Path, tmp_path: Path) -> None:
    env = {"FRED_API_KEY": CANARY, **(TABLES_ONLY if fault else {})}
    with running(tiny / "archive", faults=[fault] if fault else []) as base:
        ran = rallyscope("backfill", *RANGE, "--home", tmp_path / "home", "--source", base,
                         "--catalog", tiny / "catalog", cwd=tmp_path, env=env)
    assert ran.returncode == (1 if fault else 0), ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    assert (tmp_path / "home" / "site").exists() is not bool(fault), "one of them with all that a run writes"
    files = [f for f in tmp_path.rglob("*") if f.is_file()]
    assert files
    assert not [f for f in files if CANARY.encode() in f.read_bytes()]
    with duckdb.connect(str(tmp_path / "home" / "warehouse.duckdb")) as con:  # compressed pages hide text
        for table, in con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall():
            assert con.execute(f"select count(*) from {table} t where contains(t::varchar, ?)", [CANARY]).fetchone() == (0,)


