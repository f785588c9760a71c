"""What a batch of published index weights must be before it is loaded: whole lists, and no weight out of line."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, why
from expectations.spikes import with_spikes

SAID = ["index_code", "date", "published_on", "symbol", "weight"]
COLUMNS = [*SAID, "list_total", "spike"]
WHOLE = (0.98, 1.02)

# With what the weights of a row's list add to. Rounded as they are, the smallest weights may double and mean nothing.
LISTS = with_spikes("""
    select *, ln(if(weight >= 0, weight + 1e-4, null)) as level,
        sum(weight) over (partition by index_code, date, published_on) as list_total
    from landed""", "index_code, symbol", "date, published_on")
LARGEST_SPIKE = 1.1  # a factor of three, there and back


def weights_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Weights by index, day, publication and security; `known` are the catalogue's universes."""
    low, high = WHOLE
    return gx.ExpectationSuite(name="weights", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, **why("the columns are a list's", STOP)),
        *(gxe.ExpectColumnValuesToNotBeNull(column=column, **why(f"every weight has its {words}", STOP))
          for column, words in (("index_code", "index"), ("date", "day"), ("published_on", "day of publication"),
                                ("symbol", "security"))),
        gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0, max_value=1, mostly=MOSTLY,
                                          **why("most weights are fractions", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="index_code", value_set=sorted(known),
                                        **why("the index is one of the catalogue", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="weight", **why("a weight is a number", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0, max_value=1,
                                          **why("a weight lies between 0 and 1", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="list_total", min_value=low, max_value=high,
                                          **why(f"the weights of a whole list add to {low:g} to {high:g}", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="spike", max_value=LARGEST_SPIKE,
                                          **why("no weight is a spike of more than a factor of three", QUARANTINE)),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="published_on", column_B="date", or_equal=True,
                                                    **why("a list is published on or after its day", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="published_on", max_value=fetched_on,
                                          **why("a list is not published after its fetch", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=SAID[:4], ignore_row_if="never",
                                            **why("one weight for a security of a list", QUARANTINE)),
    ])
