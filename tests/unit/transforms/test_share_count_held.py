"""core.share_count_held: each row of held counts, with what became of it."""

from __future__ import annotations

from counted import CHAIN, given

THROUGH = (*CHAIN, "core.share_count")


def test_a_count_that_goes_away_was_dropped(spec):
    spec("core.share_count_held", given(6, {1: 1000, 2: 5000, 5: 1000}), """
        symbol | first_date | last_date  | sessions | feed_count | ratio | outcome | known_at
        AAA    | 2026-01-06 | 2026-01-08 | 3        | 5000       | 5.0   | dropped | 2026-01-09 21:15
    """, through=THROUGH)


def test_its_reason_is_a_sentence(spec):
    spec("core.share_count_held", given(6, {1: 1000, 2: 5000, 5: 1000}), """
        reason
        Shares 5 times the last accepted count for 3 sessions: the feed came back to the accepted count on 2026-01-09
    """, through=THROUGH)
    (reason,), = spec.rows("core.share_count_held", given(3, {1: 1000, 2: 630}), columns=["reason"], through=THROUGH)
    assert reason == ("Shares 0.63 times the last accepted count for 2 sessions: no company retires that much in a day, "
                      "and no evidence says it did")


def test_a_single_days_dip_is_a_held_count(spec):
    spec("core.share_count_held", given(6, {1: 1000, 3: 940, 4: 1000}), """
        first_date | sessions | ratio | outcome
        2026-01-07 | 1        | 0.94  | dropped
    """, through=THROUGH)


def test_a_step_that_settled_is_none_and_one_that_has_not_yet_is_open(spec):
    spec("core.share_count_held", given(6, {1: 1000, 2: 1100}), "symbol", through=THROUGH)
    spec("core.share_count_held", given(5, {1: 1000, 2: 1100}), """
        first_date | sessions | outcome
        2026-01-06 | 4        | open
    """, through=THROUGH)


def test_a_leap_that_stood_was_accepted(spec):
    spec("core.share_count_held", given(30, {1: 1000, 2: 1640}), """
        first_date | sessions | outcome
        2026-01-06 | 20       | accepted
    """, through=THROUGH)


def test_a_third_count_replaces_the_second(spec):
    spec("core.share_count_held", given(6, {1: 1000, 2: 5000, 4: 9000}), """
        first_date | sessions | ratio | outcome
        2026-01-06 | 2        | 5.0   | replaced
        2026-01-08 | 3        | 9.0   | open
    """, through=THROUGH)


def test_split_noise_inside_a_row_does_not_cut_it_in_two(spec):
    spec("core.share_count_held", given(6, {1: 1000, 2: 1640, 4: 1000, 5: 3280}, {4: 2}), """
        first_date | last_date  | sessions | outcome
        2026-01-06 | 2026-01-12 | 4        | open
    """, through=THROUGH)


def test_a_split_seen_early_is_not_a_held_count_once_its_ex_date_has_come(spec):
    spec("core.share_count_held", given(5, {1: 1000, 3: 9980}, {5: 10}), "symbol", through=THROUGH)
    spec("core.share_count_held", given(4, {1: 1000, 3: 9980}), """
        first_date | outcome
        2026-01-07 | open
    """, through=THROUGH)


def test_another_jump_just_before_a_split_is_a_held_count(spec):
    spec("core.share_count_held", given(5, {1: 1000, 3: 3000, 5: 10000}, {5: 10}), """
        first_date | sessions | outcome
        2026-01-07 | 2        | dropped
    """, through=THROUGH)
