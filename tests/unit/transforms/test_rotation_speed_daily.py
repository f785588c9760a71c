"""marts.rotation_speed_daily: how fast the order of the sectors changes, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tables import draw, sessions, weekdays

MODEL = "marts.rotation_speed_daily"
COLUMNS = ["rotation_speed", "kendall_tau", "ranked_funds", "compared_date"]


def strengths(rs) -> dict[str, str]:
    """Sector funds f0, f1 ... with these rs_21d (session x fund); None is a session without one."""
    days = weekdays(len(rs))
    rows = [{"date": day, "basket": f"f{n}", "rs_21d": None if x is None else float(x), "known_at": f"{day} 21:15"}
            for day, of_day in zip(days, rs, strict=True) for n, x in enumerate(of_day)]
    baskets = [{"basket": f"f{n}", "role": "sector_fund"} for n in range(len(rs[0]))] + [{"basket": "smh", "role": "fund"}]
    members = [{"basket": b["basket"], "symbol": b["basket"].upper(), "valid_from": "1998-12-22"} for b in baskets]
    return {"staging.session": sessions(days), "staging.basket": draw(baskets), "marts.rotation_daily": draw(rows),
            "staging.basket_member": draw(members)}


def last(spec, rs, *columns: str) -> tuple:
    return spec.rows(MODEL, strengths(rs), columns=list(columns) or COLUMNS)[-1]


def day_and_five_sessions_later(before, now) -> list:
    return [before, *[before] * 4, now]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_speed_and_tau_are_scipys_with_ties_and_without(spec, seed, places):
    random = np.random.default_rng(seed)
    before, now = random.integers(0, places, (2, 10)) / 64
    speed, tau, funds, compared = last(spec, day_and_five_sessions_later(before, now))
    constant = len(set(before)) == 1 or len(set(now)) == 1
    assert speed == (None if constant else pytest.approx(1 - stats.spearmanr(before, now).statistic, abs=1e-12))
    assert tau == (None if constant else pytest.approx(stats.kendalltau(before, now).statistic, abs=1e-12))
    assert (funds, compared) == (10, weekdays(6)[0])


def test_an_order_that_stands_has_speed_zero_and_one_turned_round_two(spec):
    order = list(range(10))
    assert last(spec, day_and_five_sessions_later(order, order), "rotation_speed", "kendall_tau") == (0, 1)
    assert last(spec, day_and_five_sessions_later(order, order[::-1]), "rotation_speed", "kendall_tau") == (2, -1)


def test_two_neighbors_that_change_places(spec):
    """Sum of squared rank differences 2: Spearman 1 - 6 x 2 / 990, Kendall (44 - 1) / 45."""
    before = list(range(10))
    now = [1, 0, *range(2, 10)]
    assert last(spec, day_and_five_sessions_later(before, now), "rotation_speed", "kendall_tau") == (
        pytest.approx(12 / 990, abs=1e-15), pytest.approx(43 / 45, abs=1e-15))


def test_a_fund_without_strength_on_one_of_the_days_is_not_compared(spec):
    before = [None, *range(1, 10)]
    now = [0, *range(9, 1, -1), None]
    speed, tau, funds, _ = last(spec, day_and_five_sessions_later(before, now))
    wanted = stats.spearmanr(before[1:9], now[1:9]).statistic
    assert (speed, tau, funds) == (pytest.approx(1 - wanted), -1, 8)


def test_under_eight_tenths_of_the_funds_there_is_no_speed(spec):
    before = [None, None, *range(8)]
    assert last(spec, day_and_five_sessions_later(before, [None, *range(9)]))[2:] == (8, weekdays(6)[0])
    assert last(spec, day_and_five_sessions_later(before, [*range(9), None]))[:3] == (None, None, 7)


def test_a_fund_that_is_not_there_yet_is_not_missed(spec):
    """Three of ten are too many to lack, unless two of them begin the day after."""
    tables = strengths([[None, None, None, *range(7)]] * 6)
    assert spec.rows(MODEL, tables, columns=["rotation_speed"])[-1] == (None,)
    members = tables["staging.basket_member"].replace("f0 | F0 | 1998-12-22", f"f0 | F0 | {weekdays(7)[-1]}")
    members = members.replace("f1 | F1 | 1998-12-22", f"f1 | F1 | {weekdays(7)[-1]}")
    assert spec.rows(MODEL, tables | {"staging.basket_member": members}, columns=["rotation_speed"])[-1] == (0,)


def test_the_order_is_compared_with_the_last_one_by_five_sessions_ago_at_most_nine(spec):
    order, none = list(range(10)), [None] * 10
    assert last(spec, [order, *[none] * 4, *[order] * 5], *COLUMNS) == (0, 1, 10, weekdays(1)[0])
    assert last(spec, [order, *[none] * 5, *[order] * 5], *COLUMNS) == (None, None, 0, None)


WEIGHTS = """
    date       | index_code | weight_scheme | issuer | open_weight | price_return | previous_date | known_at
    2020-01-02 | NDX        | full_cap      | AAA    | 0.75        | 0.03         | 2020-01-01    | 2020-01-02 22:00
    2020-01-02 | NDX        | full_cap      | BBB    | 0.25        | -0.01        | 2020-01-01    | 2020-01-02 22:00
    2020-01-02 | NDX        | full_cap      | NEW    |             |              |               | 2020-01-02 22:00
    2020-01-02 | NDX        | capped        | AAA    | 1.0         | 0.03         | 2020-01-01    | 2020-01-02 22:00
    2020-01-02 | SPX        | full_cap      | AAA    | 1.0         | 0.03         | 2020-01-01    | 2020-01-02 22:00
"""


def test_dispersion_is_weighted_as_the_index_opened(spec):
    """About the index's 2 %: 0.75 x 0.01^2 + 0.25 x 0.03^2 = 0.0003."""
    spec(MODEL, {"staging.session": sessions(weekdays(2)), "core.index_weight": WEIGHTS}, """
        date       | dispersion          | rotation_speed | kendall_tau | ranked_funds | known_at
        2020-01-02 | 0.01732050807568877 |                |             | 0            | 2020-01-02 22:00
    """, through=("core.index_return",))


def test_correlation_is_shown_and_its_row_known_with_it(spec):
    tables = strengths([list(range(10))])
    tables["core.sector_correlation"] = """
        date       | average_correlation_63d | known_at
        2020-01-01 | 0.4                     | 2020-01-03 12:00
    """
    spec(MODEL, tables, """
        date       | average_correlation_63d | known_at
        2020-01-01 | 0.4                     | 2020-01-03 12:00
    """)


def test_a_row_is_known_with_the_latest_strength_of_both_days(spec):
    tables = strengths([list(range(10))] * 6)
    late = tables["marts.rotation_daily"].replace(f"{weekdays(1)[0]} 21:15", "2020-01-20 12:00", 1)
    known = [str(k) for k, in spec.rows(MODEL, tables | {"marts.rotation_daily": late}, columns=["known_at"])]
    days = weekdays(6)
    assert known == ["2020-01-20 12:00:00", *(f"{day} 21:15:00" for day in days[1:5]), "2020-01-20 12:00:00"]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "an order turns at most round": [{"rotation_speed": 2.1, "compared_date": "2020-01-02"}, {"kendall_tau": -1.1}],
        "a speed has the date it is compared with": {"rotation_speed": 1},
        "compared with five to nine sessions ago": {"date": "2020-01-02", "compared_date": "2020-01-02"},
        "no spread is negative": {"dispersion": -0.01},
        "a mean of correlations is one": {"average_correlation_63d": 1.1},
        "nothing is known before its day": {"date": "2020-01-02", "known_at": "2020-01-01 21:15"},
    })
