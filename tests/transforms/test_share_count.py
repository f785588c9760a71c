"""core.share_count: which of the feed's counts is in force, decided session by session without looking ahead."""

from __future__ import annotations

from drawn import day, sessions, table


def given(length: int, counts: dict[int, float], splits: dict[int, float] | None = None) -> dict[str, str]:
    """Counts and splits of one stock by session number; the feed gives a row where its count changes."""
    return {
        "staging.session": sessions(length),
        "staging.shares_outstanding": table(
            ("symbol", "date", "shares_outstanding", "known_at"),
            [("AAA", day(p), count, f"{day(p)} 21:15") for p, count in counts.items()]),
        "staging.split": table(
            ("symbol", "date", "ratio", "known_at"),
            [("AAA", day(p), ratio, f"{day(p)} 21:15") for p, ratio in (splits or {}).items()]),
    }


def in_force(spec, length: int, counts: dict[int, float], splits: dict[int, float] | None = None) -> list[tuple]:
    """(shares in force, status) of every session."""
    return spec.rows("core.share_count", given(length, counts, splits), columns=["shares_in_force", "status"])


def test_a_count_is_carried_forward_until_the_feed_says_another(spec):
    spec("core.share_count", given(4, {1: 1000, 3: 1010}), """
        date       | shares_in_force | status   | count_date | count_age_sessions | ratio
        2026-01-05 | 1000            | accepted | 2026-01-05 | 0                  |
        2026-01-06 | 1000            | accepted | 2026-01-05 | 1                  | 1.0
        2026-01-07 | 1010            | accepted | 2026-01-07 | 0                  | 1.01
        2026-01-08 | 1010            | accepted | 2026-01-07 | 1                  | 1.0
    """)


def test_the_edges_of_the_band_are_in_it(spec):
    assert in_force(spec, 2, {1: 1000, 2: 1250}) == [(1000, "accepted"), (1250, "accepted")]
    assert in_force(spec, 2, {1: 1000, 2: 800}) == [(1000, "accepted"), (800, "accepted")]
    assert in_force(spec, 2, {1: 1000, 2: 1251}) == [(1000, "accepted"), (1000, "held")]
    assert in_force(spec, 2, {1: 1000, 2: 799}) == [(1000, "accepted"), (1000, "held")]


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
    """)


def test_five_times_the_count_for_three_sessions_is_held_and_never_in_force(spec):
    spec("core.share_count", given(6, {1: 1000, 3: 5000, 6: 1002}), """
        date       | shares_in_force | status   | held_sessions | reason
        2026-01-05 | 1000            | accepted |               |
        2026-01-06 | 1000            | accepted |               |
        2026-01-07 | 1000            | held     | 1             | 5 times the last accepted count, session 1 of 63
        2026-01-08 | 1000            | held     | 2             | 5 times the last accepted count, session 2 of 63
        2026-01-09 | 1000            | held     | 3             | 5 times the last accepted count, session 3 of 63
        2026-01-12 | 1002            | accepted |               |
    """)


def test_a_true_jump_is_accepted_on_the_63rd_session_it_stands_and_never_backwards(spec):
    got = in_force(spec, 70, {1: 1000, 3: 1640})
    assert got[2:64] == [(1000, "held")] * 62
    assert got[64:] == [(1640, "accepted")] * 6


def test_a_count_back_in_the_band_ends_the_run(spec):
    got = in_force(spec, 130, {1: 1000, 2: 1640, 60: 1000, 61: 1640})
    assert got[59] == (1000, "accepted")
    assert got[60 + 61] == (1000, "held")
    assert got[60 + 62] == (1640, "accepted")


def test_a_third_count_begins_its_own_run(spec):
    got = in_force(spec, 130, {1: 1000, 2: 5000, 40: 3000})
    assert got[39 + 61] == (1000, "held")
    assert got[39 + 62] == (3000, "accepted")


def test_a_held_count_that_moves_within_the_band_of_the_day_before_is_one_run(spec):
    """As an accepted count may move: each is compared with the one held before it."""
    got = in_force(spec, 70, {1: 1000, 2: 2000, 20: 2400, 40: 2880})
    assert got[1 + 61] == (1000, "held")
    assert got[1 + 62] == (2880, "accepted")


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


def test_split_noise_neither_counts_towards_a_run_nor_ends_it(spec):
    """A jump of 1.64 stands for 30 sessions, the old count comes back unsplit for two, then the jump for 33 more."""
    got = in_force(spec, 70, {1: 1000, 2: 1640, 32: 1000, 34: 3280}, {32: 2})
    assert [status for _, status in got[31:33]] == ["split_noise", "split_noise"]
    assert got[1 + 61 + 2] == (2000, "held")
    assert got[1 + 62 + 2] == (3280, "accepted")


def test_counts_end_with_the_last_trading_day(spec):
    spec("core.share_count", {**given(4, {1: 1000}), "staging.instrument": """
        symbol | until
        AAA    | 2026-01-06
    """}, """
        date
        2026-01-05
        2026-01-06
    """)


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
    """)
