"""A batch is loaded whole or not at all, once, and what was stopped is recorded and left out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pandas as pd
import pytest

from warehouse.load.batch import Stop

BARS = "raw.price_bar"


def test_the_same_folder_twice_adds_no_row_anywhere(desk):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | -1
    """, """
        symbol | date       | kind  | value
        AAA    | 2026-03-04 | split | 2
    """)
    desk.load(batch, rejected=[("bars", 1)])
    once = desk.count()
    assert desk.load(batch, rejected=[("bars", 1)]).added == 0
    assert desk.count() == once
    assert once["raw.rejected_row"] == once["audit.batch"] == once["raw.price_bar"] == 1


def test_a_stopped_batch_is_recorded_and_not_loaded(desk):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """, requested=["AAA", "BBB"], failed=["BBB"])
    assert desk.load(batch, stopped=[Stop("bars: one thing"), Stop("bars: another")]).added == 0
    assert desk.count()[BARS] == 0
    assert desk.con.execute("select status, rows_landed, rows_loaded from audit.batch").fetchone() == ("stopped", 3, 0)
    assert desk.con.execute("select key, status, reason from raw.fetch_outcome order by key").fetchall() == [
        ("AAA", "stopped", "bars: one thing; bars: another"), ("BBB", "failed", "no answer")]


def test_a_stopped_key_stops_itself_only(desk):
    answer = """
        series_id | date       | value | realtime_start | realtime_end
        DGS10     | 2026-03-02 | 4.1   |                |
        OECD      | 2026-03-02 | 99    |                |
        CPI       | 2026-03-02 | 320   | 2026-03-03     | 9999-12-31
        NFCI      | 2026-03-02 | 99    | 2026-03-03     | 9999-12-31
    """
    batch = desk.land("observations", "2026-03-04 23:00", answer)
    desk.load(batch, stopped=[Stop("macro.OECD: wrong", "OECD"), Stop("macro.NFCI: wrong", "NFCI")])
    desk.holds("raw.macro_observation", """
        series_id | value
        CPI       | 320
        DGS10     | 4.1
    """)
    assert desk.con.execute("select key, status, reason from raw.fetch_outcome order by key").fetchall() == [
        ("CPI", "received", ""), ("DGS10", "received", ""), ("NFCI", "stopped", "macro.NFCI: wrong"),
        ("OECD", "stopped", "macro.OECD: wrong")]
    assert desk.con.execute("select status, rows_loaded from audit.batch").fetchone() == ("loaded", 2)


def test_a_stopped_symbol_withdraws_nothing(desk):
    desk.fetch("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | 10
        AAA    | 2026-03-04 | 10
    """, """
        symbol | date       | kind     | value
        AAA    | 2026-03-03 | dividend | 1
    """)
    batch = desk.land("bars", "2026-03-05 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 100
        AAA    | 2026-03-04 | 100
    """)
    assert desk.load(batch, stopped=[Stop("bars: a split of AAA was kept out", "AAA")]).added == 0


def test_a_crash_within_the_load_leaves_nothing(desk, monkeypatch):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """)
    before = desk.count()
    with monkeypatch.context() as patch:
        patch.setattr("warehouse.load.batch._remember", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.load(batch)
    assert desk.count() == before
    assert desk.load(batch).added == 1


def test_an_error_of_the_database_leaves_nothing(desk):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """, """
        symbol | date       | kind  | value
        AAA    | 2026-03-04 | split | 2
    """)
    before = desk.count()
    desk.con.execute("alter table audit.batch rename to away")
    with pytest.raises(duckdb.CatalogException):
        desk.load(batch)
    desk.con.execute("alter table audit.away rename to batch")
    assert desk.count() == before


def test_an_older_batch_loaded_late_takes_its_own_place_in_time(desk):
    bar = """
        symbol | date       | close
        AAA    | 2026-03-02 | {}
    """
    older = desk.land("bars", "2026-03-03 12:00", bar.format(10))
    desk.fetch("bars", "2026-03-04 12:00", bar.format(11))
    desk.load(older)
    then, later = datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert desk.value(then, then) == {("AAA", date(2026, 3, 2)): 10}
    assert desk.value(later, later) == {("AAA", date(2026, 3, 2)): 11}


def test_an_outcome_says_up_to_which_date_the_answer_brought_an_accepted_row(desk):
    """Friday's bar of AAA is quarantined; that of BBB is said before its session closes."""
    desk.load(desk.land("bars", "2026-03-06 18:00", """
        symbol | date       | close
        AAA    | 2026-03-04 | 10
        AAA    | 2026-03-05 | 10
        AAA    | 2026-03-06 | -1
        BBB    | 2026-03-05 | 10
        BBB    | 2026-03-06 | 11
    """, requested=["AAA", "BBB", "^VIX"], failed=["^VIX"]), rejected=[("bars", 2)])
    desk.load(desk.land("observations", "2026-03-06 18:00", """
        series_id | date       | value
        DGS10     | 2026-03-04 | 4.1
        DGS10     | 2026-03-05 |
    """))
    assert desk.con.execute("select key, covered_to from raw.fetch_outcome order by key").fetchall() == [
        ("AAA", date(2026, 3, 5)), ("BBB", date(2026, 3, 5)), ("DGS10", date(2026, 3, 5)), ("^VIX", None)]


def test_a_batch_that_an_earlier_release_landed_is_loaded(desk):
    """Its outcomes do not say which keys the source does not know."""
    batch = desk.land("bars", "2026-03-04 23:00", "symbol | date | close\nAAA | 2026-03-02 | 10", requested=["AAA"])
    outcomes = batch.frame("outcomes")
    pd.read_parquet(outcomes).drop(columns="is_unknown_key").to_parquet(outcomes)
    assert desk.load(batch).added == 1
    assert desk.con.execute("select key, is_unknown_key from raw.fetch_outcome").fetchall() == [("AAA", None)]
