"""A spin-off declared in the catalog: its value is in the return, and market value stays what it is."""

from __future__ import annotations

import pytest
from drawn import sessions

GIVEN = {
    "staging.session": sessions(4),
    "staging.instrument": "symbol | kind\nHON | stock\nSOLS | stock",
    "staging.spinoff": "symbol | ex_date | distributed | per_share\nHON | 2026-01-06 | SOLS | 0.25",
}
HON = """
    symbol | date       | close  | known_at
    HON    | 2026-01-05 | 212.89 | 2026-01-05 21:15
    HON    | 2026-01-06 | 200.11 | 2026-01-06 21:15
    HON    | 2026-01-07 | 201.33 | 2026-01-07 21:15
"""


def test_what_was_given_is_in_the_return_of_the_ex_date_and_the_level_goes_on(spec):
    """(200.11 + 48.74 / 4) / 212.89 - 1 = -0.28 %, and the next day is as on any other."""
    bars = HON + "SOLS | 2026-01-06 | 48.74 | 2026-01-06 21:20"
    spec("core.security_price", {**GIVEN, "core.price_bar": bars}, f"""
        symbol | date       | level  | return_level               | distributed_value | price_return
        HON    | 2026-01-05 | 212.89 | 212.89                     |                   |
        HON    | 2026-01-06 | 200.11 | 212.295                    | 12.185            | {212.295 / 212.89 - 1}
        HON    | 2026-01-07 | 201.33 | {201.33 * 212.295 / 200.11} |                   | {201.33 / 200.11 - 1}
        SOLS   | 2026-01-06 | 48.74  | 48.74                      |                   |
    """)
    spec("core.security_price", {**GIVEN, "core.price_bar": bars}, """
        symbol | date       | distribution       | known_at
        HON    | 2026-01-05 |                    | 2026-01-05 21:15
        HON    | 2026-01-06 | 0.25 SOLS at 48.74 | 2026-01-06 21:20
        HON    | 2026-01-07 |                    | 2026-01-07 21:15
        SOLS   | 2026-01-06 |                    | 2026-01-06 21:20
    """)


def test_where_the_distributed_line_has_no_close_the_return_is_unknown_and_says_why(spec):
    rows = spec.rows("core.security_price", {**GIVEN, "core.price_bar": HON}, columns=[
        "level", "return_level", "price_return", "distribution"])
    assert rows == [
        (212.89, 212.89, None, None),
        (200.11, pytest.approx(212.89), None, "0.25 SOLS, whose close is not known"),
        (201.33, pytest.approx(201.33 * 212.89 / 200.11), pytest.approx(201.33 / 200.11 - 1), None)]


def test_a_hole_on_the_ex_date_loses_nothing(spec):
    spec("core.security_price", {**GIVEN, "core.price_bar": """
        symbol | date       | close  | known_at
        HON    | 2026-01-05 | 212.89 | 2026-01-05 21:15
        SOLS   | 2026-01-06 | 48.74  | 2026-01-06 21:20
        HON    | 2026-01-07 | 201.33 | 2026-01-07 21:15
    """}, """
        symbol | date       | price_return      | gap_sessions
        HON    | 2026-01-05 |                   |
        HON    | 2026-01-07 | 0.002935788435342 | 1
        SOLS   | 2026-01-06 |                   |
    """)


def test_a_spinoff_on_a_split_is_counted_in_new_shares(spec):
    spec("core.security_price", {**GIVEN, "staging.split": "symbol | date | ratio | known_at\nHON | 2026-01-06 | 2 |"
                                                           " 2026-01-06 21:15",
                                 "core.price_bar": """
        symbol | date       | close  | known_at
        HON    | 2026-01-05 | 200    | 2026-01-05 21:15
        HON    | 2026-01-06 | 90     | 2026-01-06 21:15
        SOLS   | 2026-01-06 | 40     | 2026-01-06 21:15
    """}, """
        symbol | date       | level | return_level | price_return
        HON    | 2026-01-05 | 200   | 200          |
        HON    | 2026-01-06 | 180   | 200          | 0.0
        SOLS   | 2026-01-06 | 40    | 40           |
    """)


def test_the_catalog_is_read_as_it_was_recorded(spec):
    spec("staging.spinoff", {"raw.catalog_spinoff": """
        symbol | of_symbol | ex_date    | per_share | fetched_at
        SOLS   | HON       | 2025-10-30 | 0.2       | 2026-01-05
        SOLS   | HON       | 2025-10-30 | 0.25      | 2026-01-06
    """}, """
        symbol | ex_date    | distributed | per_share
        HON    | 2025-10-30 | SOLS        | 0.25
    """)
