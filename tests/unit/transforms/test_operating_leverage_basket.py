"""A basket's operating leverage is that of one company made of its members, and says how many of them it is made of."""

from __future__ import annotations

import pytest
from assertions import assertions_fail
from tables import draw

MART = "marts.operating_leverage_basket_quarterly"
WAY = ("core.statement_span", "core.statement_year_on_year")
MEMBERS = {
    "staging.instrument": """
        symbol | kind  | issuer
        AAA    | stock | AAA
        BBB    | stock | BBB
        CCC    | stock | CCC
        FUND   | fund  | FUND
    """,
    "staging.basket_member": """
        basket | symbol | valid_from | valid_to
        two    | AAA    | 2015-01-01 |
        two    | BBB    | 2015-01-01 |
        three  | AAA    | 2015-01-01 |
        three  | BBB    | 2015-01-01 |
        three  | CCC    | 2025-02-01 |
        left   | AAA    | 2015-01-01 | 2025-12-31
        funds  | FUND   | 2015-01-01 |
    """,
}


def quarter(issuer: str, end: str, revenue: float, gross: float, operating: float | None, free: float,
            capex: float | None = None) -> dict[str, object]:
    return {"issuer": issuer, "period_end": end, "revenue": revenue, "gross_profit": gross,
            "operating_income": operating, "free_cash_flow": free, "capital_expenditure": capex,
            "known_at": f"{end} 21:00"}


# AAA and BBB: 100 + 300 of revenue become 150 + 350; operating income 10 + 90 becomes 30 + 120.
QUARTERS = [quarter("AAA", "2024-12-31", 100, 50, 10, 5, 20), quarter("AAA", "2025-12-31", 150, 90, 30, 5, 50),
            quarter("BBB", "2025-01-31", 300, 150, 90, 95), quarter("BBB", "2026-01-31", 350, 210, 120, 145),
            quarter("CCC", "2025-12-31", 999, 999, 999, 999)]


def rows(spec, quarters, *columns: str) -> list[tuple]:
    return spec.rows(MART, {**MEMBERS, "core.statement_quarter": draw(quarters)}, through=WAY, columns=list(columns))


def test_sums_over_sums_with_their_coverage(spec):
    got = rows(spec, QUARTERS, "basket", "basis", "members", "covered_members", "coverage_share", "revenue",
               "revenue_change_return", "operating_margin", "operating_margin_change")
    figures = (500, pytest.approx(0.25), pytest.approx(0.3), pytest.approx(0.05))
    assert got == [("three", "same_quarter", 3, 2, pytest.approx(2 / 3), *figures),
                   ("two", "same_quarter", 2, 2, 1, *figures)]


def test_the_basket_is_levered_like_one_company(spec):
    got = rows(spec, QUARTERS, "degree_of_operating_leverage", "incremental_margin", "gross_margin_change",
               "free_cash_flow_margin_change", "margin_stack")
    assert got[1] == (pytest.approx(2.0), pytest.approx(0.5), pytest.approx(0.1), pytest.approx(0.05), 3)


def test_capital_expenditure_is_of_those_that_state_it(spec):
    got = rows(spec, QUARTERS, "capex_members", "capex_to_revenue", "capex_change_return")
    assert got[1] == (1, pytest.approx(1 / 3), pytest.approx(1.5))


def test_a_fiscal_quarter_counts_for_the_calendar_quarter_of_its_middle(spec):
    """One that ends in January counts with those that end in December, one that ends in February with March."""
    ends = ["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"]
    for end, first in zip(ends, ["2025-10-01", "2025-10-01", "2026-01-01", "2026-01-01"], strict=True):
        year_before = end.replace("2026", "2024" if end.startswith("2025") else "2025").replace("2025-12", "2024-12")
        got = rows(spec, [quarter("BBB", year_before, 1, 1, 1, 1), quarter("BBB", end, 2, 1, 1, 1)], "quarter")
        assert {str(day) for day, in got} == {first}, end


def test_amounts_of_two_currencies_are_not_added_up(spec):
    """Two companies in dollars and one in Taiwan dollars, a thousand times as large: it is not covered."""
    in_dollars = [{**row, "currency": "USD"} for row in QUARTERS[:4]]
    taiwan = [{**quarter("CCC", end, 1000 * n, 500 * n, 300 * n, 200 * n), "currency": "TWD"}
              for n, end in enumerate(["2024-12-31", "2025-12-31"], 300)]
    got = rows(spec, [*in_dollars, *taiwan], "basket", "currency", "members", "covered_members", "revenue",
               "operating_margin")
    assert got == [("three", "USD", 3, 2, 500, pytest.approx(0.3)), ("two", "USD", 2, 2, 500, pytest.approx(0.3))]


def test_a_basket_of_one_foreign_currency_has_its_sums_in_it(spec):
    got = rows(spec, [{**row, "currency": "TWD"} for row in QUARTERS[:4]], "basket", "currency", "revenue")
    assert got == [("three", "TWD", 500), ("two", "TWD", 500)]


def test_of_two_currencies_the_commoner_one_is_added_up_and_of_as_many_the_known_one(spec):
    mixed = [*[{**row, "currency": "USD"} for row in QUARTERS[2:4]],
             *[{**row, "currency": None} for row in QUARTERS[:2]]]
    assert rows(spec, mixed, "basket", "currency", "covered_members", "revenue") == [
        ("three", "USD", 1, 350), ("two", "USD", 1, 350)]


def test_years_and_quarters_are_not_added_up(spec):
    year = [quarter("AAA", f"{y}-{end}", 1, 1, 1, 1) for y in (2024, 2025)
            for end in ("03-31", "06-30", "09-30", "12-31")]
    got = rows(spec, [*year, *QUARTERS[2:4]], "basket", "quarter", "basis", "covered_members")
    assert [(basis, n) for basket, day, basis, n in got if basket == "two" and str(day) == "2025-10-01"] == [
        ("same_quarter", 1), ("trailing_four_quarters", 1)]


def test_a_company_without_all_three_margins_is_not_covered(spec):
    unstated = [quarter("AAA", "2024-12-31", 100, 50, None, 5), *QUARTERS[1:4]]
    assert [row[0] for row in rows(spec, unstated, "covered_members")] == [1, 1]


def test_the_assertions_can_fail(spec):
    row = {"basket": "two", "quarter": "2025-10-01", "basis": "same_quarter"}
    shares = {**row, "members": 2, "covered_members": 2, "capex_members": 2, "coverage_share": 1}
    assertions_fail(spec, MART, {
        "coverage is a share of the members": [{**shares, "coverage_share": 0}, {**shares, "covered_members": 3},
                                               {**shares, "capex_members": 3}],
        "a stack counts the margins that rose": {
            **row, "margin_stack": 0, "gross_margin_change": 0.1, "operating_margin_change": 0.1,
            "free_cash_flow_margin_change": 0.1},
        "leverage needs a change to lever": {**row, "degree_of_operating_leverage": 2, "revenue_change_return": 0.01}})
