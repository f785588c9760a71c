"""Vintages: every release is a row with its own moment, and asking again adds nothing."""

from __future__ import annotations

import pytest

MACRO = "raw.macro_observation"
LATEST = "9999-12-31"


def vintages(*rows: tuple[str, float | None, str, str], series: str = "CPI") -> str:
    """A drawn answer: (date, value, realtime_start, realtime_end) a row."""
    lines = [f"{series} | {day} | {'' if value is None else value} | {starts} | {ends}"
             for day, value, starts, ends in rows]
    return "\n".join(["series_id | date | value | realtime_start | realtime_end", *lines])


TWO_RELEASES = vintages(("2026-01-01", 319.1, "2026-02-11", "2026-03-10"), ("2026-01-01", 319.4, "2026-03-11", LATEST),
                        ("2026-02-01", 320.0, "2026-03-11", LATEST))


def test_each_release_is_a_row_known_at_a_minute_to_midnight_new_york_of_its_day(desk):
    desk.fetch("observations", "2026-04-01 12:00", TWO_RELEASES)
    desk.holds(MACRO, """
        date       | value | known_at         | fetched_at       | pit_quality | is_withdrawn
        2026-01-01 | 319.1 | 2026-02-12 04:59 | 2026-04-01 12:00 | vintage     | false
        2026-01-01 | 319.4 | 2026-03-12 03:59 | 2026-04-01 12:00 | vintage     | false
        2026-02-01 | 320.0 | 2026-03-12 03:59 | 2026-04-01 12:00 | vintage     | false
    """)


def test_asking_the_same_history_again_adds_nothing(desk):
    desk.fetch("observations", "2026-04-01 12:00", TWO_RELEASES)
    assert desk.fetch("observations", "2026-04-08 12:00", TWO_RELEASES).added == 0


def test_a_new_release_adds_its_row_only(desk):
    desk.fetch("observations", "2026-04-01 12:00", TWO_RELEASES)
    grown = vintages(("2026-01-01", 319.1, "2026-02-11", "2026-03-10"), ("2026-01-01", 319.4, "2026-03-11", LATEST),
                     ("2026-02-01", 320.0, "2026-03-11", "2026-04-09"), ("2026-02-01", 320.2, "2026-04-10", LATEST))
    assert desk.fetch("observations", "2026-04-15 12:00", grown).added == 1


def test_a_value_revised_away_and_back_keeps_all_three_rows(desk):
    there_and_back = vintages(("2026-01-01", 1.0, "2026-02-11", "2026-02-20"),
                              ("2026-01-01", 2.0, "2026-02-21", "2026-03-10"),
                              ("2026-01-01", 1.0, "2026-03-11", LATEST))
    desk.fetch("observations", "2026-04-01 12:00", there_and_back)
    desk.fetch("observations", "2026-04-02 12:00", there_and_back)
    desk.holds(MACRO, """
        value | known_at
        1     | 2026-02-12 04:59
        2     | 2026-02-22 04:59
        1     | 2026-03-12 03:59
    """)


def test_a_release_that_repeats_the_value_is_no_row(desk):
    assert desk.fetch("observations", "2026-04-01 12:00", vintages(
        ("2026-01-01", 1.0, "2026-02-11", "2026-03-10"), ("2026-01-01", 1.0, "2026-03-11", LATEST))).added == 1


def test_a_period_that_ended_without_a_successor_is_withdrawn_on_the_day_after(desk):
    ended = vintages(("2026-01-01", 1.0, "2026-02-11", "2026-03-10"))
    desk.fetch("observations", "2026-04-01 12:00", ended)
    desk.fetch("observations", "2026-04-02 12:00", ended)
    desk.holds(MACRO, """
        value | is_withdrawn | known_at
        1     | false        | 2026-02-12 04:59
              | true         | 2026-03-12 03:59
    """)


def test_a_gap_between_two_periods_is_a_withdrawal_and_a_return(desk):
    desk.fetch("observations", "2026-04-01 12:00", vintages(
        ("2026-01-01", 1.0, "2026-02-11", "2026-02-20"), ("2026-01-01", 1.0, "2026-03-11", LATEST)))
    desk.holds(MACRO, """
        value | is_withdrawn | known_at
        1     | false        | 2026-02-12 04:59
              | true         | 2026-02-22 04:59
        1     | false        | 2026-03-12 03:59
    """)


def test_a_release_that_says_missing_withdraws(desk):
    desk.fetch("observations", "2026-04-01 12:00", vintages(
        ("2026-01-01", 1.0, "2026-02-11", "2026-03-10"), ("2026-01-01", None, "2026-03-11", LATEST),
        ("2026-02-01", None, "2026-03-11", LATEST)))
    desk.holds(MACRO, """
        date       | value | is_withdrawn | known_at
        2026-01-01 | 1     | false        | 2026-02-12 04:59
        2026-01-01 |       | true         | 2026-03-12 03:59
    """)


def test_a_period_that_goes_on_to_the_fetch_is_not_over(desk):
    assert desk.fetch("observations", "2026-04-01 12:00", vintages(
        ("2026-01-01", 1.0, "2026-02-11", "2026-03-31"))).added == 1


def test_a_rejected_release_is_no_withdrawal(desk):
    desk.fetch("observations", "2026-04-01 12:00", vintages(
        ("2026-01-01", 1.0, "2026-02-11", "2026-02-20"), ("2026-01-01", 1e9, "2026-02-21", "2026-03-10"),
        ("2026-01-01", 1.2, "2026-03-11", LATEST)), rejected=[("observations", 1)])
    desk.holds(MACRO, """
        value | is_withdrawn | known_at
        1     | false        | 2026-02-12 04:59
        1.2   | false        | 2026-03-12 03:59
    """)


@pytest.mark.parametrize("requested_again", [1, 2, 3])
def test_a_release_corrected_in_place_is_one_further_row_however_often_it_is_asked(desk, requested_again):
    for day, value in (("2026-04-01", 1.0), ("2026-04-02", 1.5), ("2026-04-03", 1.0)):
        desk.fetch("observations", f"{day} 12:00", vintages(("2026-01-01", value, "2026-02-11", LATEST)))
    for hour in range(requested_again):
        assert desk.fetch("observations", f"2026-04-04 {hour + 12}:00", vintages(
            ("2026-01-01", 1.0, "2026-02-11", LATEST))).added == 0
    desk.holds(MACRO, """
        value | known_at         | fetched_at
        1     | 2026-02-12 04:59 | 2026-04-01 12:00
        1.5   | 2026-02-12 04:59 | 2026-04-02 12:00
        1     | 2026-02-12 04:59 | 2026-04-03 12:00
    """)


def test_vintages_fill_in_behind_a_snapshot_that_was_taken_without_them(desk):
    desk.fetch("observations", "2026-03-20 12:00", """
        series_id | date       | value
        CPI       | 2026-01-01 | 319.4
    """)
    desk.fetch("observations", "2026-04-01 12:00", TWO_RELEASES)
    desk.con.execute("delete from raw.macro_observation where date <> '2026-01-01'")
    desk.holds(MACRO, """
        value | known_at         | pit_quality
        319.1 | 2026-02-12 04:59 | vintage
        319.4 | 2026-03-12 03:59 | vintage
        319.4 | 2026-03-20 12:00 | snapshot
    """)


def test_a_snapshot_equal_to_the_newest_release_adds_nothing(desk):
    desk.fetch("observations", "2026-04-01 12:00", TWO_RELEASES)
    assert desk.fetch("observations", "2026-04-02 12:00", """
        series_id | date       | value
        CPI       | 2026-01-01 | 319.4
        CPI       | 2026-02-01 | 320.0
    """).added == 0


def test_series_of_one_batch_do_not_mix(desk):
    cpi = vintages(("2026-01-01", 1.0, "2026-02-11", LATEST))
    nfci = vintages(("2026-01-01", 5.0, "2026-02-11", LATEST), series="NFCI").splitlines()[1]
    assert desk.fetch("observations", "2026-04-01 12:00", f"{cpi}\n{nfci}\nDGS10 | 2026-01-02 | 4.1 | |").added == 3
    assert desk.fetch("observations", "2026-04-02 12:00", f"{cpi}\n{nfci}").added == 0
