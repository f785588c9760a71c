"""core.basket_level: what a basket became, and the benchmark beside it."""

from __future__ import annotations

from datetime import date

from assertions import assertions_fail
from tables import draw, weekdays

MODEL = "core.basket_level"
DAYS = weekdays(15, date(2026, 3, 2))
NASDAQ = draw({"symbol": "^IXIC", "date": day, "position": i, "close": 1000, "known_at": f"{day} 21:15"}
              for i, day in enumerate(DAYS, start=1))


def test_a_level_starts_at_nothing_and_adds_up_log_returns(spec):
    spec(MODEL, {"core.index_level": NASDAQ, "core.basket_return": """
        basket | date       | position | basket_return | previous_date | gap_sessions | known_at
        tech   | 2026-03-03 | 2        | 0.1           | 2026-03-02    | 0            | 2026-03-03 21:15
        tech   | 2026-03-04 | 3        |               |               |              | 2026-03-04 21:15
        tech   | 2026-03-05 | 4        | -0.2          | 2026-03-03    | 1            | 2026-03-05 21:15
    """}, expect="""
        basket | date       | position | run | log_level            | benchmark_close | relative_log_level
        tech   | 2026-03-02 | 1        | 1   | 0                    | 1000            | -6.907755278982137
        tech   | 2026-03-03 | 2        | 1   | 0.09531017980432493  | 1000            | -6.812445099177812
        tech   | 2026-03-05 | 4        | 1   | -0.12783337150988489 | 1000            | -7.035588650492022
    """)


def test_a_silence_of_more_than_five_sessions_starts_a_new_level(spec):
    spec(MODEL, {"core.index_level": NASDAQ, "core.basket_return": """
        basket | date       | position | basket_return | previous_date | gap_sessions | known_at
        tech   | 2026-03-03 | 2        | 0.1           | 2026-03-02    | 0            | 2026-03-03 21:15
        tech   | 2026-03-10 | 7        | 0.0           | 2026-03-03    | 4            | 2026-03-10 21:15
        tech   | 2026-03-18 | 13       | 0.1           | 2026-03-17    | 0            | 2026-03-18 21:15
    """}, expect="""
        date       | run | log_level
        2026-03-02 | 1   | 0
        2026-03-03 | 1   | 0.09531017980432493
        2026-03-10 | 1   | 0.09531017980432493
        2026-03-17 | 2   | 0
        2026-03-18 | 2   | 0.09531017980432493
    """)


def test_without_the_benchmark_a_level_is_not_relative(spec):
    spec(MODEL, {"core.basket_return": """
        basket | date       | position | basket_return | previous_date | gap_sessions | known_at
        tech   | 2026-03-03 | 2        | 0.1           | 2026-03-02    | 0            | 2026-03-03 21:15
    """}, expect="""
        date       | log_level           | benchmark_close | relative_log_level
        2026-03-02 | 0                   |                 |
        2026-03-03 | 0.09531017980432493 |                 |
    """)


def test_a_level_is_known_with_the_latest_price_since_its_start(spec):
    spec(MODEL, {"core.index_level": """
        symbol | date       | position | close | known_at
        ^IXIC  | 2026-03-04 | 3        | 1000  | 2026-03-06 04:59
        ^NDX   | 2026-03-04 | 3        | 1000  | 2026-03-09 04:59
    """, "core.basket_return": """
        basket | date       | position | basket_return | previous_date | gap_sessions | known_at
        tech   | 2026-03-03 | 2        | 0.1           | 2026-03-02    | 0            | 2026-03-03 21:15
        tech   | 2026-03-04 | 3        | 0.1           | 2026-03-03    | 0            | 2026-03-04 21:15
        tech   | 2026-03-05 | 4        | 0.1           | 2026-03-04    | 0            | 2026-03-05 21:15
    """}, expect="""
        date       | known_at
        2026-03-02 | 2026-03-03 21:15
        2026-03-03 | 2026-03-03 21:15
        2026-03-04 | 2026-03-06 04:59
        2026-03-05 | 2026-03-06 04:59
    """)


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "levels are numbers": [{"log_level": "inf"},
                               {"log_level": 0, "relative_log_level": "nan", "benchmark_close": 1}],
        "relative needs a benchmark": {"log_level": 0, "relative_log_level": 0},
    })
