"""What a batch of share counts must be before it is loaded; whether one is believed is core.share_count's matter."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, why

COLUMNS = ["symbol", "date", "shares_outstanding"]
FEWEST, MOST = 1e5, 1e12


def shares_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Counts of shares outstanding, one for a symbol and date."""
    return gx.ExpectationSuite(name="shares", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, **why("the columns are a share count's", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="symbol", **why("every count has a symbol", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=sorted(known),
                                        **why("the catalogue holds the symbol", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every count has a date", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="shares_outstanding", min_value=FEWEST, max_value=MOST, mostly=MOSTLY,
                                          **why("most counts are plausible", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="shares_outstanding", **why("a count is a number", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(
            column="shares_outstanding", min_value=FEWEST, max_value=MOST,
            **why("a company has between a hundred thousand and a trillion shares", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("a count is not dated after its fetch", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["symbol", "date"],
                                            **why("one count for a symbol and date", QUARANTINE)),
    ])
