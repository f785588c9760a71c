"""core.security_price: a bar per session with the return since the last close, through splits and holes."""

from __future__ import annotations

from drawn import sessions

STOCK = """
    symbol | kind
    AAA    | stock
"""


def test_a_return_is_close_over_the_last_close_minus_one(spec):
    spec("core.security_price", {
        "staging.session": sessions(2),
        "staging.instrument": STOCK,
        "core.price_bar": """
            symbol | date       | close | known_at
            AAA    | 2026-01-05 | 50    | 2026-01-05 21:15
            AAA    | 2026-01-06 | 51    | 2026-01-06 21:15
        """,
    }, """
        date       | position | close | level | previous_date | gap_sessions | price_return | log_return
        2026-01-05 | 1        | 50    | 50    |               |              |              |
        2026-01-06 | 2        | 51    | 51    | 2026-01-05    | 0            | 0.02         | 0.01980262729618
    """)


def test_a_split_makes_no_return_and_no_step_in_the_level(spec):
    spec("core.security_price", {
        "staging.session": sessions(3),
        "staging.instrument": STOCK,
        "core.price_bar": """
            symbol | date       | high | close | known_at
            AAA    | 2026-01-05 | 410  | 400   | 2026-01-05 21:15
            AAA    | 2026-01-06 | 102  | 101   | 2026-01-06 21:15
            AAA    | 2026-01-07 | 103  | 101   | 2026-01-07 21:15
        """,
        "staging.split": """
            symbol | date       | ratio | known_at
            AAA    | 2026-01-06 | 4     | 2026-01-06 21:15
        """,
    }, """
        date       | close | split_product | level | high_level | price_return
        2026-01-05 | 400   | 1             | 400   | 410        |
        2026-01-06 | 101   | 4             | 404   | 408        | 0.01
        2026-01-07 | 101   | 4             | 404   | 412        | 0.0
    """)


def test_a_missing_session_loses_no_return(spec):
    spec("core.security_price", {
        "staging.session": sessions(4),
        "staging.instrument": STOCK,
        "core.price_bar": """
            symbol | date       | close | known_at
            AAA    | 2026-01-05 | 100   | 2026-01-05 21:15
            AAA    | 2026-01-07 | 104   | 2026-01-07 21:15
            AAA    | 2026-01-08 | 104   | 2026-01-08 21:15
        """,
    }, """
        date       | previous_date | gap_sessions | price_return
        2026-01-05 |               |              |
        2026-01-07 | 2026-01-05    | 1            | 0.04
        2026-01-08 | 2026-01-07    | 0            | 0.0
    """)


def test_a_split_on_a_missing_session_is_in_the_next_return(spec):
    spec("core.security_price", {
        "staging.session": sessions(3),
        "staging.instrument": STOCK,
        "core.price_bar": """
            symbol | date       | close | known_at
            AAA    | 2026-01-05 | 100   | 2026-01-05 21:15
            AAA    | 2026-01-07 | 51    | 2026-01-07 21:15
        """,
        "staging.split": """
            symbol | date       | ratio | known_at
            AAA    | 2026-01-06 | 2     | 2026-01-09 09:00
        """,
    }, """
        date       | price_return | known_at
        2026-01-05 |              | 2026-01-05 21:15
        2026-01-07 | 0.02         | 2026-01-09 09:00
    """)


def test_a_close_more_than_five_sessions_ago_starts_no_return(spec):
    def of(last_close: str) -> dict[str, str]:
        return {
            "staging.session": sessions(7),
            "staging.instrument": STOCK,
            "core.price_bar": f"""
                symbol | date       | close | known_at
                AAA    | 2026-01-05 | 100   | 2026-01-05 21:15
                AAA    | {last_close} | 110   | 2026-01-13 21:15
            """,
        }

    spec("core.security_price", of("2026-01-12"), """
        date       | position | gap_sessions | price_return
        2026-01-05 | 1        |              |
        2026-01-12 | 6        | 4            | 0.1
    """)
    spec("core.security_price", of("2026-01-13"), """
        date       | position | gap_sessions | price_return | previous_date
        2026-01-05 | 1        |              |              |
        2026-01-13 | 7        |              |              |
    """)


def test_a_bar_on_a_day_without_a_session_makes_no_row(spec):
    spec("core.security_price", {
        "staging.session": sessions(1),
        "staging.instrument": """
            symbol | kind
            ^VIX   | index
        """,
        "core.price_bar": """
            symbol | date       | close | known_at
            ^VIX   | 2026-01-04 | 15    | 2026-01-04 21:15
            ^VIX   | 2026-01-05 | 16    | 2026-01-05 21:15
        """,
    }, """
        date       | price_return
        2026-01-05 |
    """)


def test_a_coin_has_its_own_utc_day_known_when_that_has_ended_and_compounds_weekends(spec):
    """Friday's session holds Friday's UTC day, Monday's the return from then on; a missing day is no older price."""
    spec("core.security_price", {
        "staging.session": sessions(8),
        "staging.instrument": """
            symbol  | kind
            BTC-USD | crypto
        """,
        "core.price_bar": """
            symbol  | date       | close | known_at
            BTC-USD | 2026-01-08 | 100   | 2026-01-09 00:15
            BTC-USD | 2026-01-09 | 110   | 2026-01-10 00:15
            BTC-USD | 2026-01-10 | 120   | 2026-01-11 00:15
            BTC-USD | 2026-01-11 | 150   | 2026-01-12 00:15
            BTC-USD | 2026-01-12 | 165   | 2026-01-13 00:15
            BTC-USD | 2026-01-14 | 330   | 2026-01-15 00:15
        """,
    }, """
        date       | close | price_return | gap_sessions | known_at
        2026-01-08 | 100   |              |              | 2026-01-09 00:15
        2026-01-09 | 110   | 0.1          | 0            | 2026-01-10 00:15
        2026-01-12 | 165   | 0.5          | 0            | 2026-01-13 00:15
        2026-01-14 | 330   | 1.0          | 1            | 2026-01-15 00:15
    """)


def test_a_later_split_changes_no_earlier_row(spec):
    given = {
        "staging.session": sessions(2),
        "staging.instrument": STOCK,
        "core.price_bar": """
            symbol | date       | close | known_at
            AAA    | 2026-01-05 | 33.3  | 2026-01-05 21:15
            AAA    | 2026-01-06 | 11.7  | 2026-01-06 21:15
        """,
    }
    split = """
        symbol | date       | ratio | known_at
        AAA    | 2026-01-06 | 3     | 2026-01-06 21:15
    """
    without, *_ = spec.rows("core.security_price", given)
    with_it, *_ = spec.rows("core.security_price", {**given, "staging.split": split})
    assert with_it == without


def test_a_stock_that_left_its_last_index_or_basket_has_no_row_any_longer(spec):
    """Whether a source was still asked about it depends on how a range was cut, and no table may depend on that."""
    spec("core.security_price", {
        "staging.session": sessions(2),
        "staging.instrument": """
            symbol | kind
            LEFT   | stock
            AGAIN  | stock
            NEVER  | stock
            FUND   | fund
        """,
        "staging.universe_member": """
            index_code | symbol | valid_from | valid_to
            NDX        | LEFT   | 2020-01-02 | 2026-01-06
            NDX        | AGAIN  | 2020-01-02 | 2026-01-05
        """,
        "staging.basket_member": """
            basket  | symbol | valid_from | valid_to
            leaders | LEFT   | 2020-01-02 | 2021-01-04
            leaders | AGAIN  | 2026-01-05 |
            funds   | FUND   | 2020-01-02 | 2021-01-04
        """,
        "core.price_bar": """
            symbol | date       | close | known_at
            LEFT   | 2026-01-05 | 50    | 2026-01-05 21:15
            LEFT   | 2026-01-06 | 51    | 2026-01-06 21:15
            AGAIN  | 2026-01-06 | 51    | 2026-01-06 21:15
            NEVER  | 2026-01-06 | 51    | 2026-01-06 21:15
            FUND   | 2026-01-06 | 51    | 2026-01-06 21:15
        """,
    }, """
        symbol | date       | close
        AGAIN  | 2026-01-06 | 51
        FUND   | 2026-01-06 | 51
        LEFT   | 2026-01-05 | 50
        NEVER  | 2026-01-06 | 51
    """)
