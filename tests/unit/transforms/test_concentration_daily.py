"""marts.concentration_daily: how much the largest issuers carry."""

from __future__ import annotations

import math

import pytest
from drawn import table

UNIVERSE = """
    index_code | published_index
    NDX        | ^NDX
"""
SCHEMES = """
    index_code | weight_scheme
    NDX        | full_cap
"""
DAY = "2026-01-06"
AT = "2026-01-06 21:15"


def given(weights: dict[str, tuple], members: str = "", coverage: str = "1.0 | true | true", level: str = "",
          previous: str = "2026-01-05") -> dict[str, str]:
    """One session of an index; weights are (weight, open weight, return) by issuer."""
    return {
        "staging.universe": UNIVERSE,
        "core.weight_scheme": SCHEMES,
        "core.index_coverage": f"""
            date  | index_code | members        | issuers        | coverage_share | is_covered | has_return | known_at
            {DAY} | NDX        | {len(weights)} | {len(weights)} | {coverage} | {AT}
        """,
        "core.weight_coverage": f"""
            date  | index_code | weight_scheme | coverage_share            | known_at
            {DAY} | NDX        | full_cap      | {coverage.split(" |")[0]} | {AT}
        """,
        "core.index_member": members or f"""
            date  | index_code | symbol | price_return
            {DAY} | NDX        | AAA    |
        """,
        "core.index_weight": table(
            ("date", "index_code", "weight_scheme", "issuer", "market_cap", "weight", "open_weight", "price_return",
             "previous_date", "known_at"),
            [(DAY, "NDX", "full_cap", issuer, weight and 1000 * weight, weight, opening, change,
              previous if opening else None, AT) for issuer, (weight, opening, change) in weights.items()]),
        "core.index_level": "symbol | date | close | known_at\n" + level,
    }


def equal(names: int) -> dict[str, tuple]:
    return {f"S{n:03}": (1 / names, 1 / names, 0.01) for n in range(names)}


def figures(spec, weights: dict[str, tuple], *columns: str) -> tuple:
    row, = spec.rows("marts.concentration_daily", given(weights), columns=list(columns))
    return row


def test_five_hundred_equal_names_have_an_hhi_of_0_002(spec):
    hhi, names, top10, gini, entropy = figures(
        spec, equal(500), "hhi", "effective_names", "top10_weight", "gini", "entropy")
    assert hhi == pytest.approx(0.002, rel=1e-12)
    assert names == pytest.approx(500, rel=1e-12)
    assert top10 == pytest.approx(0.02, rel=1e-12)
    assert gini == pytest.approx(0, abs=1e-12)
    assert entropy == pytest.approx(math.log(500), rel=1e-12)


def test_five_names_of_ten_percent_among_five_hundred_have_an_hhi_of_0_0505(spec):
    """5 x 0.1^2 + 495 x (0.5/495)^2 = 0.050505."""
    weights = {f"L{n}": (0.1, 0.1, 0.01) for n in range(5)}
    weights |= {f"S{n:03}": (0.5 / 495, 0.5 / 495, 0.01) for n in range(495)}
    hhi, top5 = figures(spec, weights, "hhi", "top5_weight")
    assert hhi == pytest.approx(0.05 + 0.25 / 495, rel=1e-12)
    assert top5 == pytest.approx(0.5, rel=1e-12)


def test_gini_of_a_hand_worked_index(spec):
    """Weights 0.1 0.2 0.7: mean absolute difference (0.1 + 0.6 + 0.5) x 2 / 9, over twice the mean 1/3: 0.4."""
    weights = {"AAA": (0.7, 0.7, 0.0), "BBB": (0.2, 0.2, 0.0), "CCC": (0.1, 0.1, 0.0)}
    assert figures(spec, weights, "gini") == (pytest.approx(0.4, rel=1e-12),)


def test_one_name_that_is_everything(spec):
    spec("marts.concentration_daily", given({"AAA": (1.0, 1.0, 0.02)}), """
        top1_weight | top10_weight | hhi | effective_names | entropy | gini | index_return
        1.0         | 1.0          | 1.0 | 1.0             | 0.0     | 0.0  | 0.02
    """)


def test_the_largest_are_named_largest_first_and_ties_by_name(spec):
    weights = {"DDD": (0.1, 0.1, 0.0), "CCC": (0.2, 0.2, 0.0), "BBB": (0.2, 0.2, 0.0), "AAA": (0.5, 0.5, 0.0)}
    spec("marts.concentration_daily", given(weights), """
        top1_weight | top5_weight | top10_issuers        | total_market_cap
        0.5         | 1.0         | [AAA, BBB, CCC, DDD] | 1000
    """)


def test_the_index_return_is_the_sum_of_contributions_and_the_residual_what_it_misses(spec):
    """0.75 x 2 % - 0.25 x 2 % = 1 %; the published index made 0.8 %, so 20 bp are missed."""
    weights = {"AAA": (0.5, 0.75, 0.02), "BBB": (0.5, 0.25, -0.02)}
    spec("marts.concentration_daily", given(weights, level="""
        ^NDX | 2026-01-05 | 1000 | 2026-01-05 21:15
        ^NDX | 2026-01-06 | 1008 | 2026-01-07 09:00
    """), """
        index_return | official_return | residual_bp | is_residual_large | cap_minus_equal_return | known_at
        0.01         | 0.008           | 20.0        | true              | 0.01                   | 2026-01-07 09:00
    """)


def test_the_published_index_is_taken_over_the_span_most_of_the_weight_was_open(spec):
    """The feed dropped 01-05: the issuers' returns and the index's both start on 01-02."""
    spec("marts.concentration_daily", given({"AAA": (1.0, 1.0, 0.03)}, previous="2026-01-02", level="""
        ^NDX | 2026-01-02 | 1000 | 2026-01-02 21:15
        ^NDX | 2026-01-05 | 1020 | 2026-01-05 21:15
        ^NDX | 2026-01-06 | 1030 | 2026-01-06 21:15
    """), """
        official_return | residual_bp | is_residual_large
        0.03            | 0.0         | false
    """)


def test_without_the_published_index_the_residual_is_missing_not_zero(spec):
    spec("marts.concentration_daily", given({"AAA": (1.0, 1.0, 0.03)}), """
        index_return | official_return | residual_bp | is_residual_large
        0.03         |                 |             |
    """)


def test_an_issuer_without_a_return_is_not_in_the_equal_weighted_one(spec):
    weights = {"AAA": (0.4, 0.5, 0.02), "BBB": (0.4, 0.5, 0.04), "NEW": (0.2, None, None)}
    spec("marts.concentration_daily", given(weights), """
        equal_weight_return | index_return
        0.03                | 0.03
    """)


def test_a_session_below_the_coverage_rule_is_there_with_its_coverage_and_no_figures(spec):
    given_day = given({}, coverage="0.0 | false | false", members=f"""
        date  | index_code | symbol | price_return | is_above_50d
        {DAY} | NDX        | AAA    | 0.01         | true
    """)
    row, = spec.rows("marts.concentration_daily", given_day)
    named = dict(zip(spec.model("marts.concentration_daily").columns, row, strict=True))
    shown = {"date", "index_code", "weight_scheme", "members", "issuers", "coverage_share", "known_at"}
    assert named["coverage_share"] == 0
    assert {name for name, value in named.items() if value is not None} == shown


def member_rows(count: int, **columns: object) -> str:
    """Ten members, of which the first `count` have the given values."""
    return table(("date", "index_code", "symbol", *columns), [
        (DAY, "NDX", f"S{n}", *(value if n < count else None for value in columns.values())) for n in range(10)])


@pytest.mark.parametrize(("count", "expected"), [(10, 1.0), (9, 1.0), (8, None)])
def test_breadth_needs_90_percent_of_the_members(spec, count, expected):
    members = member_rows(count, is_above_50d="true", is_above_200d="true")
    row, = spec.rows("marts.concentration_daily", given({"AAA": (1.0, 1.0, 0.01)}, members=members),
                     columns=["above_50d_share", "above_200d_share"])
    assert row == (expected, expected)


def test_breadth_counts_members(spec):
    spec("marts.concentration_daily", given({"AAA": (1.0, 1.0, 0.01)}, members=f"""
        date  | index_code | symbol | price_return | is_above_50d | is_above_200d | is_new_high_252d | is_new_low_252d
        {DAY} | NDX        | AAA    | 0.01         | true         | true          | true             | false
        {DAY} | NDX        | AAA2   | 0.01         | true         | true          | true             | false
        {DAY} | NDX        | BBB    | -0.01        | true         | false         | false            | true
        {DAY} | NDX        | CCC    | 0.0          | false        | false         | false            | false
    """), """
        advancers | decliners | above_50d_share | above_200d_share | new_highs_252d | new_lows_252d
        2         | 1         | 0.75            | 0.5              | 2              | 1
    """)


def test_advancers_need_the_days_returns(spec):
    members = member_rows(10, price_return=0.01)
    given_day = given({"AAA": (1.0, None, None)}, members=members, coverage="1.0 | true | false")
    spec("marts.concentration_daily", given_day, """
        advancers | decliners | top1_weight | index_return
                  |           | 1.0         |
    """)
