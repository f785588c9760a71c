"""The suite for published index weights: lists must be complete, and no weight may be an outlier."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, why
from expectations.spikes import with_spikes

SAID = ["index_code", "date", "published_on", "symbol", "weight"]
COLUMNS = [*SAID, "list_total", "is_known", "is_session", "names_kept", "spike"]
WHOLE = (0.98, 1.02)
FEWEST_NAMES = 0.9

# Derive `list_total`, the sum of the weights of a row's list without securities that the catalog does not hold; and, if
# that sum is about 1, `names_kept`, the number of names as a fraction of the largest list of the thirty days before. The
# constant in `level` damps the smallest weights, which may double by mere rounding.
LISTS = with_spikes("""
    with known as (
        select *, ln(if(weight >= 0, weight + 1e-4, null)) as level,
            if(symbol is null, null, (symbol in (select symbol from instrument))::integer) as is_known,
            if(date is null, null, (date::date in (select date from session))::integer) as is_session
        from landed
    ), said as (
        select *, sum(weight) filter (is_known is distinct from 0) over list as list_total, count(*) over list as names
        from known
        window list as (partition by index_code, date, published_on)
    ), lists as (
        select distinct index_code, date::date as date, names from said where list_total between 0.98 and 1.02
        union
        select index_code, date::date, names from held_list
    )
    select s.* exclude names, if(s.list_total between 0.98 and 1.02, s.names / (
        select max(l.names) from lists l
        where l.index_code = s.index_code and l.date between s.date::date - 30 and s.date::date - 1), null) as names_kept
    from said s""", "index_code, symbol", "date, published_on")
LARGEST_SPIKE = 1.1  # the logarithm of a factor of three, up and back


def weights_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Return the suite for weights by index, day, publication and security; `known` are the catalog's universes."""
    low, high = WHOLE
    return gx.ExpectationSuite(name="weights", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, **why("the columns are those of a weights list", STOP)),
        *(gxe.ExpectColumnValuesToNotBeNull(column=column, **why(f"every weight has {words}", STOP))
          for column, words in (("index_code", "an index"), ("date", "a date"), ("published_on", "a date of publication"),
                                ("symbol", "a security"))),
        gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0, max_value=1, mostly=MOSTLY,
                                          **why("most weights are fractions", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="index_code", value_set=sorted(known),
                                        **why("the catalog defines the index", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="weight", **why("a weight is a number", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0, max_value=1,
                                          **why("a weight lies between 0 and 1", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="is_known", min_value=1,
                                          **why("the catalog contains the security", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="is_session", min_value=1,
                                          **why("the list is for a trading session", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(
            column="names_kept", min_value=FEWEST_NAMES,
            **why(f"the list has at least {FEWEST_NAMES:.0%} as many names as those of the month before", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="list_total", min_value=low, max_value=high,
                                          **why(f"the weights of a list add up to between {low:g} and {high:g}",
                                                QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="spike", max_value=LARGEST_SPIKE,
                                          **why("no weight jumps by more than a factor of three and back", QUARANTINE)),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="published_on", column_B="date", or_equal=True,
                                                    **why("a list is published on or after its date", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="published_on", max_value=fetched_on,
                                          **why("a list is not published after the day it was fetched", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=SAID[:4], ignore_row_if="never",
                                            **why("a security has one weight per list", QUARANTINE, contradicts="weight")),
    ])
