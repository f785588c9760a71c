"""core.implied_index_shares: index shares solved from whole published lists."""

from __future__ import annotations

from drawn import day, table
from weightings import at, calendar


def given(weights: dict[str, float], levels: dict[str, float], listed_on: int = 3, **more: str) -> dict[str, str]:
    return {
        "staging.session": calendar(),
        "staging.published_weight": table(("index_code", "date", "published_on", "symbol", "weight", "known_at"), [
            ("NDX", day(listed_on), day(listed_on + 1), symbol, weight, at(listed_on + 1, "04:59"))
            for symbol, weight in weights.items()]),
        "core.held_level": table(("symbol", "date", "level", "known_at"), [
            (symbol, day(listed_on), level, at(listed_on)) for symbol, level in levels.items()]),
        "staging.instrument": "symbol | issuer\nGOOGL | GOOGL\nGOOG | GOOGL",
        **more,
    }


def test_index_shares_are_weight_over_split_free_price(spec):
    """Each line has its own; what they are worth together is the whole list."""
    weights, levels = {"AAA": 0.6, "GOOGL": 0.25, "GOOG": 0.15}, {"AAA": 300, "GOOGL": 50, "GOOG": 60}
    spec("core.implied_index_shares", given(weights, levels), f"""
        list_date | published_on | position | symbol | issuer | weight | index_shares | known_at
        {day(3)}  | {day(4)}     | 3        | AAA    | AAA    | 0.6    | 0.002        | {at(4, "04:59")}
        {day(3)}  | {day(4)}     | 3        | GOOG   | GOOGL  | 0.15   | 0.0025       | {at(4, "04:59")}
        {day(3)}  | {day(4)}     | 3        | GOOGL  | GOOGL  | 0.25   | 0.005        | {at(4, "04:59")}
    """)


def test_a_list_that_does_not_add_to_one_is_not_whole(spec):
    levels = {"AAA": 10, "BBB": 10}
    assert spec.rows("core.implied_index_shares", given({"AAA": 0.6, "BBB": 0.37}, levels)) == []
    assert spec.rows("core.implied_index_shares", given({"AAA": 0.6, "BBB": 0.43}, levels)) == []
    assert len(spec.rows("core.implied_index_shares", given({"AAA": 0.6, "BBB": 0.39}, levels))) == 2


def test_a_security_without_a_close_that_day_has_no_index_shares(spec):
    spec("core.implied_index_shares", given({"AAA": 0.95, "BBB": 0.05}, {"AAA": 10}), "symbol\nAAA")


def test_a_list_less_than_90_percent_priced_is_not_used(spec):
    assert spec.rows("core.implied_index_shares", given({"AAA": 0.89, "BBB": 0.11}, {"AAA": 10})) == []


def test_a_list_of_a_day_without_a_session_is_not_used(spec):
    """It would need prices that nobody traded at."""
    tables = given({"AAA": 1.0}, {"AAA": 10})
    tables["staging.published_weight"] = tables["staging.published_weight"].replace(day(3).isoformat(), "2026-01-10")
    assert spec.rows("core.implied_index_shares", tables) == []
