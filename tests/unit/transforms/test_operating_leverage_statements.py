"""What a company's statements become before they are compared: one name an item, one company whatever the line."""

from __future__ import annotations

from datetime import date

import pytest
from assertions import assertions_fail
from tables import draw

INSTRUMENTS = """
    symbol | issuer | is_primary_line
    GOOGL  | GOOGL  | true
    GOOG   | GOOGL  | false
"""
ENDS = ["2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30"]


def filed(spec, rows: str, columns: str, expect: str) -> None:
    """One company's items (statement | period_end | item | value) as core.statement_quarter names them."""
    lines = [f"GOOGL | rule | 2025-05-16 | {line.strip()}" for line in rows.strip().splitlines()]
    spec("core.statement_quarter", given={
        "staging.instrument": INSTRUMENTS,
        "staging.statement_item": "\n".join(
            ["symbol | pit_quality | known_at | statement | period_end | item | value", *lines])},
        expect=f"{columns}\n{expect}")


@pytest.mark.parametrize(("item", "statement", "column", "stated", "value"), [
    ("Gross Profit", "income", "gross_profit", 40, 40),
    ("Operating Income", "income", "operating_income", -3, -3),
    ("Total Operating Income As Reported", "income", "operating_income", 7, 7),
    ("Operating Expense", "income", "operating_expense", 9, 9),
    ("Reconciled Cost Of Revenue", "income", "cost_of_revenue", 60, 60),
    ("Capital Expenditure", "cashflow", "capital_expenditure", -25, 25),
    ("Purchase Of PPE", "cashflow", "capital_expenditure", -25, 25),
    ("Cash Flow From Continuing Operating Activities", "cashflow", "operating_cash_flow", 30, 30),
    ("Receivables", "balance", "receivables", 8, 8),
    ("Payables", "balance", "payables", 8, 8),
    ("Inventory", "balance", "inventory", 5, 5),
    ("Total Assets", "balance", "total_assets", 500, 500)])
def test_an_item_has_one_name_whatever_the_source_calls_it(spec, item, statement, column, stated, value):
    filed(spec, f"income | 2025-03-31 | Total Revenue | 100\n{statement} | 2025-03-31 | {item} | {stated}",
          f"revenue | {column}", f"100 | {value}")


def test_the_first_name_stands_before_the_second(spec):
    filed(spec, """
        income   | 2025-03-31 | Operating Revenue | 90
        income   | 2025-03-31 | Total Revenue | 100
        income   | 2025-03-31 | Total Operating Income As Reported | 5
        income   | 2025-03-31 | Operating Income | 7
        cashflow | 2025-03-31 | Purchase Of PPE | -10
        cashflow | 2025-03-31 | Capital Expenditure | -12
    """, "revenue | operating_income | capital_expenditure", "100 | 7 | 12")


def test_what_follows_from_other_items_is_computed_where_it_is_not_said(spec):
    filed(spec, """
        income   | 2025-03-31 | Operating Revenue | 100
        income   | 2025-03-31 | Cost Of Revenue | 60
        income   | 2025-03-31 | Selling And Marketing Expense | 6
        income   | 2025-03-31 | General And Administrative Expense | 4
        cashflow | 2025-03-31 | Operating Cash Flow | 30
        cashflow | 2025-03-31 | Capital Expenditure | -12
    """, "revenue | gross_profit | sga | free_cash_flow", "100 | 40 | 10 | 18")


def test_what_is_not_stated_is_not_known(spec):
    filed(spec, "income | 2025-03-31 | Total Revenue | 100\nincome | 2025-03-31 | EBIT | 50",
          "gross_profit | operating_income | sga | free_cash_flow | inventory | capital_expenditure", "| | | | |")


def test_capital_expenditure_that_brought_money_is_not_believed(spec):
    filed(spec, """
        income   | 2025-03-31 | Total Revenue | 100
        cashflow | 2025-03-31 | Capital Expenditure | 12
    """, "revenue | capital_expenditure", "100 |")


def test_a_quarter_without_revenue_is_no_row(spec):
    filed(spec, """
        balance | 2024-12-31 | Accounts Payable | 12
        income  | 2025-03-31 | Total Revenue | 100
    """, "period_end", "2025-03-31")


def test_an_item_of_another_statement_is_another_item(spec):
    filed(spec, "income | 2025-03-31 | Total Revenue | 100\ncashflow | 2025-03-31 | Inventory | 7",
          "revenue | inventory", "100 |")


def test_statements_on_any_line_are_the_companys_and_the_primary_line_stands(spec):
    spec("core.statement_quarter", given={
        "staging.instrument": INSTRUMENTS,
        "staging.statement_item": """
            symbol | statement | period_end | item          | value | pit_quality | known_at
            GOOG   | income    | 2024-12-31 | Total Revenue | 90    | vintage     | 2025-02-05
            GOOG   | income    | 2025-03-31 | Total Revenue | 101   | vintage     | 2025-04-25
            GOOGL  | income    | 2025-03-31 | Total Revenue | 100   | rule        | 2025-05-16
        """}, expect="""
            issuer | period_end | revenue | pit_quality | known_at
            GOOGL  | 2024-12-31 | 90      | vintage     | 2025-02-05
            GOOGL  | 2025-03-31 | 100     | rule        | 2025-05-16
        """)


def test_a_quarter_is_known_when_its_last_item_is_and_as_surely_as_its_weakest(spec):
    spec("core.statement_quarter", given={
        "staging.instrument": INSTRUMENTS,
        "staging.statement_item": """
            symbol | statement | period_end | item             | value | pit_quality | known_at
            GOOGL  | income    | 2025-03-31 | Total Revenue    | 100   | vintage     | 2025-04-25
            GOOGL  | income    | 2025-03-31 | Operating Income | 30    | snapshot    | 2025-06-01
        """}, expect="pit_quality | known_at\nsnapshot | 2025-06-01")


def test_an_amount_in_another_currency_than_the_revenue_is_left_out(spec):
    spec("core.statement_quarter", given={
        "staging.instrument": INSTRUMENTS,
        "staging.statement_item": """
            symbol | statement | period_end | item             | value | currency | known_at
            GOOGL  | income    | 2024-12-31 | Total Revenue    | 100   | TWD      | 2025-05-01
            GOOGL  | income    | 2024-12-31 | Operating Income | 30    | USD      | 2025-06-01
            GOOGL  | income    | 2024-12-31 | Gross Profit     | 40    | TWD      | 2025-05-01
            GOOGL  | income    | 2025-03-31 | Total Revenue    | 100   |          | 2025-05-16
            GOOGL  | income    | 2025-03-31 | Operating Income | 30    | USD      | 2025-05-16
        """}, expect="""
            period_end | currency | revenue | operating_income | gross_profit | known_at
            2024-12-31 | TWD      | 100     |                  | 40           | 2025-05-01
            2025-03-31 | USD      | 100     | 30               |              | 2025-05-16
        """)


def test_quarters_in_two_currencies_make_no_year(spec):
    """The company changes to dollars: no year until four quarters are in dollars, and no comparison over the change."""
    rows = [{"issuer": "AAA", "period_end": end, "revenue": 100, "known_at": f"{end} 21:00",
             "currency": "EUR" if n < 2 else "USD"}
            for n, end in enumerate(["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30",
                                     "2025-09-30"])]
    given = {"core.statement_quarter": draw(rows)}
    spec("core.statement_span", given, expect="""
        period_end | quarters | currency | revenue
        2024-03-31 | 1 | EUR | 100
        2024-06-30 | 1 | EUR | 100
        2024-09-30 | 1 | USD | 100
        2024-12-31 | 1 | USD | 100
        2025-03-31 | 1 | USD | 100
        2025-06-30 | 1 | USD | 100
        2025-06-30 | 4 | USD | 400
        2025-09-30 | 1 | USD | 100
        2025-09-30 | 4 | USD | 400
    """)
    spec("core.statement_year_on_year", given, through=("core.statement_span",), expect="""
        period_end | basis        | currency
        2024-03-31 |              | EUR
        2024-06-30 |              | EUR
        2024-09-30 |              | USD
        2024-12-31 |              | USD
        2025-03-31 |              | USD
        2025-06-30 |              | USD
        2025-09-30 | same_quarter | USD
    """)


def test_a_currency_that_was_not_kept_is_that_of_the_same_company(spec):
    given = {"core.statement_quarter": draw([
        {"issuer": "AAA", "period_end": "2024-03-31", "revenue": 90, "currency": None, "known_at": "2024-05-15"},
        {"issuer": "AAA", "period_end": "2025-03-31", "revenue": 100, "currency": "TWD", "known_at": "2025-05-15"}])}
    spec("core.statement_year_on_year", given, through=("core.statement_span",), expect="""
        period_end | basis        | currency
        2024-03-31 |              |
        2025-03-31 | same_quarter | TWD
    """)


def test_a_restated_item_replaces_the_old_one_from_its_own_day_on(spec):
    raw = {"raw.statement_item": """
        symbol | statement | period_end | item          | value | known_at   | fetched_at | is_withdrawn
        AAA    | income    | 2025-03-31 | Total Revenue | 100   | 2025-05-16 | 2025-05-20 | false
        AAA    | income    | 2025-03-31 | Total Revenue | 98    | 2025-08-01 | 2025-08-01 | false
        AAA    | income    | 2025-03-31 | Gross Profit  | 40    | 2025-05-16 | 2025-05-20 | false
        AAA    | income    | 2025-03-31 | Gross Profit  |       | 2025-08-01 | 2025-08-01 | true
    """}
    columns = "item | value | known_at"
    spec("staging.statement_item", raw, as_of="2025-05-15", expect=columns)
    spec("staging.statement_item", raw, recorded_by="2025-05-19", expect=columns)
    spec("staging.statement_item", raw, as_of="2025-07-31",
         expect=f"{columns}\nGross Profit | 40 | 2025-05-16\nTotal Revenue | 100 | 2025-05-16")
    spec("staging.statement_item", raw, expect=f"{columns}\nTotal Revenue | 98 | 2025-08-01")


def spans(spec, ends: list[str], expect: str) -> None:
    """The four-quarter spans of quarters with revenues 1, 2, 3 ... and an operating income in all but the first."""
    rows = [{"issuer": "AAA", "period_end": end, "revenue": n, "operating_income": n / 10 if n > 1 else None,
             "total_assets": n * 100, "known_at": f"{end} 21:00"} for n, end in enumerate(ends, 1)]
    spec("core.statement_span", given={"core.statement_quarter": draw(rows)}, expect=f"""
        period_end | quarters | revenue | operating_income | total_assets
        {expect.strip()}""")


def test_four_quarters_in_a_row_make_a_year(spec):
    spans(spec, ENDS, """
        2024-06-30 | 1 | 1  |     | 100
        2024-09-30 | 1 | 2  | 0.2 | 200
        2024-12-31 | 1 | 3  | 0.3 | 300
        2025-03-31 | 1 | 4  | 0.4 | 400
        2025-03-31 | 4 | 10 |     | 400
        2025-06-30 | 1 | 5  | 0.5 | 500
        2025-06-30 | 4 | 14 | 1.4 | 500
    """)


@pytest.mark.parametrize("ends", [
    ["2025-03-22", "2025-06-14", "2025-09-06", "2025-12-27"],     # 12, 12 and 16 weeks
    ["2025-03-30", "2025-06-29", "2025-09-28", "2026-01-04"]])    # 13, 13 and 14 weeks
def test_fiscal_quarters_of_whole_weeks_are_quarters(spec, ends):
    rows = spec.rows("core.statement_span", {"core.statement_quarter": draw(
        [{"issuer": "AAA", "period_end": end, "revenue": 1.0} for end in ends])}, columns=["period_end", "quarters"])
    assert (date.fromisoformat(ends[-1]), 4) in rows


@pytest.mark.parametrize("ends", [
    ["2024-06-30", "2024-12-31", "2025-03-31", "2025-06-30"],                   # one is missing
    ["2024-09-30", "2024-12-31", "2025-03-31", "2025-04-30", "2025-06-30"],     # one too many
    ["2025-03-31", "2025-04-30", "2025-05-31", "2025-06-30"]])                  # months
def test_other_four_do_not_make_a_year(spec, ends):
    rows = spec.rows("core.statement_span", {"core.statement_quarter": draw(
        [{"issuer": "AAA", "period_end": end, "revenue": 1.0} for end in ends])}, columns=["period_end", "quarters"])
    assert (date(2025, 6, 30), 4) not in rows


def test_the_assertions_on_the_way_can_fail(spec):
    assertions_fail(spec, "staging.statement_item", {
        "a value is a number": {"statement": "income", "value": float("nan")},
        "a currency is three letters": {"statement": "income", "currency": "$"},
        "one of three statements": {"statement": "profit"},
        "nothing from after as_of": {"statement": "income", "known_at": "2200-01-01"}})
    assertions_fail(spec, "core.statement_quarter", {
        "a company sells something": {"issuer": "AAA"},
        "capital expenditure is spent": {"revenue": 1, "capital_expenditure": -1}})
    assertions_fail(spec, "core.statement_span", {"a quarter or a year": {"quarters": 3}})
    base = "{'issuer': 'AAA'}"
    assertions_fail(spec, "core.statement_year_on_year", {
        "a basis we know": {"basis": "guess", "base": base, "quarters": 1},
        "a basis has its base": [{"basis": "same_quarter", "quarters": 1}, {"base": base, "quarters": 1}],
        "four quarters only against four": [{"basis": "trailing_four_quarters", "base": base, "quarters": 1},
                                            {"basis": "same_quarter", "base": base, "quarters": 4}, {"quarters": 4}]})
