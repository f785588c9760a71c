"""What a batch of daily bars and corporate actions must be before it is loaded."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, WARN, why

BAR_COLUMNS = ["symbol", "date", "open", "high", "low", "close", "volume", "spike"]
ACTION_COLUMNS = ["symbol", "date", "kind", "value"]

# Derived for validation only. A bar is a spike when it stands off both its neighbours: the smaller of the |log return|
# into it and out of it. The first and the newest bar have neighbours on one side only: half the smaller of the |log
# returns| to the nearest two counts, so that a true leap to a new level passes, and so does a bar next to a spike.
BARS = """
    select * exclude (before, before2, after, after2),
        case when before is null then least(after, after2) / 2 when after is null then least(before, before2) / 2
            else least(before, after) end as spike
    from (
        select * exclude level,
            abs(level - lag(level, 1 ignore nulls) over w) as before,
            abs(level - lag(level, 2 ignore nulls) over w) as before2,
            abs(level - lead(level, 1 ignore nulls) over w) as after,
            abs(level - lead(level, 2 ignore nulls) over w) as after2
        from (select *, ln(if(close > 0, close, null)) as level from landed)
        window w as (partition by symbol order by date, file_row_number))
    order by file_row_number"""
LARGEST_SPIKE = 1.1  # a factor of three, there and back
HIGHEST_CLOSE = 1e9


def bars_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Bars of instruments the catalogue holds (`known`); `fetched_on` is the UTC date of the fetch."""
    return gx.ExpectationSuite(name="bars", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=BAR_COLUMNS, **why("the columns are a bar's", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="symbol", **why("every bar has a symbol", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=sorted(known),
                                        **why("the catalogue holds the symbol", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every bar has a date", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="close", min_value=0, strict_min=True, mostly=MOSTLY,
                                          **why("most closes are positive", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="close", **why("a bar has a close", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="close", min_value=0, strict_min=True, max_value=HIGHEST_CLOSE,
                                          **why("a close is positive and no more than a billion", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("a bar is not dated after its fetch", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["symbol", "date"],
                                            **why("one bar for a symbol and date", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="spike", max_value=LARGEST_SPIKE,
                                          **why("a close does not leap threefold and back", QUARANTINE)),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="high", column_B="low", or_equal=True, ignore_row_if="either_value_is_missing",
            **why("the high is not below the low", WARN)),
        gxe.ExpectColumnValuesToBeBetween(column="volume", min_value=0, **why("volume is not negative", WARN)),
    ])


def actions_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Splits and dividends; a split ratio outside 1:200 to 200:1 is a mistake."""
    return gx.ExpectationSuite(name="actions", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=ACTION_COLUMNS, **why("the columns are an action's", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="symbol", **why("every action has a symbol", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=sorted(known),
                                        **why("the catalogue holds the symbol", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every action has an ex-date", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="kind", **why("an action has a kind", QUARANTINE)),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=["split", "dividend"],
                                        **why("an action is a split or a dividend", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="value", **why("an action has a ratio or dividend", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0, strict_min=True,
                                          **why("a ratio or dividend is positive", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(
            column="value", min_value=1 / 200, max_value=200, row_condition='kind=="split"',
            condition_parser="pandas", **why("a split is between 1:200 and 200:1", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("an action is not dated after its fetch", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["symbol", "date", "kind"],
                                            **why("one action of a kind for a symbol and date", QUARANTINE)),
    ])
