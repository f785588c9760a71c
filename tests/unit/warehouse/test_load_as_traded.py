"""Prices, volumes and dividends are held as they were traded and paid, whatever the source adjusted them by since."""

from __future__ import annotations

import pytest

BARS, ACTIONS = "raw.price_bar", "raw.corporate_action"


def test_a_split_after_a_bar_is_undone_and_one_on_its_day_is_not(desk):
    desk.fetch("bars", "2026-03-04 23:00", """
        symbol | date       | open | high | low | close | volume
        AAA    | 2026-03-02 | 10   | 12   | 9   | 11    | 4000
        AAA    | 2026-03-03 | 11   | 12   | 10  | 11.5  | 5000
        BBB    | 2026-03-02 | 70   | 70   | 70  | 70    | 100
    """, """
        symbol | date       | kind  | value
        AAA    | 2026-03-03 | split | 4
    """)
    desk.holds(BARS, """
        symbol | date       | open | high | low | close | volume
        AAA    | 2026-03-02 | 40   | 48   | 36  | 44    | 1000
        AAA    | 2026-03-03 | 11   | 12   | 10  | 11.5  | 5000
        BBB    | 2026-03-02 | 70   | 70   | 70  | 70    | 100
    """)


def test_a_price_is_the_same_number_whether_it_was_divided_or_not(desk):
    """21.782 x 10 is 217.82000000000002 to a computer, and a table's hash would tell."""
    desk.fetch("bars", "2026-03-04 23:00", "symbol | date | close\nAAA | 2026-03-02 | 21.782\nAAA | 2026-03-03 | 22",
               "symbol | date | kind | value\nAAA | 2026-03-03 | split | 10")
    assert desk.con.execute("select close from raw.price_bar order by date").fetchall() == [(217.82,), (22.0,)]


def test_dividends_are_as_paid_and_splits_as_they_were(desk):
    desk.fetch("bars", "2026-03-11 23:00", "", """
        symbol | date       | kind     | value
        AAA    | 2026-03-02 | dividend | 0.25
        AAA    | 2026-03-03 | split    | 4
        AAA    | 2026-03-03 | dividend | 0.25
        AAA    | 2026-03-05 | split    | 0.1
        AAA    | 2026-03-09 | dividend | 2.5
    """)
    desk.holds(ACTIONS, """
        date       | kind     | value
        2026-03-02 | dividend | 0.1
        2026-03-03 | dividend | 0.025
        2026-03-03 | split    | 4
        2026-03-05 | split    | 0.1
        2026-03-09 | dividend | 2.5
    """)


@pytest.mark.parametrize(("ratio", "after"), [
    (3, "14.733333 | 1851852"),  # a source rounds what it adjusts: prices to six places, volumes to whole shares
    (0.125, "353.6      | 77161"),
])
def test_a_split_in_a_later_fetch_rewrites_nothing(desk, ratio, after):
    desk.fetch("bars", "2026-03-02 23:00", """
        symbol | date       | close | volume
        AAA    | 2026-03-02 | 44.2  | 617284
    """, """
        symbol | date       | kind     | value
        AAA    | 2026-03-02 | dividend | 0.3
    """)
    later = desk.fetch("bars", "2026-03-05 23:00", f"""
        symbol | date       | close | volume
        AAA    | 2026-03-02 | {after}
    """, f"""
        symbol | date       | kind     | value
        AAA    | 2026-03-02 | dividend | {0.3 / ratio}
        AAA    | 2026-03-05 | split    | {ratio}
    """)
    assert later.added == 1, "the split itself"
    desk.holds(BARS, """
        close | volume | fetched_at
        44.2  | 617284 | 2026-03-02 23:00
    """)


def test_a_corrected_volume_is_a_change(desk):
    bar = """
        symbol | date       | close | volume
        AAA    | 2026-03-02 | 10    | {}
    """
    desk.fetch("bars", "2026-03-02 23:00", bar.format(1000))
    assert desk.fetch("bars", "2026-03-03 23:00", bar.format(1002)).added == 1
