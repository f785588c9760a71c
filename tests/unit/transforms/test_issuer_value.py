"""core.issuer_value: a company's market value and return, whatever the number of its share classes."""

from __future__ import annotations

ONE_LINE = """
    symbol | kind  | issuer | is_primary_line | counts_whole_company | since
    AAA    | stock | AAA    | true            | false                | 2020-01-02
"""
TWO_DAYS = """
    symbol | date       | position | close | previous_date | price_return | known_at
    AAA    | 2026-01-05 | 1        | 10    |               |              | 2026-01-05 21:15
    AAA    | 2026-01-06 | 2        | 12    | 2026-01-05    | 0.2          | 2026-01-06 21:15
"""


def test_value_is_shares_in_force_times_close_and_opens_at_the_last_one(spec):
    spec("core.issuer_value", {
        "staging.instrument": ONE_LINE,
        "core.security_price": TWO_DAYS,
        "core.share_count": """
            symbol | date       | shares_in_force | known_at
            AAA    | 2026-01-05 | 100             | 2026-01-05 21:15
            AAA    | 2026-01-06 | 110             | 2026-01-06 21:15
        """,
    }, """
        issuer | date       | market_cap | previous_date | open_market_cap | price_return | known_at
        AAA    | 2026-01-05 | 1000       |               |                 |              | 2026-01-05 21:15
        AAA    | 2026-01-06 | 1320       | 2026-01-05    | 1000            | 0.2          | 2026-01-06 21:15
    """)


def test_a_company_whose_shares_are_not_known_has_no_value(spec):
    spec("core.issuer_value", {"staging.instrument": ONE_LINE, "core.security_price": TWO_DAYS}, "issuer")


def test_a_first_count_gives_a_value_but_no_opening_one(spec):
    spec("core.issuer_value", {
        "staging.instrument": ONE_LINE,
        "core.security_price": TWO_DAYS,
        "core.share_count": """
            symbol | date       | shares_in_force | known_at
            AAA    | 2026-01-06 | 110             | 2026-01-06 21:15
        """,
    }, """
        date       | market_cap | open_market_cap | price_return
        2026-01-06 | 1320       |                 |
    """)


def test_a_count_of_the_whole_company_is_counted_once_at_the_primary_lines_close(spec):
    spec("core.issuer_value", {
        "staging.instrument": """
            symbol | kind  | issuer | is_primary_line | counts_whole_company | since
            GOOG   | stock | GOOGL  | false           | true                 | 2020-01-02
            GOOGL  | stock | GOOGL  | true            | true                 | 2020-01-02
        """,
        "core.security_price": """
            symbol | date       | position | close | previous_date | price_return | known_at
            GOOG   | 2026-01-05 | 1        | 11    |               |              | 2026-01-05 21:15
            GOOG   | 2026-01-06 | 2        | 13    | 2026-01-05    | 0.1818       | 2026-01-06 21:15
            GOOGL  | 2026-01-05 | 1        | 10    |               |              | 2026-01-05 21:15
            GOOGL  | 2026-01-06 | 2        | 12    | 2026-01-05    | 0.2          | 2026-01-06 21:15
        """,
        "core.share_count": """
            symbol | date       | shares_in_force | known_at
            GOOG   | 2026-01-05 | 100             | 2026-01-05 21:15
            GOOG   | 2026-01-06 | 100             | 2026-01-06 21:15
            GOOGL  | 2026-01-05 | 100             | 2026-01-05 21:15
            GOOGL  | 2026-01-06 | 100             | 2026-01-06 21:15
        """,
    }, """
        issuer | date       | market_cap | open_market_cap | price_return
        GOOGL  | 2026-01-05 | 1000       |                 |
        GOOGL  | 2026-01-06 | 1200       | 1000            | 0.2
    """)


OWN_COUNTS = {
    "staging.instrument": """
        symbol | kind  | issuer | is_primary_line | counts_whole_company | since      | until
        LILA   | stock | LILA   | true            | false                | 2020-01-02 |
        LILAK  | stock | LILA   | false           | false                | 2020-01-02 | 2026-01-06
    """,
    "core.share_count": """
        symbol | date       | shares_in_force | known_at
        LILA   | 2026-01-05 | 100             | 2026-01-05 21:15
        LILA   | 2026-01-06 | 100             | 2026-01-06 21:15
        LILA   | 2026-01-07 | 100             | 2026-01-07 21:15
        LILAK  | 2026-01-05 | 300             | 2026-01-05 21:15
        LILAK  | 2026-01-06 | 300             | 2026-01-06 21:15
    """,
}


def test_classes_with_their_own_counts_add_up_and_their_return_is_weighted_by_opening_value(spec):
    """1,000 dollars that gain 20 % and 3,000 that lose 10 % are 4,000 that lose 2.5 %."""
    spec("core.issuer_value", OWN_COUNTS | {"core.security_price": """
        symbol | date       | position | close | previous_date | price_return | known_at
        LILA   | 2026-01-05 | 1        | 10    |               |              | 2026-01-05 21:15
        LILA   | 2026-01-06 | 2        | 12    | 2026-01-05    | 0.2          | 2026-01-06 21:15
        LILAK  | 2026-01-05 | 1        | 10    |               |              | 2026-01-05 21:15
        LILAK  | 2026-01-06 | 2        | 9     | 2026-01-05    | -0.1         | 2026-01-06 21:15
    """}, """
        issuer | date       | market_cap | open_market_cap | price_return
        LILA   | 2026-01-05 | 4000       |                 |
        LILA   | 2026-01-06 | 3900       | 4000            | -0.025
    """)


def test_half_a_company_is_not_its_value_while_the_other_class_is_listed(spec):
    spec("core.issuer_value", OWN_COUNTS | {"core.security_price": """
        symbol | date       | position | close | previous_date | price_return | known_at
        LILA   | 2026-01-05 | 1        | 10    |               |              | 2026-01-05 21:15
        LILA   | 2026-01-06 | 2        | 12    | 2026-01-05    | 0.2          | 2026-01-06 21:15
        LILA   | 2026-01-07 | 3        | 12    | 2026-01-06    | 0.0          | 2026-01-07 21:15
        LILAK  | 2026-01-05 | 1        | 10    |               |              | 2026-01-05 21:15
    """}, """
        date       | market_cap | open_market_cap
        2026-01-05 | 4000       |
        2026-01-07 | 1200       | 1200
    """)
