"""What the observations of a macro series must be before they are loaded; the ranges are the catalogue's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, why
from warehouse.catalog import Series

COLUMNS = ["series_id", "date", "value", "realtime_start", "realtime_end"]


def names_suite(known: Collection[str]) -> gx.ExpectationSuite:
    """The observations of a batch as a whole; `known` are the catalogue's series."""
    return gx.ExpectationSuite(name="macro", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, **why("the columns are an observation's", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="series_id", **why("every observation has a series", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="series_id", value_set=sorted(known),
                                        **why("the catalogue holds the series", QUARANTINE)),
    ])


def macro_suite(series: Series, fetched_on: date) -> gx.ExpectationSuite:
    """Observations of one series, one for a date and real-time period; an explicitly missing value is allowed."""
    low, high = series.range
    plausible = f"{series.id} lies between {low:g} and {high:g} {series.unit}"
    return gx.ExpectationSuite(name=f"macro.{series.id}", expectations=[
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every observation has a date", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=low, max_value=high, mostly=MOSTLY,
                                          **why(f"most of {plausible}", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=low, max_value=high, **why(plausible, QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("an observation is not dated after its fetch", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["date", "realtime_start"], ignore_row_if="never",
                                            **why("one value for a date and release", QUARANTINE)),
    ])
