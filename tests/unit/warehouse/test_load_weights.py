"""Published weight lists: each list known when it was published, and what a list no longer says is withdrawn."""

from __future__ import annotations

LISTS = "raw.index_weight_list"

TWO_LISTS = """
    index_code | date       | published_on | symbol | weight
    NDX        | 2026-03-02 | 2026-03-03   | AAA    | 0.6
    NDX        | 2026-03-02 | 2026-03-03   | BBB    | 0.4
    NDX        | 2026-03-06 | 2026-03-09   | AAA    | 0.7
    NDX        | 2026-03-06 | 2026-03-09   | BBB    | 0.3
"""


def test_a_list_is_known_at_a_minute_to_midnight_of_its_publication(desk):
    desk.fetch("weights", "2026-03-20 12:00", TWO_LISTS)
    desk.holds(LISTS, """
        date       | symbol | weight | known_at         | fetched_at       | pit_quality | is_withdrawn
        2026-03-02 | AAA    | 0.6    | 2026-03-04 04:59 | 2026-03-20 12:00 | vintage     | false
        2026-03-02 | BBB    | 0.4    | 2026-03-04 04:59 | 2026-03-20 12:00 | vintage     | false
        2026-03-06 | AAA    | 0.7    | 2026-03-10 03:59 | 2026-03-20 12:00 | vintage     | false
        2026-03-06 | BBB    | 0.3    | 2026-03-10 03:59 | 2026-03-20 12:00 | vintage     | false
    """)


def test_the_same_lists_again_add_nothing(desk):
    desk.fetch("weights", "2026-03-20 12:00", TWO_LISTS)
    assert desk.fetch("weights", "2026-03-27 12:00", TWO_LISTS).added == 0


def test_a_list_of_one_day_published_anew_is_a_list_of_its_own(desk):
    desk.fetch("weights", "2026-03-20 12:00", TWO_LISTS)
    again = TWO_LISTS + """
    NDX        | 2026-03-06 | 2026-03-16   | AAA    | 0.65
    NDX        | 2026-03-06 | 2026-03-16   | BBB    | 0.35
    """
    assert desk.fetch("weights", "2026-03-20 13:00", again).added == 2


def test_a_corrected_weight_and_a_security_taken_out_are_known_since_the_fetch(desk):
    desk.fetch("weights", "2026-03-20 12:00", TWO_LISTS)
    desk.fetch("weights", "2026-03-21 12:00", """
        index_code | date       | published_on | symbol | weight
        NDX        | 2026-03-02 | 2026-03-03   | AAA    | 1.0
        NDX        | 2026-03-06 | 2026-03-09   | AAA    | 0.7
        NDX        | 2026-03-06 | 2026-03-09   | BBB    | 0.3
    """)
    desk.con.execute("delete from raw.index_weight_list where date <> '2026-03-02'")
    desk.holds(LISTS, """
        symbol | weight | is_withdrawn | known_at
        AAA    | 0.6    | false        | 2026-03-04 04:59
        AAA    | 1.0    | false        | 2026-03-21 12:00
        BBB    | 0.4    | false        | 2026-03-04 04:59
        BBB    |        | true         | 2026-03-21 12:00
    """)


def test_a_list_before_those_answered_stays(desk):
    desk.fetch("weights", "2026-03-20 12:00", TWO_LISTS)
    assert desk.fetch("weights", "2026-03-21 12:00", """
        index_code | date       | published_on | symbol | weight
        NDX        | 2026-03-06 | 2026-03-09   | AAA    | 0.7
        NDX        | 2026-03-06 | 2026-03-09   | BBB    | 0.3
    """).added == 0
