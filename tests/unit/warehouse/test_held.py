"""An answer that contradicts its evidence is held: kept with its reason, not loaded, and asked again."""

from __future__ import annotations

import pandas as pd
import pytest

from warehouse import landing
from warehouse.load import held
from warehouse.load.batch import TABLES

BARS = "raw.price_bar"
ANSWER = """
    symbol | date       | close
    AAA    | 2026-03-02 | 10
    AAA    | 2026-03-03 | 100
    BBB    | 2026-03-03 | 50
"""


@pytest.fixture
def judged(desk, monkeypatch):
    """A load of which the judges hold AAA since a session, or its whole answer."""
    whole = held.hold

    def load(since: str | None):
        def hold(con, tables):
            con.execute("insert into held_answer values ('AAA', ?, 'its bars contradict one another')", [since])
            return whole(con, tables)

        monkeypatch.setattr(held, "hold", hold)
        loaded = desk.fetch("bars", "2026-03-03 23:00", ANSWER)
        monkeypatch.setattr(held, "hold", whole)
        return loaded

    return load


def outcomes(desk) -> list[tuple]:
    return desk.con.execute("select key, status, reason from raw.fetch_outcome order by key").fetchall()


def test_a_held_answer_is_kept_with_its_reason_and_not_loaded(desk, judged):
    loaded = judged(None)
    assert loaded.held == ("AAA is held: its bars contradict one another",)
    assert (loaded.added, loaded.quarantined) == (1, 2)
    desk.holds(BARS, """
        symbol | date       | close
        BBB    | 2026-03-03 | 50
    """)
    assert outcomes(desk) == [("AAA", "held", "its bars contradict one another"), ("BBB", "received", "")]
    assert desk.con.execute("select feed, key, date::varchar, reason from raw.rejected_row order by date").fetchall() == [
        ("bars", "AAA", f"2026-03-0{day}", "held: its bars contradict one another") for day in (2, 3)]


def test_what_came_before_the_first_held_session_is_loaded(desk, judged):
    assert judged("2026-03-03").added == 2
    desk.holds(BARS, """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        BBB    | 2026-03-03 | 50
    """)


def test_a_held_answer_withdraws_nothing(desk, judged):
    desk.fetch("bars", "2026-03-03 22:00", ANSWER, """
        symbol | date       | kind     | value
        AAA    | 2026-03-02 | dividend | 0.5
    """)
    assert judged(None).added == 0


def test_it_heals_when_the_source_is_right(desk, judged):
    judged(None)
    desk.fetch("bars", "2026-03-04 23:00", ANSWER)
    desk.holds(BARS, """
        symbol | date       | close | known_at
        AAA    | 2026-03-02 | 10    | 2026-03-02 21:15
        AAA    | 2026-03-03 | 100   | 2026-03-03 21:15
        BBB    | 2026-03-03 | 50    | 2026-03-03 21:15
    """)


def test_an_answer_that_was_held_where_it_was_fetched_is_recorded_and_loads_nothing(desk):
    batch = desk.land("bars", "2026-03-03 23:00", ANSWER, requested=["AAA", "BBB", "CCC", "DDD", "EEE"])
    outcomes = pd.read_parquet(batch.frame("outcomes"))
    is_held = outcomes["key"].isin(["CCC", "DDD", "EEE"])
    outcomes.loc[is_held, ["status", "reason"]] = ["held", "Yahoo returned the data of AMD"]
    frames = {name: pd.read_parquet(batch.frame(name)) for name in ("bars", "actions")}
    held_there = landing.land(desk.landing, "bars", "test", batch.fetched_at, "2026-03-03",
                              {**frames, "outcomes": outcomes}, {}, False)
    loaded = desk.load(held_there)
    assert loaded.held == ("CCC, DDD, EEE are held: Yahoo returned the data of AMD",)
    assert loaded.added == 3
    assert desk.con.execute("select key, reason from raw.rejected_row order by key").fetchall() == [
        (key, "held: Yahoo returned the data of AMD") for key in ("CCC", "DDD", "EEE")]


def test_a_series_that_says_most_of_its_values_are_missing_withdraws_none(desk):
    """One missing is a holiday; four of five are an outage."""
    days = ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"]

    def answer(at: str, *missing: str):
        rows = [f"DGS10 | {day} | {'' if day in missing else 4}" for day in days]
        return desk.fetch("observations", at, "\n".join(["series_id | date | value", *rows]))

    answer("2026-03-10 12:00")
    assert answer("2026-03-11 12:00", *days[1:]).held == (
        "DGS10 is held: it leaves out 4 of the 5 values held in its range",)
    assert answer("2026-03-12 12:00").added == 0
    assert answer("2026-03-13 12:00", days[2]).added == 1


def test_every_feed_can_be_held(desk):
    held.prepare(desk.con)
    assert all(table.dated in table.keys for tables in TABLES.values() for table in tables)
