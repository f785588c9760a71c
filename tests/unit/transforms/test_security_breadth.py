"""core.security_breadth: a close against its own last 50, 200 and 252 sessions."""

from __future__ import annotations

from drawn import day, table

STOCK = """
    symbol | kind
    AAA    | stock
"""


def prices(levels: dict[int, float]) -> dict[str, str]:
    return {"staging.instrument": STOCK, "core.security_price": table(
        ("symbol", "date", "position", "return_level", "known_at"),
        [("AAA", day(p), p, level, f"{day(p)} 21:15") for p, level in levels.items()])}


def last(spec, levels: dict[int, float], *columns: str) -> tuple:
    return spec.rows("core.security_breadth", prices(levels), columns=list(columns))[-1]


def test_a_mean_of_50_sessions_needs_45_closes(spec):
    rising = {p: float(p) for p in range(1, 46)}
    assert last(spec, rising, "is_above_50d") == (True,)
    del rising[45]
    assert last(spec, rising, "is_above_50d") == (None,)


def test_the_window_counts_sessions_not_closes(spec):
    """The 46 closes of sessions 1 to 46 are all in the window of session 50, and 36 of them in that of session 60."""
    levels = {p: 100.0 for p in range(1, 47)}
    assert last(spec, levels | {50: 101.0}, "is_above_50d") == (True,)
    assert last(spec, levels | {60: 101.0}, "is_above_50d") == (None,)


def test_a_close_at_its_mean_is_not_above_it(spec):
    assert last(spec, {p: 33.1 for p in range(1, 60)}, "is_above_50d") == (False,)


def test_200_sessions_need_180_closes_and_252_need_227(spec):
    falling = {p: 1000.0 - p for p in range(1, 181)}
    assert last(spec, falling, "is_above_200d", "is_new_low_252d") == (False, None)
    assert last(spec, {p: 1000.0 - p for p in range(1, 180)}, "is_above_200d") == (None,)
    assert last(spec, {p: 1000.0 - p for p in range(1, 228)}, "is_new_low_252d", "is_new_high_252d") == (True, False)
    assert last(spec, {p: 1000.0 - p for p in range(1, 227)}, "is_new_low_252d") == (None,)


def test_an_old_high_leaves_the_window_after_252_sessions(spec):
    levels = {1: 500.0} | {p: 100.0 for p in range(2, 252)}
    assert last(spec, levels | {252: 400.0}, "is_new_high_252d") == (False,)
    assert last(spec, levels | {252: 100.0, 253: 400.0}, "is_new_high_252d") == (True,)


def test_a_high_equalled_is_not_a_new_one(spec):
    assert last(spec, {p: 100.0 for p in range(1, 240)}, "is_new_high_252d", "is_new_low_252d") == (False, False)
