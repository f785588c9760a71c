"""Two sources of one value: each has its own history, and neither corrects, withdraws or holds what the other said."""

from __future__ import annotations

from datetime import date

import pytest

BARS = """
    symbol | date       | open | high | low | close | volume
    ^VIX   | 2026-03-02 | 20   | 21   | 19  | {} |
    ^VIX   | 2026-03-03 | 21   | 22   | 20  | {} |
"""
ONE_DAY = "symbol | date | close\n^VIX | 2026-03-03 | 21.5"
RECORDED = date(2024, 1, 1)


def test_another_sources_value_is_no_correction(desk):
    desk.fetch("bars", "2026-03-03 22:00", BARS.format(20.5, 21.5), source="yahoo")
    loaded = desk.fetch("bars", "2026-03-03 23:00", BARS.format(20.6, 21.6), source="cboe")
    assert (loaded.added, loaded.held) == (2, ())
    desk.holds("raw.price_bar", """
        date       | close | source | known_at         | pit_quality | is_withdrawn
        2026-03-02 | 20.5  | yahoo  | 2026-03-02 21:15 | rule        | false
        2026-03-02 | 20.6  | cboe   | 2026-03-02 21:15 | rule        | false
        2026-03-03 | 21.5  | yahoo  | 2026-03-03 21:15 | rule        | false
        2026-03-03 | 21.6  | cboe   | 2026-03-03 21:15 | rule        | false
    """)


def test_a_source_corrects_its_own_value_alone(desk):
    desk.fetch("bars", "2026-03-03 22:00", BARS.format(20.5, 21.5), source="yahoo")
    desk.fetch("bars", "2026-03-03 23:00", BARS.format(20.6, 21.6), source="cboe")
    assert desk.fetch("bars", "2026-03-04 22:00", BARS.format(20.5, 21.5), source="yahoo").added == 0
    assert desk.fetch("bars", "2026-03-04 23:00", BARS.format(20.6, 21.7), source="cboe").added == 1
    corrected = desk.con.execute("select source, close from raw.price_bar where pit_quality = 'snapshot'").fetchall()
    assert corrected == [("cboe", 21.7)]


def test_silence_withdraws_what_the_silent_source_said(desk):
    desk.fetch("bars", "2026-03-03 22:00", BARS.format(20.5, 21.5), source="yahoo")
    desk.fetch("bars", "2026-03-03 23:00", BARS.format(20.5, 21.5), source="cboe")
    whole = BARS.format(20.5, 21.5) + "    ^VIX | 2026-03-04 | 21 | 22 | 20 | 21 |\n"
    hole = "\n".join(line for line in whole.splitlines() if "2026-03-03" not in line)
    desk.fetch("bars", "2026-03-04 22:00", hole, source="cboe")
    assert desk.con.execute("select source, date::varchar from raw.price_bar where is_withdrawn").fetchall() == [
        ("cboe", "2026-03-03")]


def test_the_memory_of_what_was_asked_says_of_whom(desk):
    desk.fetch("bars", "2026-03-03 22:00", BARS.format(20.5, 21.5), source="yahoo")
    desk.fetch("bars", "2026-03-03 23:00", ONE_DAY, source="cboe")
    assert desk.con.execute("select source, key, covered_to::varchar from raw.fetch_outcome order by 1").fetchall() == [
        ("cboe", "^VIX", "2026-03-03"), ("yahoo", "^VIX", "2026-03-03")]


def test_another_sources_observation_is_no_vintage(desk):
    said = "series_id | date | value\nVIXCLS | 2026-03-02 | {}"
    desk.fetch("observations", "2026-03-04 12:00", said.format(20.5), source="fred")
    assert desk.fetch("observations", "2026-03-05 12:00", said.format(20.6), source="another").added == 1
    assert desk.fetch("observations", "2026-03-06 12:00", said.format(20.5), source="fred").added == 0
    assert desk.con.execute("select source, value, pit_quality from raw.macro_observation order by 1").fetchall() == [
        ("another", 20.6, "rule"), ("fred", 20.5, "rule")]


SPLIT = "symbol | date | kind | value\nAAA | 2026-03-04 | split | 2"
CLOSES = """
    symbol | date       | close | volume
    AAA    | 2026-03-02 | {}    | {}
    AAA    | 2026-03-03 | {}    | {}
    AAA    | 2026-03-04 | 51    | 210
    AAA    | 2026-03-05 | 52    | 220
"""


@pytest.mark.parametrize(("convention", "said"), [
    ("split_adjusted", CLOSES.format(50, 200, 50.5, 204)), ("as_traded", CLOSES.format(100, 100, 101, 102))])
def test_bars_are_read_by_the_declared_price_convention(desk, convention, said):
    """What traded is the same: one source divides it by the later split, the other does not."""
    desk.insert("source", [("vendor", "Vendor", 1, convention, RECORDED)])
    desk.fetch("bars", "2026-03-05 22:00", said, SPLIT, source="vendor")
    desk.holds("raw.price_bar", """
        date       | close | volume
        2026-03-02 | 100   | 100
        2026-03-03 | 101   | 102
        2026-03-04 | 51    | 210
        2026-03-05 | 52    | 220
    """)
    assert desk.con.execute("select value from raw.corporate_action").fetchall() == [(2.0,)]
    assert desk.fetch("bars", "2026-03-06 22:00", said, SPLIT, source="vendor").added == 0


def test_a_small_split_of_a_source_as_traded_divides_nothing(desk):
    """No close proves a split of 1.05, and none has to: the source says what traded."""
    desk.insert("source", [("vendor", "Vendor", 1, "as_traded", RECORDED)])
    bars = "symbol | date | close\nAAA | 2026-03-03 | 105\nAAA | 2026-03-04 | 100\nAAA | 2026-03-05 | 101"
    actions = "symbol | date | kind | value\nAAA | 2026-03-04 | split | 1.05"
    for day in (5, 6):
        assert desk.fetch("bars", f"2026-03-0{day} 22:00", bars, actions, source="vendor").held == ()
    assert [close for close, in desk.con.execute("select close from raw.price_bar order by date").fetchall()] == [
        105, 100, 101]
