"""core.share_count: which of the feed's counts is in force, decided session by session without looking ahead."""

from __future__ import annotations

import pytest
from counted import CHAIN, day, given, in_force, runs
from drawn import sessions


def test_a_count_is_carried_forward_until_the_feed_says_another(spec):
    spec("core.share_count", given(4, {1: 1000, 3: 1010}), """
        date       | shares_in_force | status   | count_date | count_age_sessions | ratio
        2026-01-05 | 1000            | accepted | 2026-01-05 | 0                  |
        2026-01-06 | 1000            | accepted | 2026-01-05 | 1                  | 1.0
        2026-01-07 | 1010            | accepted | 2026-01-07 | 0                  | 1.01
        2026-01-08 | 1010            | accepted | 2026-01-07 | 1                  | 1.0
    """, through=CHAIN)


@pytest.mark.parametrize("count", [1040, 1000 / 1.04, 997, 1015])
def test_drift_passes_at_once(spec, count):
    assert in_force(spec, 2, {1: 1000, 2: count})[1] == (pytest.approx(count), "accepted")


@pytest.mark.parametrize("count", [1050, 940, 1150, 800, 1250])
def test_a_step_comes_into_force_on_the_fifth_session_it_stands_and_never_backwards(spec, count):
    got = in_force(spec, 12, {1: 1000, 3: count})
    assert got[2:6] == [(1000, "held")] * 4
    assert got[6:] == [(count, "accepted")] * 6


@pytest.mark.parametrize("dip", [940, 1070, 900, 5000])
@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_dip_of_days_never_passes(spec, dip, length):
    got = in_force(spec, 40, {1: 1000, 20: dip, 20 + length: 1000})
    assert {shares for shares, _ in got} == {1000}
    assert [status for _, status in got].count("held") == length


def test_a_count_that_did_not_move_for_years_falls_when_its_correction_has_settled(spec):
    got = in_force(spec, 600, {1: 1000, 580: 910})
    assert got[579 + 3] == (1000, "held")
    assert got[579 + 4] == (910, "accepted")


def flips(first: int, lengths: list[int], low: float, high: float) -> dict[int, float]:
    """Counts by session: `low` at first, then changes between the two, each standing for so many sessions."""
    counts, at = {1: low}, first
    for place, length in enumerate(lengths):
        counts[at] = (high, low)[place % 2]
        at += length
    return counts


@pytest.mark.parametrize("high", [1150, 870, 1200, 1060])
def test_fifteen_flips_in_a_month_change_the_count_in_force_once_at_most(spec, high):
    """Fifteen changes in 21 sessions, then the second count stays: it is in force once it has settled."""
    lengths = [1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 2, 1, 60]
    got = in_force(spec, 120, flips(40, lengths, 1000, high))
    assert {shares for shares, _ in got[:58]} == {1000}
    assert runs(got) == [1000, high]
    assert got[57 + 21] == (high, "accepted")


def test_an_oscillating_count_is_the_median_of_its_stand(spec):
    """From session 61 on the feed says 1150 on four days of five: after a while most of the last 42 sessions did."""
    lengths = [4, 1] * 14
    got = in_force(spec, 130, flips(61, lengths, 1000, 1150))
    assert runs(got) == [1000, 1150]
    assert got[60 + 20][0] == 1000
    assert got[60 + 40][0] == 1150


@pytest.mark.parametrize("times", [4, 5, 2, 8, 10, 3, 0.5, 0.25, 0.125, 1 / 9, 1 / 6, 100, 1000, 0.001, 1.5])
def test_a_whole_number_of_times_the_count_never_passes_for_having_stood(spec, times):
    got = in_force(spec, 280, {1: 1000, 70: 1000 * times, 270: 1002})
    assert {shares for shares, _ in got[:269]} == {1000}
    assert {status for _, status in got[69:269]} == {"held"}
    assert got[269] == (1002, "accepted")


@pytest.mark.parametrize("times", [4.05, 3.93, 0.1655, 0.1106, 5.06])
def test_nearly_a_whole_number_is_one(spec, times):
    assert {shares for shares, _ in in_force(spec, 280, {1: 1000, 70: 1000 * times})} == {1000}


@pytest.mark.parametrize("part", [0.63, 0.7, 0.55, 0.79])
def test_the_shares_of_one_class_only_never_pass_for_having_stood(spec, part):
    got = in_force(spec, 320, {1: 1000, 70: 1000 * part, 300: 1000})
    assert {shares for shares, _ in got} == {1000}
    assert {status for _, status in got[69:299]} == {"held"}


@pytest.mark.parametrize("times", [1.36, 1.64, 1.29, 2.82])
def test_a_leap_that_is_no_whole_number_passes_on_the_21st_session(spec, times):
    got = in_force(spec, 60, {1: 1000, 10: 1000 * times})
    assert got[9 + 19] == (1000, "held")
    assert got[9 + 20] == (pytest.approx(1000 * times), "accepted")


def test_a_leap_over_three_times_passes_on_the_63rd(spec):
    got = in_force(spec, 120, {1: 1000, 10: 6620})
    assert got[9 + 61] == (1000, "held")
    assert got[9 + 62] == (6620, "accepted")


def test_a_leap_that_went_back_is_taken_back_when_the_old_count_has_settled(spec):
    """A fall of 0.61 would never pass; but it ends where the count stood before the leap."""
    got = in_force(spec, 120, {1: 1000, 10: 1640, 70: 1003})
    assert got[69 + 3] == (1640, "held")
    assert got[69 + 4] == (1003, "accepted")


def test_a_wrong_first_count_gives_way_to_its_double_and_to_any_other_that_stood_a_year_and_longer(spec):
    doubled = in_force(spec, 120, {1: 1000, 27: 2001})
    assert doubled[26 + 61] == (1000, "held")
    assert doubled[26 + 62] == (2001, "accepted")
    quartered = in_force(spec, 320, {1: 4000, 27: 1000})
    assert quartered[26 + 250] == (4000, "held")
    assert quartered[26 + 251] == (1000, "accepted")
    longer = in_force(spec, 620, {1: 500, 301: 1000})
    assert longer[300 + 299] == (500, "held")
    assert longer[300 + 300] == (1000, "accepted")


def test_a_count_back_in_the_band_ends_the_row(spec):
    got = in_force(spec, 60, {1: 1000, 2: 1640, 15: 1000, 16: 1640})
    assert got[14] == (1000, "accepted")
    assert got[15 + 19] == (1000, "held")
    assert got[15 + 20] == (1640, "accepted")


def test_a_third_count_begins_its_own_row(spec):
    got = in_force(spec, 60, {1: 1000, 2: 1640, 15: 2700})
    assert got[14 + 19] == (1000, "held")
    assert got[14 + 20] == (2700, "accepted")


def test_a_count_dated_on_a_weekend_speaks_from_the_next_session_on(spec):
    spec("core.share_count", {
        "staging.session": sessions(6),
        "staging.shares_outstanding": """
            symbol | date       | shares_outstanding | known_at
            AAA    | 2026-01-09 | 1000               | 2026-01-09 21:15
            AAA    | 2026-01-10 | 1020               | 2026-01-10 21:15
        """,
    }, """
        date       | shares_in_force | count_date | count_age_sessions
        2026-01-09 | 1000            | 2026-01-09 | 0
        2026-01-12 | 1020            | 2026-01-10 | 0
    """, through=CHAIN)


def test_its_reason_is_a_sentence(spec):
    reasons = spec.rows("core.share_count", given(75, {1: 1000, 70: 5000, 71: 1100, 72: 630, 73: 1640}),
                        columns=["held_sessions", "reason"], through=CHAIN)
    assert reasons[68:74] == [
        (None, None),
        (1, "5 times the last accepted count, session 1 of 252: "
            "a mistake of unit, class or receipt unless evidence says otherwise"),
        (1, "1.1 times the last accepted count, session 1 of 5: not settled yet"),
        (1, "0.63 times the last accepted count, session 1 of 252: "
            "no company retires that much in a day, and no evidence says it did"),
        (1, "1.64 times the last accepted count, session 1 of 21: a leap without evidence"),
        (2, "1.64 times the last accepted count, session 2 of 21: a leap without evidence"),
    ]


def test_in_force_counts_split_on_the_ex_date(spec):
    assert in_force(spec, 3, {1: 1000, 2: 4000}, {2: 4}) == [
        (1000, "accepted"), (4000, "accepted"), (4000, "accepted")]


def test_a_split_that_reaches_the_counts_late_changes_nothing(spec):
    assert in_force(spec, 4, {1: 1000, 4: 4000}, {2: 4}) == [
        (1000, "accepted"), (4000, "split_noise"), (4000, "split_noise"), (4000, "accepted")]


def test_a_split_that_reaches_the_counts_early_is_held_until_the_ex_date_shows_what_it_is(spec):
    """Before its ex-date nobody knows the split: the count is a jump like any other, and not in force."""
    assert in_force(spec, 5, {1: 1000, 3: 9980}, {5: 10}) == [
        (1000, "accepted"), (1000, "accepted"), (1000, "held"), (1000, "held"), (9980, "accepted")]


def test_a_late_reverse_split_changes_nothing(spec):
    assert in_force(spec, 3, {1: 1000, 3: 100}, {2: 0.1}) == [
        (1000, "accepted"), (100, "split_noise"), (100, "accepted")]


def test_five_percent_around_the_ratio_is_the_split_and_more_is_not(spec):
    assert in_force(spec, 2, {1: 1000, 2: 1040}, {2: 4})[1] == (4000, "split_noise")
    assert in_force(spec, 2, {1: 1000, 2: 1060}, {2: 4})[1] == (4000, "held")


def test_a_split_still_missing_after_five_sessions_is_held(spec):
    got = in_force(spec, 9, {1: 1000}, {2: 4})
    assert [status for _, status in got] == ["accepted", *["split_noise"] * 6, "held", "held"]
    assert {shares for shares, _ in got[1:]} == {4000}


def test_split_noise_neither_counts_towards_a_row_nor_ends_it(spec):
    """A leap of 1.64 stands for 10 sessions, the old count comes back unsplit for two, then the leap for 11 more."""
    got = in_force(spec, 40, {1: 1000, 2: 1640, 12: 1000, 14: 3280}, {12: 2})
    assert [status for _, status in got[11:13]] == ["split_noise", "split_noise"]
    assert got[1 + 19 + 2] == (2000, "held")
    assert got[1 + 20 + 2] == (3280, "accepted")


@pytest.mark.parametrize("ratio", [1.323, 1.281, 1.253, 1.324, 1.046])
def test_a_spin_off_written_as_a_split_changes_no_count(spec, ratio):
    got = in_force(spec, 90, {1: 1000000}, {5: ratio})
    assert set(got) == {(1000000, "accepted")}


@pytest.mark.parametrize("ratio", [1.323, 1.281, 1.046])
@pytest.mark.parametrize("shift", [0, 2, -2])
def test_a_count_that_moves_by_such_a_ratio_passes_as_soon_as_the_two_agree(spec, ratio, shift):
    got = in_force(spec, 20, {1: 1000, 8 + shift: 1000 * ratio}, {8: ratio})
    assert got[7 + max(shift, 0)] == (pytest.approx(1000 * ratio), "accepted")
    assert got[6] [0] == 1000


def test_counts_end_with_the_last_trading_day(spec):
    spec("core.share_count", {**given(4, {1: 1000}), "staging.instrument": """
        symbol | until
        AAA    | 2026-01-06
    """}, """
        date
        2026-01-05
        2026-01-06
    """, through=CHAIN)


def test_known_when_the_session_closed_or_a_count_in_use_was_corrected(spec):
    spec("core.share_count", {
        "staging.session": sessions(4),
        "staging.shares_outstanding": """
            symbol | date       | shares_outstanding | known_at
            AAA    | 2026-01-05 | 1000               | 2026-01-05 21:15
            AAA    | 2026-01-06 | 1010               | 2026-03-01 09:00
            AAA    | 2026-01-08 | 1020               | 2026-01-08 21:15
        """,
    }, """
        date       | shares_in_force | known_at
        2026-01-05 | 1000            | 2026-01-05 21:15
        2026-01-06 | 1010            | 2026-03-01 09:00
        2026-01-07 | 1010            | 2026-03-01 09:00
        2026-01-08 | 1020            | 2026-01-08 21:15
    """, through=CHAIN)


def test_a_step_is_known_on_the_session_it_has_settled(spec):
    known = spec.rows("core.share_count", given(8, {1: 1000, 2: 1100}), columns=["shares_in_force", "known_at"],
                      through=CHAIN)
    assert [(shares, str(at)) for shares, at in known[4:6]] == [
        (1000, f"{day(5)} 21:15:00"), (1100, f"{day(6)} 21:15:00")]
