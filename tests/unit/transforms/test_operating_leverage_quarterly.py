"""Operating leverage on paper, against NumPy, and against what the simulator planted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from assertions import assertions_fail
from hypothesis import given as inputs
from hypothesis import settings
from hypothesis import strategies as st
from tables import draw

MART = "marts.operating_leverage_quarterly"
WAY = ("core.statement_span", "core.statement_year_on_year")
ENDS = [date(year, month, day) for year in (2024, 2025) for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))]


def quarter(end: date | str, known: str = "rule", **items: float | None) -> dict[str, object]:
    """A row of core.statement_quarter: revenue 100 unless said, everything else unknown unless said."""
    return {"issuer": "AAA", "period_end": end, "revenue": 100.0, "gross_profit": None, "cost_of_revenue": None,
            "operating_income": None, "operating_expense": None, "sga": None, "operating_cash_flow": None,
            "capital_expenditure": None, "free_cash_flow": None, "total_assets": None, "inventory": None,
            "receivables": None, "payables": None, "pit_quality": known, "known_at": f"{end} 21:00", **items}


def year(spec, quarters: Sequence[dict], expect: str) -> None:
    """The mart's newest row of these quarters, in the columns drawn; a cell left empty is NULL."""
    columns, wanted = ([cell.strip() for cell in line.split("|")] for line in expect.strip("\n").split("\n"))
    rows = spec.rows(MART, {"core.statement_quarter": draw(quarters)}, through=WAY, columns=columns)
    for column, got, want in zip(columns, rows[-1], wanted, strict=True):
        if isinstance(got, float):
            assert got == pytest.approx(float(want), abs=1e-12), column
        else:
            assert ("" if got is None else str(got)) == want, column


def test_a_year_against_the_year_before_where_eight_quarters_are_there(spec):
    before = [quarter(end, gross_profit=50, operating_income=20, free_cash_flow=15) for end in ENDS[:4]]
    after = [quarter(end, revenue=125, gross_profit=70, operating_income=30, free_cash_flow=10) for end in ENDS[4:8]]
    # 400 of revenue become 500: gross margin 0.50 -> 0.56, operating 0.20 -> 0.24, free cash flow 0.15 -> 0.08.
    year(spec, before + after, """
        period_end | basis                  | revenue | revenue_change_return | gross_margin | gross_margin_change
        2025-12-31 | trailing_four_quarters | 500     | 0.25                  | 0.56         | 0.06""")
    year(spec, before + after, """
        operating_margin | operating_margin_change | free_cash_flow_margin | free_cash_flow_margin_change | margin_stack
        0.24             | 0.04                    | 0.08                  | -0.07                        | 2""")
    # Operating income rose by half on a quarter more revenue; of 100 more, 40 stayed.
    year(spec, before + after, "degree_of_operating_leverage | incremental_margin\n2 | 0.4")


def test_a_quarter_against_the_same_quarter_where_less_than_eight_are_there(spec):
    quarters = [quarter(ENDS[0], operating_income=10), *(quarter(end, revenue=1) for end in ENDS[1:4]),
                quarter(ENDS[4], revenue=150, operating_income=30)]
    year(spec, quarters, """
        basis        | revenue | revenue_change_return | operating_margin | degree_of_operating_leverage
        same_quarter | 150     | 0.5                   | 0.2              | 4""")


def test_a_missing_quarter_in_between_leaves_the_same_quarter(spec):
    year(spec, [quarter(ENDS[n]) for n in (0, 1, 3, 4, 5, 6, 7)], "basis | revenue\nsame_quarter | 100")


def test_without_a_year_before_there_are_levels_and_no_changes(spec):
    quarters = [quarter(end, gross_profit=60, operating_income=30, free_cash_flow=20) for end in ENDS[:4]]
    year(spec, quarters, """
        basis | revenue | gross_margin | operating_margin | free_cash_flow_margin | revenue_change_return
              | 100     | 0.6          | 0.3              | 0.2                   |""")
    year(spec, quarters, """
        gross_margin_change | operating_margin_change | margin_stack | degree_of_operating_leverage | incremental_margin
                            |                         |              |                              |""")


def test_a_year_of_52_weeks_is_a_year(spec):
    year(spec, [quarter("2024-12-28"), quarter("2025-12-27", revenue=110)],
         "basis | revenue_change_return\nsame_quarter | 0.1")


def test_a_stack_is_unknown_while_one_of_its_margins_is(spec):
    year(spec, [quarter(ENDS[0], gross_profit=50, operating_income=20),
                quarter(ENDS[4], gross_profit=60, operating_income=30)],
         "gross_margin_change | operating_margin_change | margin_stack\n0.1 | 0.1 |")


@pytest.mark.parametrize(("revenue", "base_income", "degree"), [
    (101.9, 10.0, ""), (98.1, 10.0, ""), (102.0, 10.0, "50"), (90.0, 10.0, "-10"),   # a change of 2 % is enough
    (150.0, 0.0, ""), (150.0, -5.0, "")])                                            # nothing to lever
def test_leverage_needs_a_change_and_a_base(spec, revenue, base_income, degree):
    year(spec, [quarter(ENDS[0], operating_income=base_income), quarter(ENDS[4], revenue=revenue, operating_income=20)],
         f"degree_of_operating_leverage\n{degree or ' '}")


def test_incremental_margin_needs_a_change_only(spec):
    before = quarter(ENDS[0], operating_income=-5)
    year(spec, [before, quarter(ENDS[4], revenue=101, operating_income=-4)], "incremental_margin\n1")
    year(spec, [before, quarter(ENDS[4], operating_income=-4)], "incremental_margin | revenue_change_return\n | 0")


def test_what_is_spent_to_grow(spec):
    year(spec, [quarter(ENDS[0], capital_expenditure=10, operating_expense=30),
                quarter(ENDS[4], revenue=200, capital_expenditure=30, operating_cash_flow=60, operating_expense=50,
                        sga=24)], """
        capex_to_revenue | capex_to_revenue_change | capex_change_return | capex_to_operating_cash_flow | sga_to_revenue
        0.15             | 0.05                    | 2                   | 0.5                          | 0.12""")
    year(spec, [quarter(ENDS[0], operating_expense=30), quarter(ENDS[4], revenue=200, operating_expense=50)], """
        operating_expense_to_revenue | operating_expense_to_revenue_change
        0.25                         | -0.05""")


def test_cash_that_operations_burned_pays_for_nothing(spec):
    year(spec, [quarter(ENDS[0], capital_expenditure=10, operating_cash_flow=-5)],
         "capex_to_revenue | capex_to_operating_cash_flow\n0.1 |")


def test_a_single_quarter_is_a_fourth_of_a_year(spec):
    one = quarter(ENDS[0], gross_profit=40, cost_of_revenue=60, total_assets=800, inventory=30, receivables=50, payables=20)
    # 91.25 days x (30 / 60 + 50 / 100 - 20 / 60)
    year(spec, [one], f"gross_profit_to_assets | cash_conversion_cycle_days\n0.2 | {91.25 * (0.5 + 0.5 - 1 / 3)}")
    # Of a year the same stocks are a fourth of the days.
    year(spec, [{**one, "period_end": end} for end in ENDS[:8]],
         f"gross_profit_to_assets | cash_conversion_cycle_days\n0.2 | {91.25 * (0.5 + 0.5 - 1 / 3)}")


def test_no_inventory_stated_is_no_cycle(spec):
    year(spec, [quarter(ENDS[0], cost_of_revenue=60, receivables=50, payables=20)], "cash_conversion_cycle_days\n ")


def test_nothing_is_a_share_of_no_revenue(spec):
    year(spec, [quarter(ENDS[0], operating_income=1), quarter(ENDS[4], revenue=-10, operating_income=5, gross_profit=1)],
         "operating_margin | gross_margin | revenue_change_return | degree_of_operating_leverage\n | | |")


def test_a_row_is_known_when_its_last_quarter_is_and_as_surely_as_its_weakest(spec):
    late = {**quarter(ENDS[0]), "known_at": "2026-06-01 12:00"}      # the base was restated
    year(spec, [late, quarter(ENDS[4], "vintage")], "pit_quality | known_at\nrule | 2026-06-01 12:00:00")
    year(spec, [quarter(ENDS[0], "vintage"), quarter(ENDS[4], "snapshot")],
         "pit_quality | known_at\nsnapshot | 2025-03-31 21:00:00")


amounts = st.lists(st.floats(1, 1000), min_size=8, max_size=8)


@settings(max_examples=25, deadline=None)
@inputs(revenue=amounts, income=st.lists(st.floats(-200, 400), min_size=8, max_size=8), capex=amounts)
def test_any_eight_quarters_agree_with_numpy(spec, revenue, income, capex):
    quarters = [quarter(end, revenue=r, operating_income=i, capital_expenditure=c)
                for end, r, i, c in zip(ENDS[:8], revenue, income, capex, strict=True)]
    columns = ["revenue_change_return", "operating_margin_change", "degree_of_operating_leverage",
               "capex_to_revenue_change"]
    got = spec.rows(MART, {"core.statement_quarter": draw(quarters)}, through=WAY, columns=columns)[-1]
    (r0, r1), (i0, i1), (c0, c1) = (np.array(x).reshape(2, 4).sum(axis=1) for x in (revenue, income, capex))
    change = r1 / r0 - 1
    degree = (i1 / i0 - 1) / change if abs(change) >= 0.02 and i0 > 0 else None
    assert (got[2] is None) == (degree is None)
    want = (change, i1 / r1 - i0 / r0, degree or 0, c1 / r1 - c0 / r0)
    assert [value or 0 for value in got] == pytest.approx(want, rel=1e-9, abs=1e-9)


def test_the_leverage_the_simulator_planted_is_recovered(spec):
    """From its statements by item, filed under GOOG for GOOGL; money is in whole millions, so nothing is rounded."""
    import pandas as pd

    from flows.simulator import listings, paths, statements, story
    from warehouse import catalog

    listed = listings.choose(catalog.load(), paths.Sessions(story.FIRST, story.LAST), 7)
    rows, planted = statements.statements(listed, 7)
    truth = pd.DataFrame(planted)
    names = [n for n, _ in enumerate(listed.symbols)]
    issuer = {listed.symbols[n]: listed.symbols[listed.issuer[n]] for n in names}
    spec.con.begin()
    try:
        spec.con.register("items", pd.DataFrame(rows))
        spec.con.execute("""
            insert into staging.statement_item (symbol, statement, period_end, item, value, pit_quality, known_at)
            select symbol, statement, period_end, item, value, 'rule', period_end + interval 46 day from items""")
        spec.con.register("companies", pd.DataFrame({"symbol": issuer.keys(), "issuer": issuer.values()}))
        spec.con.execute("""insert into staging.instrument (symbol, issuer, is_primary_line)
                            select symbol, issuer, symbol = issuer from companies""")
        for model in ("core.statement_quarter", *WAY, MART):
            spec.con.execute(f"create or replace table {model} as {spec.model(model).sql}")
        spec.con.register("truth", truth.assign(issuer=truth.symbol.map(issuer)))
        got = spec.con.execute(f"""
            select revenue_change_return - revenue_change, m.operating_margin_change - t.operating_margin_change,
                degree_of_operating_leverage - if(isnan(degree), null, degree),
                (degree_of_operating_leverage is null) = isnan(degree), basis
            from truth t left join {MART} m using (issuer, period_end)""").fetchall()
    finally:
        spec.con.rollback()
    assert len(got) == len(truth) > 200
    assert {row[4] for row in got} == {"trailing_four_quarters"}
    assert all(row[3] for row in got)
    assert np.nanmax(np.abs(np.array([row[:3] for row in got], float))) < 1e-9


def test_the_assertions_can_fail(spec):
    row = {"issuer": "AAA", "period_end": "2026-03-31"}
    assertions_fail(spec, MART, {
        "a basis we know": {**row, "basis": "guess"},
        "no change without a year before": {**row, "incremental_margin": 0.5},
        "leverage needs a change to lever": {**row, "degree_of_operating_leverage": 3.0, "revenue_change_return": 0.01},
        "a stack counts the margins that rose": {
            **row, "margin_stack": 3, "gross_margin_change": 0.1, "operating_margin_change": 0.1,
            "free_cash_flow_margin_change": -0.1},
        "a figure is a number": [{**row, column: float("inf")} for column in (
            "gross_margin", "operating_margin", "incremental_margin", "capex_to_operating_cash_flow")],
        "quality is one of three": {**row, "pit_quality": "hearsay"},
        "nothing is known before its day": {**row, "known_at": "2026-03-30"}})
