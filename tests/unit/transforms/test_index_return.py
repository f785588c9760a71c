"""core.index_return and core.index_window: daily returns chained to one return over a window."""

from __future__ import annotations

import math

import numpy as np
import pytest
from assertions import assertions_fail
from drawn import day, sessions, table
from hypothesis import given, settings
from hypothesis import strategies as st

DAILY, WINDOW = "core.index_return", "core.index_window"


def one_issuer(returns: dict[int, float], previous: dict[int, int] | None = None) -> dict[str, str]:
    """An index of one issuer; returns by session number, each since the one before in `returns` unless `previous` says."""
    positions = sorted(returns)
    before = dict(zip(positions, [positions[0] - 1, *positions[:-1]], strict=True)) | (previous or {})
    return {
        "staging.session": sessions(max(positions)),
        "core.index_weight": table(
            ("date", "index_code", "weight_scheme", "issuer", "open_weight", "price_return", "previous_date", "known_at"),
            [(day(p), "NDX", "full_cap", "AAA", 1.0, returns[p], day(before[p]), f"{day(p)} 21:15") for p in positions]),
    }


def windows(spec, given_tables: dict[str, str], n: int, *columns: str) -> dict:
    rows = spec.rows(WINDOW, given_tables, through=(DAILY,), columns=["date", "window_sessions", *columns])
    return {when: tuple(rest) for when, window, *rest in rows if window == n}


def test_the_index_return_is_the_sum_of_contributions_and_its_factor_carinos(spec):
    spec(DAILY, {"staging.session": sessions(2), "core.index_weight": f"""
        date     | index_code | weight_scheme | issuer | open_weight | price_return | previous_date | known_at
        {day(2)} | NDX        | full_cap      | AAA    | 0.75        | 0.04         | {day(1)}      | 2026-01-06 21:15
        {day(2)} | NDX        | full_cap      | BBB    | 0.25        | -0.02        | {day(1)}      | 2026-01-06 22:00
        {day(2)} | NDX        | full_cap      | NEW    |             |              |               | 2026-01-06 21:15
    """}, f"""
        date     | position | index_return | link_factor        | start_date | start_position | chain | known_at
        {day(2)} | 2        | 0.025        | 0.9877045036148565 | {day(1)}   | 1              | 1     | 2026-01-06 22:00
    """)


@pytest.mark.parametrize("index_return", [0.0, 1e-300, 1e-17, -3e-16, 1e-12, 1e-8, -1e-5, 0.3])
def test_a_link_factor_keeps_its_digits_near_zero(spec, index_return):
    (factor,), = spec.rows(DAILY, one_issuer({2: index_return}), columns=["link_factor"])
    assert factor == pytest.approx(math.log1p(index_return) / index_return if index_return else 1, rel=1e-15)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_window_compounds_its_returns(spec, seed):
    returns = np.random.default_rng(seed).normal(0, 0.03, 80).clip(-0.5, 0.5)
    given_tables = one_issuer({p: float(r) for p, r in enumerate(returns, start=2)})
    for n in (5, 21, 63):
        got = windows(spec, given_tables, n, "index_return", "log_return", "return_sessions", "start_date", "first_date")
        assert list(got) == [day(p) for p in range(n + 1, 82)]
        for p in range(n + 1, 82):
            growth = float(np.prod(1 + returns[p - n - 1:p - 1]))
            assert got[day(p)] == (pytest.approx(growth - 1, abs=1e-14), pytest.approx(math.log(growth), abs=1e-14),
                                   n, day(p - n), day(p - n + 1))


def test_with_less_history_than_the_window_there_is_no_row(spec):
    rows = spec.rows(WINDOW, one_issuer(dict.fromkeys(range(2, 24), 0.01)), through=(DAILY,),
                     columns=["date", "window_sessions"])
    assert rows[0] == (day(6), 5)
    assert [r for r in rows if r[1] == 21] == [(day(22), 21), (day(23), 21)]


def test_a_session_without_a_return_loses_none_inside_a_window(spec):
    """Session 10 has none, 11 carries both: the windows that hold them are the same product."""
    returns = {p: 0.01 for p in range(2, 16)}
    whole = windows(spec, one_issuer(returns), 5, "index_return")
    del returns[10]
    holed = windows(spec, one_issuer(returns | {11: 1.01**2 - 1}), 5, "index_return", "return_sessions")
    assert day(10) not in holed
    assert holed[day(12)] == (pytest.approx(whole[day(12)][0], abs=1e-15), 4)


def test_a_window_that_would_start_on_such_a_session_starts_on_the_last_one_before(spec):
    returns = {p: 0.01 for p in range(2, 16)} | {11: 1.01**2 - 1}
    del returns[10]
    got = windows(spec, one_issuer(returns), 5, "start_date", "first_date", "index_return")
    assert got[day(15)] == (day(9), day(11), pytest.approx(1.01**6 - 1, abs=1e-15))


@pytest.mark.parametrize(("hole", "chains"), [(4, {1}), (5, {1, 2})])
def test_more_than_five_sessions_between_returns_break_the_chain(spec, hole, chains):
    returns = {p: 0.01 for p in range(2, 40) if not 10 < p <= 10 + hole}
    given_tables = one_issuer(returns, {11 + hole: 10 if hole == 4 else 10 + hole})
    assert {c for c, in spec.rows(DAILY, given_tables, columns=["chain"])} == chains
    got = windows(spec, given_tables, 21, "start_date")
    assert (day(22) in got) == (hole == 4)
    if hole == 5:
        assert min(got) == day(36)   # 21 sessions after the new chain's start, session 15


def test_an_issuer_valued_after_the_indexs_last_return_breaks_the_chain(spec):
    """On session 10 too few had a return; what had one then starts there, and its part before is in no return."""
    returns = {p: 0.01 for p in range(2, 25) if p != 10}
    whole = one_issuer(returns)
    lost = one_issuer(returns, {11: 10})
    assert day(13) in windows(spec, whole, 5, "start_date")
    assert [when for when in windows(spec, lost, 5, "start_date") if day(10) <= when <= day(16)] == [day(15), day(16)]


def test_weightings_are_chained_each_for_itself(spec):
    given_tables = one_issuer(dict.fromkeys(range(2, 12), 0.01))
    other = one_issuer(dict.fromkeys(range(5, 12), 0.02))["core.index_weight"].replace("full_cap", "capped")
    given_tables["core.index_weight"] += "\n" + "\n".join(other.splitlines()[1:])
    rows = spec.rows(WINDOW, given_tables, through=(DAILY,), columns=["date", "weight_scheme", "index_return"])
    assert [r for r in rows if r[0] == day(9)] == [
        (day(9), "capped", pytest.approx(1.02**5 - 1)), (day(9), "full_cap", pytest.approx(1.01**5 - 1))]
    assert [r[1] for r in rows if r[0] == day(8)] == ["full_cap"]


def test_a_window_is_known_with_its_last_input(spec):
    given_tables = one_issuer(dict.fromkeys(range(2, 12), 0.01))
    given_tables["core.index_weight"] = given_tables["core.index_weight"].replace(f"{day(4)} 21:15", "2026-01-30 12:00")
    got = windows(spec, given_tables, 5, "known_at")
    assert [str(got[day(p)][0]) for p in (6, 8, 9)] == ["2026-01-30 12:00:00", "2026-01-30 12:00:00", f"{day(9)} 21:15:00"]


def test_later_rows_change_no_bit_of_earlier_ones(spec):
    returns = {p: float(r) for p, r in enumerate(np.random.default_rng(3).normal(0, 0.02, 60), start=2)}
    later = windows(spec, one_issuer(returns), 21, "log_return", "index_return", "link_factor")
    earlier = windows(spec, one_issuer({p: r for p, r in returns.items() if p < 50}), 21,
                      "log_return", "index_return", "link_factor")
    assert all(later[when] == row for when, row in earlier.items())


def test_assertions_can_fail(spec):
    assertions_fail(spec, DAILY, {
        "an index loses less than everything": {"index_return": -1},
        "a link factor is a positive number": [{"link_factor": 0}, {"link_factor": "inf"}],
        "a return spans five sessions at most": [{"position": 6, "start_position": 0},
                                                 {"position": 6, "start_position": 6}],
    })
    assertions_fail(spec, WINDOW, {
        "three windows": {"window_sessions": 10},
        "a window starts before it begins, and begins before it ends": [
            {"date": day(5), "first_date": day(2), "start_date": day(2)},
            {"date": day(5), "first_date": day(6), "start_date": day(2)}],
        "no more returns than sessions": [{"window_sessions": 5, "return_sessions": 6},
                                          {"window_sessions": 5, "return_sessions": 0}],
        "returns and factors are numbers": [{"index_return": -1}, {"link_factor": 0}, {"index_return": "inf"}],
    })
