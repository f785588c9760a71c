"""marts.rotation_daily: relative strength between two log levels, and ranks among its kind."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from assertions import assertions_fail, assertions_hold
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, sessions, weekdays

MODEL = "marts.rotation_daily"
TIERS = """
    basket         | role        | position
    defensive      | tier        | 1
    ai_leaders     | tier        | 2
    semiconductors | tier        | 3
    crypto_equity  | tier        | 4
    xlk            | sector_fund | 5
    xlu            | sector_fund | 6
    smh            | fund        | 7
"""


def levels(basket: str, relative, runs=None) -> tuple[list[dict], list[dict]]:
    """Rows of core.basket_level and core.basket_risk with these relative log levels; None is a day without return."""
    days = weekdays(len(relative))
    level = [{"basket": basket, "date": day, "position": i, "run": runs[i - 1] if runs else 1,
              "relative_log_level": value, "known_at": f"{day} 21:15"}
             for i, (day, value) in enumerate(zip(days, relative, strict=True), start=1) if value is not None]
    risk = [{"basket": basket, "date": day, "position": i, "basket_return": None if value is None else 0.0,
             "known_at": f"{day} 21:15"} for i, (day, value) in enumerate(zip(days, relative, strict=True), start=1)]
    return level, risk


def rotation(**baskets) -> dict[str, str]:
    level, risk = [], []
    for basket, relative in baskets.items():
        more = levels(basket, relative)
        level, risk = level + more[0], risk + more[1]
    return {"staging.basket": TIERS, "core.basket_level": draw(level), "core.basket_risk": draw(risk)}


def test_a_row_says_of_how_many_members_its_return_is_the_mean(spec):
    spec(MODEL, {"staging.basket": TIERS, "core.basket_risk": """
        basket     | date       | position | members | traded_members | basket_return
        ai_leaders | 2026-03-02 | 1        | 8       | 8              | 0.01
        ai_leaders | 2026-03-03 | 2        | 8       | 6              | 0.02
        """}, """
        date       | basket     | members | traded_members | basket_return
        2026-03-02 | ai_leaders | 8       | 8              | 0.01
        2026-03-03 | ai_leaders | 8       | 6              | 0.02
    """)


def last_day(spec, column: str, **baskets) -> dict:
    rows = spec.rows(MODEL, rotation(**baskets), columns=["date", "basket", column])
    return {basket: value for day, basket, value in rows if day == max(r[0] for r in rows)}


def path(*ends: float) -> list[float]:
    """A relative log level that is 0 for 21 sessions and then `ends`."""
    return [0.0] * 21 + list(ends)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.8))
def test_strength_is_today_against_the_windows_start_or_the_last_level_by_then(spec, seed, holes):
    random = np.random.default_rng(seed)
    relative = [0.0, *(None if random.random() < holes else float(random.normal()) for _ in range(74))]
    rows = spec.rows(MODEL, rotation(smh=relative), columns=["rs_5d", "rs_21d", "rs_63d"])

    def strength(today: int, window: int) -> float | None:
        starts = [relative[i] for i in range(today - window, today - window - 5, -1)
                  if i >= 0 and relative[i] is not None]
        return relative[today] - starts[0] if starts and relative[today] is not None else None

    assert rows == [tuple(strength(today, n) for n in (5, 21, 63)) for today in range(len(relative))]


@pytest.mark.parametrize(("name", "window"), [("rs_5d", 5), ("rs_21d", 21), ("rs_63d", 63)])
def test_a_windows_start_reaches_back_four_sessions_and_not_five(spec, name, window):
    assert last_day(spec, name, smh=[0.0, *[None] * 4, *[1.0] * window]) == {"smh": 1}
    assert last_day(spec, name, smh=[0.0, *[None] * 5, *[1.0] * window]) == {"smh": None}


def test_a_hole_inside_a_window_breaks_nothing(spec):
    whole = list(np.linspace(0, 1, 30))
    holed = [None if i in (12, 13, 20) else value for i, value in enumerate(whole)]
    assert last_day(spec, "rs_21d", smh=holed) == last_day(spec, "rs_21d", smh=whole)


def test_a_level_that_began_anew_is_not_compared_with_the_old_one(spec):
    level, risk = levels("smh", [0.1] * 30, runs=[1] * 10 + [2] * 20)
    rows = spec.rows(MODEL, {"staging.basket": TIERS, "core.basket_level": draw(level), "core.basket_risk": draw(risk)},
                     columns=["rs_5d", "rs_21d"])
    assert rows[9][0] == 0
    assert rows[14][0] is None
    assert rows[15][0] == 0
    assert rows[-1][1] is None


def test_the_strongest_tier_ranks_first_and_only_tiers_rank_among_tiers(spec):
    strength = {"defensive": path(-0.09), "ai_leaders": path(-0.02), "semiconductors": path(0.19),
                "crypto_equity": path(0.02), "xlk": path(0.5), "xlu": path(0.6), "smh": path(0.7)}
    assert last_day(spec, "rs_rank", **strength) == {
        "semiconductors": 1, "crypto_equity": 2, "ai_leaders": 3, "defensive": 4, "xlk": None, "xlu": None, "smh": None}
    assert last_day(spec, "sector_rank", **strength) == {
        "semiconductors": None, "crypto_equity": None, "ai_leaders": None, "defensive": None, "xlk": 2, "xlu": 1,
        "smh": None}


def test_as_many_are_ranked_as_the_catalog_has(spec):
    """A fifth tier and an eleventh sector fund, of a user's own, have a place that the assertion allows."""
    kinds = {"t": ("tier", 5), "f": ("sector_fund", 11)}
    drawn = [{"basket": f"{letter}{n}", "role": role, "position": n} for letter, (role, many) in kinds.items()
             for n in range(many)]
    given = rotation(**{row["basket"]: path(row["position"] / 100) for row in drawn}) | {"staging.basket": draw(drawn)}
    ranks = {basket: (rs, sector) for basket, rs, sector in
             spec.rows(MODEL, given, columns=["basket", "rs_rank", "sector_rank"])[-len(drawn):]}
    assert ranks == {f"t{n}": (5 - n, None) for n in range(5)} | {f"f{n}": (None, 11 - n) for n in range(11)}
    assertions_hold(spec, MODEL, {"staging.basket": draw(drawn)}, {"a rank is a place among its kind": [
        {"rs_21d": 0, "rs_rank": 5}, {"rs_21d": 0, "sector_rank": 11}]})


def test_a_basket_too_young_to_be_strong_costs_the_others_no_rank(spec):
    young = [None] * 21 + [0.0]
    level, risk = levels("xlu", young)
    old_level, old_risk = levels("xlk", path(0.1))
    rows = spec.rows(MODEL, {"staging.basket": TIERS, "core.basket_level": draw(level + old_level),
                             "core.basket_risk": draw(risk[21:] + old_risk)}, columns=["basket", "sector_rank"])
    assert rows[-2:] == [("xlk", 1), ("xlu", None)]


def test_on_a_day_when_one_of_them_has_no_return_none_is_ranked(spec):
    assert last_day(spec, "rs_rank", defensive=path(0.1, 0.1), ai_leaders=path(0.2, None)) == {
        "defensive": None, "ai_leaders": None}


def test_volatility_is_measured_by_that_of_technology(spec):
    spec(MODEL, {"staging.basket": TIERS, "core.basket_risk": """
        basket | date       | position | basket_return | volatility_63d | beta_63d | correlation_63d | known_at
        smh    | 2026-03-02 | 1        | 0.02          | 0.3            | 1.5      | 0.8             | 2026-03-02 21:15
        xlk    | 2026-03-02 | 1        | 0.01          | 0.2            | 1.1      | 0.9             | 2026-03-02 21:15
        smh    | 2026-03-03 | 2        | 0.02          | 0.3            | 1.5      | 0.8             | 2026-03-03 21:15
        xlk    | 2026-03-03 | 2        | 0.00          | 0.0            | 1.1      | 0.9             | 2026-03-03 21:15
    """}, expect="""
        date       | basket | basket_return | beta_63d | correlation_63d | volatility_63d | volatility_ratio_to_xlk
        2026-03-02 | smh    | 0.02          | 1.5      | 0.8             | 0.3            | 1.5
        2026-03-02 | xlk    | 0.01          | 1.1      | 0.9             | 0.2            | 1.0
        2026-03-03 | smh    | 0.02          | 1.5      | 0.8             | 0.3            |
        2026-03-03 | xlk    | 0.00          | 1.1      | 0.9             | 0.0            |
    """)


def weeks(**last_sessions) -> str:
    """core.relative_rotation of smh, by the last session of a week."""
    return draw({"basket": "smh", "date": day, "rs_ratio": ratio, "rs_momentum": momentum, "known_at": f"{day} 22:00"}
                for day, ratio, momentum in last_sessions.values())


def days_of(first: int, last: int) -> dict[str, str]:
    """core.basket_risk of smh in March 2026, on weekdays."""
    return {"staging.basket": TIERS, "core.basket_risk": draw(
        {"basket": "smh", "date": day, "position": i, "basket_return": 0.0, "known_at": f"{day} 21:15"}
        for i, day in enumerate(weekdays(23, date(2026, 3, 2)), start=1) if first <= day.day <= last)}


def test_a_weeks_rotation_stands_from_its_last_session_to_the_next_ones_eve(spec):
    rotation_of = weeks(a=("2026-03-06", 101.0, 99.0), b=("2026-03-12", 99.0, 101.0))   # Friday 13 is no session
    rows = spec.rows(MODEL, days_of(5, 16) | {"core.relative_rotation": rotation_of},
                     columns=["date", "rs_ratio", "rs_momentum", "quadrant", "known_at"])
    assert [(day.day, *figures, str(known)) for day, *figures, known in rows if day.day != 13] == [
        (5, None, None, None, "2026-03-05 21:15:00"),
        (6, 101, 99, "weakening", "2026-03-06 22:00:00"),
        *((day, 101, 99, "weakening", f"2026-03-{day:02} 21:15:00") for day in (9, 10, 11)),
        (12, 99, 101, "improving", "2026-03-12 22:00:00"),
        (16, 99, 101, "improving", "2026-03-16 21:15:00"),
    ]


@pytest.mark.parametrize(("ratio", "momentum", "quadrant"), [
    (100.0, 100.0, "leading"), (100.0, 99.9, "weakening"), (99.9, 99.9, "lagging"), (99.9, 100.0, "improving"),
    (101.0, None, None), (None, None, None)])
def test_quadrants_split_at_100(spec, ratio, momentum, quadrant):
    tables = days_of(6, 6) | {"core.relative_rotation": weeks(a=("2026-03-06", ratio, momentum))}
    assert spec.rows(MODEL, tables, columns=["quadrant"]) == [(quadrant,)]


def test_betas_by_side_are_those_of_the_day(spec):
    tables = days_of(5, 6) | {"core.basket_side_beta": """
        basket | date       | beta_up_63d | beta_down_63d
        smh    | 2026-03-05 | 1.2         | 1.6
        xlk    | 2026-03-06 | 2.2         | 2.6
    """}
    assert spec.rows(MODEL, tables, columns=["beta_up_63d", "beta_down_63d"]) == [(1.2, 1.6), (None, None)]


def test_a_row_is_known_with_those_it_is_ranked_among_and_measured_by(spec):
    spec(MODEL, {"staging.basket": TIERS, "core.basket_risk": """
        basket     | date       | position | basket_return | known_at
        ai_leaders | 2026-03-02 | 1        | 0.02          | 2026-03-02 21:15
        defensive  | 2026-03-02 | 1        | 0.01          | 2026-03-04 12:00
        smh        | 2026-03-02 | 1        | 0.02          | 2026-03-02 21:15
        xlk        | 2026-03-02 | 1        | 0.02          | 2026-03-03 12:00
        xlu        | 2026-03-02 | 1        | 0.02          | 2026-03-06 12:00
    """}, expect="""
        basket     | known_at
        ai_leaders | 2026-03-04 12:00
        defensive  | 2026-03-04 12:00
        smh        | 2026-03-03 12:00
        xlk        | 2026-03-06 12:00
        xlu        | 2026-03-06 12:00
    """)


def test_from_prices_to_strength(spec):
    """A basket that rises 1 % a day beside a flat market gains 21 log steps in 21 sessions."""
    days = weekdays(30, date(2026, 3, 2))
    bars = [{"symbol": symbol, "date": day, "close": float(100 * growth**i), "known_at": f"{day} 21:15"}
            for symbol, growth in (("NVDA", 1.01), ("MSFT", 1.01), ("^IXIC", 1.0)) for i, day in enumerate(days)]
    rows = spec.rows(MODEL, {
        "staging.session": sessions(days),
        "staging.instrument": "symbol | kind\nNVDA | stock\nMSFT | stock\n^IXIC | index",
        "staging.basket": TIERS,
        "staging.basket_member": "basket|symbol|valid_from\nai_leaders|NVDA|2020-01-02\nai_leaders|MSFT|2020-01-02",
        "core.price_bar": draw(bars),
    }, through=("core.security_price", "core.index_level", "core.basket_return", "core.basket_level",
                "core.basket_risk"), columns=["basket_return", "benchmark_return", "gap_sessions", "rs_21d", "rs_rank"])
    assert len(rows) == 29
    assert rows[19] == (pytest.approx(0.01), 0, 0, None, None)
    # 21 sessions after the first close, not after the first return
    assert rows[20] == (pytest.approx(0.01), 0, 0, pytest.approx(21 * np.log(1.01)), 1)


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a rank is a place among its kind": [{"rs_21d": 0, "rs_rank": 5}, {"rs_21d": 0, "sector_rank": 11},
                                             {"rs_21d": 0, "rs_rank": 1, "sector_rank": 1}],
        "no more trade than are members": [{"members": 2, "traded_members": 3}, {"members": 2, "traded_members": -1}],
        "a return needs six in ten members": {"members": 10, "traded_members": 5, "basket_return": 0.01},
        "a rank has its strength": [{"rs_rank": 1}, {"sector_rank": 1}],
        "relative strength needs both": {"rs_63d": 0.1},
        "a quadrant is where ratio and momentum are": [
            {"rs_ratio": 101, "rs_momentum": 101, "quadrant": "lagging"}, {"rs_ratio": 101, "rs_momentum": 101},
            {"rs_ratio": 101, "quadrant": "leading"}],
        "correlation is a cosine": {"correlation_63d": -1.1},
        "volatility is not negative": {"volatility_63d": -0.1},
        "the ratio of xlk to itself is 1": {"basket": "xlk", "volatility_ratio_to_xlk": 1.1},
        "nothing is known before its day": {"date": "2026-03-02", "known_at": "2026-03-01 21:15"},
    })
