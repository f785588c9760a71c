"""The suite for share counts. core.share_count decides later whether a count is plausible."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.severity import MOSTLY, QUARANTINE, STOP, why

# If a date has several counts, rank each by its distance to the count in force: the previous count, or else the next one,
# adjusted for the splits in between. `place` 1 is the nearest. A date with a single count is not compared.
CHOICE = """
    with said as (
        select symbol, date::date as date, shares_outstanding, file_row_number,
            count(*) over (partition by symbol, date) as counts
        from landed where shares_outstanding > 0
    ), settled as (
        select symbol, date, shares_outstanding from said where counts = 1
        union
        select h.symbol, h.date::date, h.shares_outstanding from held_count h
        where (h.symbol, h.date::date) not in (select (symbol, date) from said)
    ), split as (
        select symbol, date::date as date, ratio from held_split
    ), compared as (
        select s.*, coalesce(
            b.shares_outstanding * (select coalesce(product(ratio), 1) from split p
                                    where p.symbol = s.symbol and p.date > b.date and p.date <= s.date),
            a.shares_outstanding / (select coalesce(product(ratio), 1) from split p
                                    where p.symbol = s.symbol and p.date > s.date and p.date <= a.date)) as in_force
        from said s
        asof left join settled b on b.symbol = s.symbol and b.date < s.date
        asof left join settled a on a.symbol = s.symbol and a.date > s.date
        where s.counts > 1
    )
    select file_row_number, in_force, row_number() over (
            partition by symbol, date order by abs(ln(shares_outstanding / in_force)), file_row_number desc) as place,
        list(shares_outstanding) over (partition by symbol, date) as counts
    from compared"""

COLUMNS = ["symbol", "date", "shares_outstanding"]
FEWEST, MOST = 1e5, 1e12


def shares_suite(known: Collection[str], fetched_on: date) -> gx.ExpectationSuite:
    """Return the suite for counts of shares outstanding, one per symbol and date."""
    return gx.ExpectationSuite(name="shares", expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, **why("the columns are those of a share count", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="symbol", **why("every count has a symbol", STOP)),
        gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=sorted(known),
                                        **why("the catalog contains the symbol", QUARANTINE)),
        gxe.ExpectColumnValuesToNotBeNull(column="date", **why("every count has a date", STOP)),
        gxe.ExpectColumnValuesToBeBetween(column="shares_outstanding", min_value=FEWEST, max_value=MOST, mostly=MOSTLY,
                                          **why("most counts are plausible", STOP)),
        gxe.ExpectColumnValuesToNotBeNull(column="shares_outstanding", **why("a count is a number", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(
            column="shares_outstanding", min_value=FEWEST, max_value=MOST,
            **why("a company has between 100,000 and 1 trillion shares", QUARANTINE)),
        gxe.ExpectColumnValuesToBeBetween(column="date", max_value=fetched_on,
                                          **why("a count is not dated after the day it was fetched", QUARANTINE)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["symbol", "date"],
                                            **why("a symbol has one count per date", QUARANTINE)),
    ])
