"""The suites for daily bars and actions. They do not check price jumps, which core.price_bar_verdict judges."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, WARN, why

BAR_COLUMNS = ["symbol", "date", "open", "high", "low", "close", "volume"]
ACTION_COLUMNS = ["symbol", "date", "kind", "value", "share_of_price"]
# A dividend as a fraction of the close before it, or of the next close if the response begins with the dividend.
ACTIONS = """
    select a.*, if(a.kind = 'dividend', a.value / coalesce(b.close, n.close), null) as share_of_price
    from landed a
    asof left join (select symbol, date, close from bars where close > 0) b on b.symbol = a.symbol and b.date < a.date
    asof left join (select symbol, date, close from bars where close > 0) n on n.symbol = a.symbol and n.date >= a.date
    order by a.file_row_number"""
LARGEST_NUMBER = 1e300  # larger numbers count as infinite

HIGHEST_CLOSE = 1e7


def bars_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Return the suite for bars of the catalog's instruments (`known`); `fetched_on` is the UTC date of the fetch."""
    return gx.ExpectationSuite(name="bars", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=BAR_COLUMNS, **why("the columns are those of a bar", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="symbol", **why("every bar has a symbol", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=sorted(known),
                                        **why("the catalog contains the symbol", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every bar has a date", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="close", min_value=0, strict_min=True, mostly=MOSTLY,
                                          **why("most closes are positive", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="close", **why("every bar has a close", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="close", min_value=0, strict_min=True, max_value=HIGHEST_CLOSE,
                                          **why("the close is positive and at most ten million", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("a bar is not dated after the day it was fetched", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["symbol", "date"],
                                            **why("a symbol has one bar per date", QUARANTINE, contradicts="close")),
        *(gxe.ExpectColumnValuesToBeBetween(column=column, min_value=-LARGEST_NUMBER, max_value=LARGEST_NUMBER,
                                            **why(f"{words} is finite", QUARANTINE))
          for column, words in (("open", "an open"), ("high", "a high"), ("low", "a low"), ("volume", "a volume"))),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="high", column_B="low", or_equal=True, ignore_row_if="either_value_is_missing",
            **why("the high is not below the low", WARN)),
        gxe.ExpectColumnValuesToBeBetween(column="volume", min_value=0, **why("volume is not negative", WARN)),
    ])


def actions_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Return the suite for splits and dividends; a split ratio outside 1:200 to 200:1 is an error."""
    return gx.ExpectationSuite(name="actions", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=ACTION_COLUMNS, 
                                         **why("the columns are those of a corporate action", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="symbol", **why("every action has a symbol", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=sorted(known),
                                        **why("the catalog contains the symbol", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every action has an ex-date", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="kind", **why("every action has a kind", QUARANTINE)),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=["split", "dividend"],
                                        **why("an action is a split or a dividend", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="value", **why("every action has a ratio or an amount", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0, strict_min=True,
                                          **why("the ratio or amount is positive", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="share_of_price", max_value=1,
                                          **why("a dividend is smaller than the price", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(
            column="value", min_value=1 / 200, max_value=200, row_condition='kind=="split"',
            condition_parser="pandas", **why("a split is between 1:200 and 200:1", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("an action is not dated after the day it was fetched", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["symbol", "date", "kind"],
                                            **why("a symbol has at most one split and one dividend per date", QUARANTINE)),
    ])
