"""audit.coverage: what was asked, what came, what is missing and what was late."""

from __future__ import annotations

from datetime import date

from drawn import day, sessions, table

ASKED = """
    batch_id | feed | key | asked_from | asked_to   | status   | rows | reason | fetched_at       | run_id
    b1       | bars | AAA | 2026-01-05 | 2026-01-07 | received | 3    | -      | 2026-01-07 22:00 | r1
    b1       | bars | BBB | 2026-01-05 | 2026-01-07 | received | 2    | -      | 2026-01-07 22:00 | r1
"""
BARS = """
    symbol | date       | close | known_at         | fetched_at
    AAA    | 2026-01-05 | 10    | 2026-01-05 21:15 | 2026-01-07 22:00
    AAA    | 2026-01-06 | 10    | 2026-01-06 21:15 | 2026-01-07 22:00
    AAA    | 2026-01-07 | 10    | 2026-01-07 21:15 | 2026-01-07 22:00
    BBB    | 2026-01-05 | 10    | 2026-01-05 21:15 | 2026-01-07 22:00
    BBB    | 2026-01-07 | 10    | 2026-01-07 21:15 | 2026-01-07 22:00
"""
STOCKS = """
    symbol | since      | until
    AAA    | 2020-01-02 |
    BBB    | 2020-01-02 |
"""


def after_close(*keys: str, feed: str = "bars", rule: str = "after_close_minutes", lag: int = 15) -> str:
    return table(("feed", "key", "rule", "lag"), [(feed, key, rule, lag) for key in keys])


def given(**changed: str) -> dict[str, str]:
    tables = {"staging__session": sessions(5), "staging__instrument": STOCKS, "raw__fetch_outcome": ASKED,
              "raw__price_bar": BARS, "raw__catalog_availability": after_close("AAA", "BBB")} | changed
    return {name.replace("__", "."): text for name, text in tables.items()}


THROUGH = ("staging.price_bar_by_source", "staging.price_bar")


def test_what_was_asked_came_or_is_missing_by_name(spec):
    spec("audit.coverage", given(), """
        date       | feed | expected | received | missing | late | missing_keys | late_keys
        2026-01-05 | bars | 2        | 2        | 0       | 0    | []           | []
        2026-01-06 | bars | 2        | 1        | 1       | 0    | [BBB]        | []
        2026-01-07 | bars | 2        | 2        | 0       | 0    | []           | []
    """, through=THROUGH)


def test_a_bar_that_a_later_fetch_brought_is_late_and_not_missing(spec):
    spec("audit.coverage", given(
        raw__fetch_outcome=ASKED + """
            b2 | bars | BBB | 2026-01-06 | 2026-01-08 | received | 2 | - | 2026-01-08 22:00 | r2
        """,
        raw__price_bar=BARS + """
            BBB | 2026-01-06 | 10 | 2026-01-06 21:15 | 2026-01-08 22:00
            BBB | 2026-01-08 | 10 | 2026-01-08 21:15 | 2026-01-08 22:00
        """,
    ), """
        date       | expected | received | missing | late | late_keys
        2026-01-05 | 2        | 2        | 0       | 0    | []
        2026-01-06 | 2        | 2        | 0       | 1    | [BBB]
        2026-01-07 | 2        | 2        | 0       | 0    | []
        2026-01-08 | 1        | 1        | 0       | 0    | []
    """, through=THROUGH)


def test_a_key_that_failed_is_missing(spec):
    failed = ASKED.replace("BBB | 2026-01-05 | 2026-01-07 | received", "BBB | 2026-01-05 | 2026-01-07 | failed")
    spec("audit.coverage", given(raw__fetch_outcome=failed, raw__price_bar=BARS.split("    BBB")[0]), """
        date       | missing_keys
        2026-01-05 | [BBB]
        2026-01-06 | [BBB]
        2026-01-07 | [BBB]
    """, through=THROUGH)


def test_nothing_is_expected_before_a_listing_or_after_the_last_trading_day(spec):
    spec("audit.coverage", given(staging__instrument="""
        symbol | since      | until
        AAA    | 2020-01-02 | 2026-01-05
        BBB    | 2026-01-07 |
    """), """
        date       | expected
        2026-01-05 | 1
        2026-01-07 | 1
    """, through=THROUGH)


def test_a_withdrawn_bar_is_missing(spec):
    withdrawn = BARS.replace("fetched_at", "fetched_at | is_withdrawn", 1)
    lines = [line + " | false" if "|" in line and "symbol" not in line else line for line in withdrawn.splitlines()]
    withdrawn = "\n".join([*lines, "AAA | 2026-01-06 | | 2026-01-09 09:00 | 2026-01-09 09:00 | true"])
    spec("audit.coverage", given(raw__price_bar=withdrawn), """
        date       | missing_keys
        2026-01-05 | []
        2026-01-06 | [AAA, BBB]
        2026-01-07 | []
    """, through=THROUGH)


def test_what_was_not_due_when_we_asked_is_not_expected(spec):
    """The UTC day of 01-07 ends after the fetch; so does the next-day rule of a FRED series."""
    spec("audit.coverage", given(
        raw__catalog_availability=after_close("AAA", rule="after_utc_midnight_minutes")), """
        date
        2026-01-05
        2026-01-06
    """, through=THROUGH)


def test_a_daily_series_is_expected_when_its_rule_says(spec):
    spec("audit.coverage", given(
        raw__catalog_availability=after_close("DGS10", "NFCI", feed="observations", rule="lag_business_days", lag=1),
        staging__series="""
            series_id | frequency | since
            DGS10     | daily     | 2026-01-06
            NFCI      | weekly    | 1990-01-02
        """,
        raw__fetch_outcome=ASKED + """
            b2 | observations | DGS10 | 1990-01-02 | 2026-01-09 | received | 2 | - | 2026-01-09 22:00 | r1
            b2 | observations | NFCI  | 1990-01-02 | 2026-01-09 | received | 2 | - | 2026-01-09 22:00 | r1
        """,
        raw__macro_observation="""
            series_id | date       | value | known_at         | fetched_at
            DGS10     | 2026-01-06 | 4.1   | 2026-01-08 04:59 | 2026-01-09 22:00
        """,
    ), """
        date       | feed         | expected | received | missing_keys
        2026-01-06 | observations | 1        | 1        | []
        2026-01-07 | observations | 1        | 0        | [DGS10]
    """, through=THROUGH)


def test_no_yield_is_expected_of_a_day_on_which_the_board_is_closed(spec):
    """Of Columbus Day, 2025-10-13, nothing is expected; Friday's yield is due on Tuesday, after the fetch of Monday."""
    days = [date(2025, 10, d) for d in (9, 10, 13, 14)]
    spec("audit.coverage", given(
        staging__session=table(("date", "position", "close_at", "known_at"), [
            (d, n, f"{d} 20:00", f"{d} 20:15") for n, d in enumerate(days, 1)]),
        staging__business_day=table(("date", "position"), [
            (d, n) for n, d in enumerate((*days[:2], days[3], date(2025, 10, 15)), 1)]),
        raw__catalog_availability=after_close("DGS10", feed="observations", rule="lag_federal_business_days", lag=1),
        staging__series="""
            series_id | frequency | since
            DGS10     | daily     | 1990-01-02
        """,
        raw__fetch_outcome="""
            batch_id | feed         | key   | asked_from | asked_to   | status   | rows | reason | fetched_at       | run_id
            b1       | observations | DGS10 | 2025-10-09 | 2025-10-13 | received | 2    | -      | 2025-10-14 12:00 | r1
            b2       | observations | DGS10 | 2025-10-09 | 2025-10-14 | received | 1    | -      | 2025-10-16 12:00 | r2
        """,
        raw__macro_observation="""
            series_id | date       | value | known_at         | fetched_at
            DGS10     | 2025-10-09 | 4.14  | 2025-10-11 03:59 | 2025-10-14 12:00
            DGS10     | 2025-10-10 | 4.05  | 2025-10-15 03:59 | 2025-10-14 12:00
        """,
    ), """
        date       | feed         | expected | received | late | missing_keys
        2025-10-09 | observations | 1        | 1        | 0    | []
        2025-10-10 | observations | 1        | 1        | 0    | []
        2025-10-14 | observations | 1        | 0        | 0    | [DGS10]
    """, through=THROUGH)


def test_at_most_twenty_missing_keys_are_named(spec):
    keys = [f"S{n:02}" for n in range(25)]
    (expected, missing, named), = spec.rows("audit.coverage", {
        "staging.session": sessions(1),
        "staging.instrument": table(("symbol", "since"), [(key, "2020-01-02") for key in keys]),
        "raw.catalog_availability": after_close(*keys),
        "raw.fetch_outcome": table(
            ("batch_id", "feed", "key", "asked_from", "asked_to", "status", "rows", "reason", "fetched_at", "run_id"),
            [("b", "bars", key, day(1), day(1), "empty", 0, "-", f"{day(1)} 22:00", "r") for key in keys]),
    }, columns=["expected", "missing", "missing_keys"])
    assert (expected, missing, named) == (25, 25, keys[:20])
