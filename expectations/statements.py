"""The suite for quarterly statement items."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import QUARANTINE, STOP, WARN, why

COLUMNS = ["symbol", "statement", "period_end", "item", "value"]


def statements_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Return the suite for items of income statement, balance sheet and cash flow, one per symbol, period and item."""
    return gx.ExpectationSuite(name="statements", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, **why("the columns are those of a statement item", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="symbol", **why("every item has a symbol", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=sorted(known),
                                        **why("the catalog contains the symbol", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="period_end", **why("every item has a period", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="statement", **why("every item belongs to a statement", QUARANTINE)),
        gxe.ExpectColumnValuesToBeInSet(column="statement", value_set=["income", "balance", "cashflow"],
                                        **why("a statement is income, balance or cashflow", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="item", **why("every item has a name", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="value", **why("every item has a value", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="period_end", max_value=fetched_on,
                                          **why("the reported period has ended", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["symbol", "statement", "period_end", "item"],
                                            **why("an item has one value per symbol, statement and period", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(
            column="value", min_value=0, row_condition='item=="Total Revenue"', condition_parser="pandas",
            **why("revenue is not negative", WARN)),
    ])
