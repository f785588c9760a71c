"""marts.contribution_window and core.top10_return_share: contributions linked over days by Carino's method."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import numpy as np
import pytest
from assertions import assertions_fail
from drawn import day, sessions, table
from hypothesis import given, settings
from hypothesis import strategies as st
from references import carino_linked

MODEL, TOP10 = "marts.contribution_window", "core.top10_return_share"
DAILY = ("core.index_return", "core.index_window")
POSITION = {day(position): position for position in range(1, 100)}


def index(contributions: np.ndarray, weights: np.ndarray | None = None, first: int = 2) -> dict[str, str]:
    """An index of issuers S000, S001 ... (columns) whose daily contributions are given by session (rows); NaN is no member.

    Without weights, every issuer has an open weight of 1, so that its return is its contribution.
    """
    weights = np.ones_like(contributions) if weights is None else weights
    rows = []
    for t, (daily, opening) in enumerate(zip(contributions, weights, strict=True), start=first):
        rows += [(day(t), "NDX", "full_cap", f"S{n:03}", float(w), float(c / w), day(t - 1), f"{day(t)} 21:15")
                 for n, (c, w) in enumerate(zip(daily, opening, strict=True)) if not np.isnan(c)]
    return {
        "staging.session": sessions(first + len(contributions)),
        "core.index_weight": table(("date", "index_code", "weight_scheme", "issuer", "open_weight", "price_return",
                                    "previous_date", "known_at"), rows),
    }


def windows(spec, given_tables: dict[str, str], n: int, *columns: str) -> dict:
    rows = spec.rows(MODEL, given_tables, through=DAILY, columns=["date", "window_sessions", "issuer", *columns])
    return {(when, issuer): tuple(rest) for when, window, issuer, *rest in rows if window == n}


def test_two_names_over_four_days(spec):
    """Returns of 2.5 %, 3.5 %, -1.2 % and 4.8 % compound to 9.84554360 %; worked by hand with Carino's factors."""
    four = np.array([[0.01, 0.015], [0.02, 0.015], [-0.004, -0.008], [0.03, 0.018]])
    got = windows(spec, index(np.vstack([[0.0, 0.0], four])), 5, "contribution", "index_return")
    assert got[day(6), "S000"] == (pytest.approx(0.0574691472, abs=5e-11), pytest.approx(0.0984554360, abs=5e-11))
    assert got[day(6), "S001"] == (pytest.approx(0.0409862888, abs=5e-11), pytest.approx(0.0984554360, abs=5e-11))
    assert sum(c for c, _ in got.values()) == pytest.approx(1.025 * 1.035 * 0.988 * 1.048 - 1, abs=1e-15)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0001, 0.05))
def test_contributions_are_carinos_and_add_up_to_the_compounded_return(spec, seed, size):
    random = np.random.default_rng(seed)
    contributions = random.normal(0, size, (65, 4)) * random.dirichlet(np.ones(4))
    rows = spec.rows(MODEL, index(contributions), through=DAILY,
                     columns=["date", "window_sessions", "issuer", "contribution", "index_return"])
    assert len(rows) == 4 * (61 + 45 + 3)
    for (when, n), of_day in groupby(rows, key=itemgetter(0, 1)):
        t = POSITION[when]
        wanted, total = carino_linked(contributions[t - n - 1:t - 1])
        given_out, returns = zip(*[row[3:] for row in of_day], strict=True)
        assert given_out == pytest.approx(wanted, abs=1e-14)
        assert sum(given_out) == pytest.approx(total, abs=1e-12)
        assert returns == pytest.approx([total] * 4, abs=1e-14)


def test_a_day_or_a_window_of_no_return_has_the_factor_one(spec):
    """Two names that undo each other: the contributions stay, where a division by the return would lose them."""
    still = np.array([[0.01, -0.01]] * 5)
    got = windows(spec, index(still), 5, "contribution", "index_return")
    assert got == {(day(6), "S000"): (pytest.approx(0.05, abs=1e-15), 0),
                   (day(6), "S001"): (pytest.approx(-0.05, abs=1e-15), 0)}


def test_a_member_that_left_stays_in_the_windows_it_contributed_to(spec):
    nan = np.nan
    contributions = np.array([[0.01, 0.02]] * 6 + [[0.01, nan]] * 6)
    got = windows(spec, index(contributions), 5, "contribution", "contribution_sessions")
    assert got[day(7), "S001"][1] == 5
    assert got[day(10), "S001"] == (pytest.approx(carino_linked(contributions[4:9])[0][1], abs=1e-15), 2)
    assert (day(11), "S001") in got
    assert (day(12), "S001") not in got


def test_a_member_away_for_a_while_has_one_row_with_the_days_it_had(spec):
    nan = np.nan
    contributions = np.array([[0.01, 0.02]] * 4 + [[0.01, nan]] * 8 + [[0.01, -0.02]] * 3)
    got = windows(spec, index(contributions), 5, "contribution_sessions")
    assert {when for when, issuer in got if issuer == "S001"} == {day(t) for t in (6, 7, 8, 9, 14, 15, 16)}
    assert got[day(9), "S001"] == (1,)
    assert got[day(16), "S001"] == (3,)


def test_a_missing_session_has_no_row_and_the_next_day_carries_both(spec):
    contributions = np.array([[0.01, 0.02]] * 10)
    given_tables = index(contributions)
    lines = given_tables["core.index_weight"].splitlines()
    given_tables["core.index_weight"] = "\n".join(
        line.replace(f"| {day(6)} |", f"| {day(5)} |") for line in lines if not line.startswith(str(day(6))))
    got = windows(spec, given_tables, 5, "contribution", "contribution_sessions", "start_date")
    assert (day(6), "S000") not in got
    wanted, _ = carino_linked(contributions[:4])
    assert got[day(8), "S000"][1:] == (4, day(3))
    assert got[day(8), "S000"][0] == pytest.approx(wanted[0], abs=1e-15)
    assert got[day(11), "S000"][1:] == (5, day(5))     # session 6 was to be the start


def test_with_less_history_than_the_window_there_are_no_rows(spec):
    contributions = np.full((20, 2), 0.001)
    assert min(windows(spec, index(contributions), 5, "contribution")) == (day(6), "S000")
    assert windows(spec, index(contributions), 21, "contribution") == {}


def test_later_rows_change_no_bit_of_earlier_ones(spec):
    contributions = np.random.default_rng(4).normal(0, 0.01, (40, 12))
    for n in (5, 21):
        later = windows(spec, index(contributions), n, "contribution", "index_return")
        earlier = windows(spec, index(contributions[:33]), n, "contribution", "index_return")
        assert all(later[key] == row for key, row in earlier.items())


def shares(spec, contributions: np.ndarray, weights: np.ndarray) -> dict:
    rows = spec.rows(TOP10, index(contributions, weights), through=DAILY,
                     columns=["date", "top10_return_share_21d", "top10_return_share_63d"])
    return {when: (short, long) for when, short, long in rows}


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_share_is_of_those_who_were_the_ten_largest_when_the_window_opened(spec, seed):
    random = np.random.default_rng(seed)
    weights = random.dirichlet(np.ones(14), 66)
    contributions = random.normal(0.0005, 0.01, (66, 14)) * weights
    got = shares(spec, contributions, weights)
    for t in range(22, 68):
        for n, share in zip((21, 63), got[day(t)], strict=True):
            if t <= n:
                assert share is None
                continue
            window = contributions[t - n - 1:t - 1]
            each, total = carino_linked(window)
            largest = np.argsort(-weights[t - n - 1])[:10]
            assert share == (pytest.approx(each[largest].sum() / total, rel=1e-10) if abs(total) >= 0.005 else None)


def test_a_share_is_of_a_return_worth_dividing_by(spec):
    """21 sessions of 0.0238 % compound to just over half a percent, of 0.0237 % to just under."""
    weights = np.full((21, 2), 0.5)
    (share, _), = shares(spec, np.full((21, 2), 0.000119), weights).values()
    assert share == pytest.approx(1, abs=1e-12)
    assert list(shares(spec, np.full((21, 2), 0.0001185), weights).values()) == [(None, None)]
    (share, _), = shares(spec, np.full((21, 2), -0.0002), weights).values()
    assert share == pytest.approx(1, abs=1e-12)


def test_the_largest_may_carry_more_than_all_of_it_or_less_than_nothing(spec):
    weights = np.array([[0.09] * 10 + [0.1 / 5] * 5] * 21)
    up_while_the_rest_falls = np.array([[0.001] * 10 + [-0.001] * 5] * 21)
    (share, _), = shares(spec, up_while_the_rest_falls, weights).values()
    assert share == pytest.approx(2, abs=1e-12)
    (share, _), = shares(spec, np.array([[-0.0002] * 10 + [0.001] * 5] * 21), weights).values()
    assert share == pytest.approx(-2 / 3, abs=1e-12)


def test_of_the_ten_who_left_the_contributions_so_far_count(spec):
    contributions = np.array([[0.001, 0.001]] * 10 + [[np.nan, 0.001]] * 11)
    (share, _), = shares(spec, contributions, np.ones_like(contributions)).values()
    assert share == pytest.approx(1, abs=1e-12)


def test_concentration_shows_the_share_and_is_known_with_it(spec):
    spec("marts.concentration_daily", {
        "staging.universe": "index_code | published_index\nNDX | ^NDX",
        "core.index_coverage": f"""
            date     | index_code | members | issuers | coverage_share | is_covered | has_return | known_at
            {day(2)} | NDX        | 1       | 1       | 1.0            | true       | true       | {day(2)} 21:15
        """,
        "core.index_member": f"date | index_code | symbol\n{day(2)} | NDX | AAA",
        "core.weight_scheme": "index_code | weight_scheme\nNDX | full_cap",
        TOP10: f"""
            date     | index_code | weight_scheme | top10_return_share_21d | top10_return_share_63d | known_at
            {day(2)} | NDX        | full_cap      | 0.7                    | 1.2                    | {day(3)} 12:00
            {day(2)} | NDX        | other         | 0.1                    | 0.2                    | {day(9)} 12:00
        """,
    }, f"""
        weight_scheme | top10_return_share_21d | top10_return_share_63d | known_at
        full_cap      | 0.7                    | 1.2                    | {day(3)} 12:00
    """)


def test_assertions_can_fail(spec):
    sound = {"date": day(6), "index_code": "NDX", "weight_scheme": "full_cap", "window_sessions": 5, "issuer": "AAA",
             "contribution": 0.01, "contribution_sessions": 5, "index_return": 0.01, "start_date": day(1)}
    assertions_fail(spec, MODEL, {
        "three windows": sound | {"window_sessions": 10},
        "no more contributions than sessions": [sound | {"contribution_sessions": 6}, sound | {"contribution_sessions": 0}],
        "a window starts before its last session": sound | {"start_date": day(6)},
        "the contributions add up to the return": sound | {"contribution": 0.01 + 1e-11},
    })
    assertions_fail(spec, TOP10, {"a share is a number": [{"top10_return_share_21d": "inf"},
                                                          {"top10_return_share_63d": "nan"}]})
