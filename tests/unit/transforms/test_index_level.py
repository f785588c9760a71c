"""core.index_level: the exchange's closes, FRED's in their holes, and the returns between them."""

from __future__ import annotations

from datetime import date

from assertions import assertions_fail
from tables import draw, sessions, weekdays

MODEL = "core.index_level"
INDICES = {
    "staging.instrument": "symbol | kind\n^VIX | index\n^IXIC | index\nAAPL | stock",
    "staging.series": "series_id | fallback_for\nVIXCLS | ^VIX\nDGS10 |",
}
WEEK = {**INDICES, "staging.session": sessions(weekdays(5, date(2026, 3, 2)))}


def test_a_return_is_close_over_the_close_before(spec):
    spec(MODEL, {**WEEK, "core.price_bar": """
        symbol | date       | close | high | source | known_at
        ^IXIC  | 2026-03-02 | 100   | 101  | yahoo  | 2026-03-02 21:15
        ^IXIC  | 2026-03-03 | 110   | 112  | yahoo  | 2026-03-03 21:15
    """}, expect="""
        symbol | date       | position | close | high | source | previous_date | gap_sessions | price_return
        ^IXIC  | 2026-03-02 | 1        | 100   | 101  | yahoo  |               |              |
        ^IXIC  | 2026-03-03 | 2        | 110   | 112  | yahoo  | 2026-03-02    | 0            | 0.1
    """)


def test_a_high_that_comes_later_moves_no_close(spec):
    spec(MODEL, {**WEEK, "core.price_bar": """
        symbol | date       | close | high | high_known_at    | known_at
        ^IXIC  | 2026-03-02 | 100   | 101  | 2026-03-04 09:00 | 2026-03-02 21:15
        ^IXIC  | 2026-03-03 | 110   |      |                  | 2026-03-03 21:15
    """}, expect="""
        date       | high | high_known_at    | known_at
        2026-03-02 | 101  | 2026-03-04 09:00 | 2026-03-02 21:15
        2026-03-03 |      |                  | 2026-03-03 21:15
    """)


def test_fred_fills_a_hole_of_the_same_date_and_says_so(spec):
    spec(MODEL, {**WEEK, "core.price_bar": """
        symbol | date       | close | high | source | known_at
        ^VIX   | 2026-03-02 | 20    | 21   | yahoo  | 2026-03-02 21:15
        ^VIX   | 2026-03-04 | 25    | 26   | yahoo  | 2026-03-04 21:15
    """, "staging.macro_observation": """
        series_id | date       | value | source | known_at
        VIXCLS    | 2026-03-02 | 99    | fred   | 2026-03-04 04:59
        VIXCLS    | 2026-03-03 | 22    | fred   | 2026-03-05 04:59
        DGS10     | 2026-03-03 | 4     | fred   | 2026-03-05 04:59
    """}, expect="""
        symbol | date       | close | high | source | price_return        | known_at
        ^VIX   | 2026-03-02 | 20    | 21   | yahoo  |                     | 2026-03-02 21:15
        ^VIX   | 2026-03-03 | 22    |      | fred   | 0.1                 | 2026-03-05 04:59
        ^VIX   | 2026-03-04 | 25    | 26   | yahoo  | 0.13636363636363635 | 2026-03-05 04:59
    """)


def test_fred_fills_with_its_latest_vintage_and_not_with_one_taken_back(spec):
    spec(MODEL, {**WEEK, "staging.macro_observation": """
        series_id | date       | value | source | known_at
        VIXCLS    | 2026-03-02 | 20    | fred   | 2026-03-04 04:59
        VIXCLS    | 2026-03-02 | 21    | fred   | 2026-03-06 12:00
        VIXCLS    | 2026-03-03 | 22    | fred   | 2026-03-05 04:59
        VIXCLS    | 2026-03-03 |       | fred   | 2026-03-06 12:00
    """}, expect="""
        date       | close | source | known_at
        2026-03-02 | 21    | fred   | 2026-03-06 12:00
    """)


CHEAPER_FIRST = "source | priority\ncboe | 1\nyahoo | 2\nfred | 3"


def test_where_the_first_sources_bar_is_held_the_next_ones_stands_in(spec):
    """But for one that says the same: what evidence holds, another copy of it does not prove."""
    spec(MODEL, {**WEEK, "staging.source": CHEAPER_FIRST, "core.price_bar": """
        symbol | date       | close | source | known_at
        ^VIX   | 2026-03-02 | 20    | cboe   | 2026-03-02 21:15
    """, "core.price_bar_held": """
        symbol | date       | close | known_at
        ^VIX   | 2026-03-03 | 200   | 2026-03-03 21:15
        ^VIX   | 2026-03-04 | 210   | 2026-03-04 21:15
    """, "staging.price_bar_by_source": """
        symbol | date       | close | source | known_at
        ^VIX   | 2026-03-02 | 20    | cboe   | 2026-03-02 21:15
        ^VIX   | 2026-03-02 | 21    | yahoo  | 2026-03-02 21:15
        ^VIX   | 2026-03-03 | 200   | cboe   | 2026-03-03 21:15
        ^VIX   | 2026-03-03 | 22    | yahoo  | 2026-03-03 21:20
        ^VIX   | 2026-03-04 | 210   | cboe   | 2026-03-04 21:15
        ^VIX   | 2026-03-04 | 210   | yahoo  | 2026-03-04 21:15
    """, "staging.macro_observation": """
        series_id | date       | value | source | known_at
        VIXCLS    | 2026-03-03 | 23    | fred   | 2026-03-05 04:59
        VIXCLS    | 2026-03-04 | 24    | fred   | 2026-03-06 04:59
    """}, expect="""
        date       | close | source
        2026-03-02 | 20    | cboe
        2026-03-03 | 22    | yahoo
        2026-03-04 | 24    | fred
    """)


def test_what_a_source_dates_on_a_holiday_makes_no_row(spec):
    spec(MODEL, {**INDICES, "staging.session": sessions([date(2026, 1, 16), date(2026, 1, 20)]),
                 "core.price_bar": """
        symbol | date       | close | known_at
        ^VIX   | 2026-01-16 | 20    | 2026-01-16 21:15
        ^VIX   | 2026-01-19 | 21    | 2026-01-19 21:15
        ^VIX   | 2026-01-20 | 22    | 2026-01-20 21:15
    """, "staging.macro_observation": """
        series_id | date       | value | known_at
        VIXCLS    | 2026-01-19 | 21    | 2026-01-21 04:59
    """}, expect="""
        date       | close | gap_sessions | price_return
        2026-01-16 | 20    |              |
        2026-01-20 | 22    | 0            | 0.1
    """)


def test_a_missing_session_loses_no_return(spec):
    spec(MODEL, {**WEEK, "core.price_bar": """
        symbol | date       | close | known_at
        ^IXIC  | 2026-03-02 | 100   | 2026-03-02 21:15
        ^IXIC  | 2026-03-05 | 110   | 2026-03-05 21:15
    """}, expect="""
        date       | previous_date | gap_sessions | price_return | log_return          | known_at
        2026-03-02 |               |              |              |                     | 2026-03-02 21:15
        2026-03-05 | 2026-03-02    | 2            | 0.1          | 0.09531017980432493 | 2026-03-05 21:15
    """)


def test_a_return_reaches_back_five_sessions_and_not_six(spec):
    days = weekdays(12, date(2026, 3, 2))
    bars = [{"symbol": "^IXIC", "date": days[i], "close": 100 + i, "known_at": f"{days[i]} 21:15"} for i in (0, 5, 11)]
    spec(MODEL, {**INDICES, "staging.session": sessions(days), "core.price_bar": draw(bars)}, expect="""
        date       | close | previous_date | gap_sessions | price_return
        2026-03-02 | 100   |               |              |
        2026-03-09 | 105   | 2026-03-02    | 4            | 0.05
        2026-03-17 | 111   |               |              |
    """)


def test_only_indices_are_here(spec):
    assert spec.rows(MODEL, {**WEEK, "core.price_bar": """
        symbol | date       | close | known_at
        AAPL   | 2026-03-02 | 100   | 2026-03-02 21:15
    """}) == []


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "an index is above zero": {"close": 0},
        "the high is not below the close": {"close": 100, "high": 99},
        "FRED has no highs": {"source": "fred", "high": 100},
        "a return spans at most five sessions": {"gap_sessions": 5},
    })
