"""core.weight_list_date: a published list is of the day whose closes it was made of, and whole, or it is held.

Three companies with one index share each, so that their weights are their prices over the sum of them.
"""

from __future__ import annotations

import pytest
from assertions import assertions_fail
from drawn import day, table
from weightings import at, calendar

MODEL = "core.weight_list_date"
LEVELS = {1: (100, 100, 100), 2: (110, 100, 90), 3: (120, 90, 90), 4: (110, 95, 95), 5: (100, 80, 120)}
SYMBOLS = ("AAA", "BBB", "CCC")
MEMBERS = "index_code | symbol | valid_from\n" + "\n".join(f"NDX | {symbol} | 2020-01-01" for symbol in SYMBOLS)
Weights = dict[str, float]


def of_session(position: int, shares: tuple[float, ...] = (1, 1, 1)) -> Weights:
    """What a list made of the closes of a session says, with these index shares."""
    values = [share * level for share, level in zip(shares, LEVELS[position], strict=True)]
    return {symbol: value / sum(values) for symbol, value in zip(SYMBOLS, values, strict=True)}


def given(*lists: tuple[int, Weights], known_on: int = 1, members: str = MEMBERS, **more: str) -> dict[str, str]:
    """Lists by the number of the session they are dated; each is published `known_on` sessions later, in the night."""
    return {
        "staging.session": calendar(),
        "staging.universe_member": members,
        "staging.published_weight": table(("index_code", "date", "published_on", "symbol", "weight", "known_at"), [
            ("NDX", day(dated), day(dated + known_on), symbol, weight, at(dated + known_on, "23:00"))
            for dated, weights in lists for symbol, weight in weights.items()]),
        "core.held_level": table(("symbol", "date", "level", "known_at"), [
            (symbol, day(position), float(level), at(position)) for position, levels in LEVELS.items()
            for symbol, level in zip(SYMBOLS, levels, strict=True)]),
        **{name.replace("__", "."): text for name, text in more.items()},
    }


def test_lists_of_their_own_day_agree_with_those_before(spec):
    spec(MODEL, given((1, of_session(1)), (2, of_session(2)), (3, of_session(3))), f"""
        date     | list_date | earlier_lists | deviation_bp | reason | known_at
        {day(1)} | {day(1)}  | 0             |              |        | {at(2, "23:00")}
        {day(2)} | {day(2)}  | 1             | 0            |        | {at(3, "23:00")}
        {day(3)} | {day(3)}  | 2             | 0            |        | {at(4, "23:00")}
    """)


def test_a_list_dated_a_session_late_is_of_the_session_before(spec):
    """With the closes of session 3 its shares are 1.1 * 100/120, 100/90 and 90/90 of the first list's: scale 1, off by
    0.0833 * 0.3667 + 0.1 * 0.3333 (a single one counts at most 10 %); with those of session 2 they are the same."""
    spec(MODEL, given((1, of_session(1)), (3, of_session(2))), f"""
        date     | list_date | deviation_bp | deviation_before_bp | deviation_after_bp
        {day(1)} | {day(1)}  |              |                     |
        {day(3)} | {day(2)}  | 638.8888889  | 0                   | 333.3333333
    """)
    (reason,), = [row for row in spec.rows(MODEL, given((1, of_session(1)), (3, of_session(2))), columns=["reason"])
                  if row[0]]
    assert reason == (f"the list dated {day(3)} is that of {day(2)}: its index shares are 639 bp off those of an earlier "
                      "list as dated, 0.0 bp a session earlier")


def test_a_list_dated_a_session_early_is_of_the_session_after(spec):
    spec(MODEL, given((1, of_session(1)), (2, of_session(3))), f"""
        date     | list_date
        {day(1)} | {day(1)}
        {day(2)} | {day(3)}
    """)


def test_a_close_that_came_after_the_list_does_not_move_it(spec):
    """Published on its own day, it cannot be of the next: what is known of that later is no evidence."""
    rows = spec.rows(MODEL, given((1, of_session(1)), (2, of_session(3)), known_on=0),
                     columns=["date", "list_date", "deviation_after_bp"])
    assert rows[1] == (day(2), None, None)


def test_a_split_moves_no_list(spec):
    """Levels are split-free: a list is compared by what a company is worth, not by its price."""
    lists = [(n, of_session(n, (1, 10, 0.2))) for n in (1, 2, 3)]
    assert [row[0] for row in spec.rows(MODEL, given(*lists), columns=["reason"])] == [None] * 3


def test_a_list_that_agrees_with_none_is_held_and_the_next_may_agree_with_it(spec):
    changed = (2, 1, 1)
    rows = spec.rows(MODEL, given((1, of_session(1)), (2, of_session(2, changed)), (3, of_session(3, changed))),
                     columns=["date", "list_date", "reason"])
    assert [row[1] for row in rows] == [day(1), None, day(3)]
    assert rows[1][2].startswith(f"held: the index shares of the list of {day(2)} are ")


@pytest.mark.parametrize("table_name", ["rebalance", "joiner"])
def test_a_rebalance_or_a_new_member_explains_new_index_shares(spec, table_name):
    explained = ({"staging__rebalance": f"index_code | effective_date\nNDX | {day(3)}"} if table_name == "rebalance"
                 else {"members": f"{MEMBERS}\nNDX | DDD | {day(2)}"})
    rows = spec.rows(MODEL, given((1, of_session(1)), (2, of_session(2, (2, 1, 1))), **explained),
                     columns=["list_date", "reason"])
    assert rows == [(day(1), None), (day(2), None)]


def without(symbol: str, weights: Weights) -> Weights:
    """A list cut by one company and made to add to 1 again."""
    left = {key: weight for key, weight in weights.items() if key != symbol}
    return {key: weight / sum(left.values()) for key, weight in left.items()}


def test_a_truncated_list_never_replaces_a_whole_one(spec):
    spec(MODEL, given((1, of_session(1)), (2, without("CCC", of_session(2))), (3, of_session(3))), f"""
        date     | list_date | missing | missing_weight | reason
        {day(1)} | {day(1)}  | []      | 0              |
        {day(2)} |           | [CCC]   | 0.3333333333   | held: the list of {day(2)} lacks CCC (33.33 % of a list before), which are members and traded
        {day(3)} | {day(3)}  | []      | 0              |
    """)  # noqa: E501


def test_a_company_that_left_the_index_or_trades_no_more_is_not_missing(spec):
    cut = (1, of_session(1)), (2, without("CCC", of_session(2)))
    left = MEMBERS.replace("valid_from", "valid_from | valid_to").replace("2020-01-01", "2020-01-01 |").replace(
        "CCC | 2020-01-01 |", f"CCC | 2020-01-01 | {day(2)}")
    assert spec.rows(MODEL, given(*cut, members=left), columns=["list_date"])[1] == (day(2),)
    gone = given(*cut)
    gone["core.held_level"] = "\n".join(
        line for line in gone["core.held_level"].splitlines() if not (line.startswith("CCC") and str(day(2)) in line))
    assert spec.rows(MODEL, gone, columns=["list_date"])[1] == (day(2),)


def test_the_index_shares_are_those_of_the_session_the_list_is_of(spec):
    spec("core.implied_index_shares", given((1, of_session(1)), (3, of_session(2))), f"""
        list_date | published_on | position | symbol | index_shares
        {day(1)}  | {day(2)}     | 1        | AAA    | 0.0033333333
        {day(1)}  | {day(2)}     | 1        | BBB    | 0.0033333333
        {day(1)}  | {day(2)}     | 1        | CCC    | 0.0033333333
        {day(2)}  | {day(4)}     | 2        | AAA    | 0.0033333333
        {day(2)}  | {day(4)}     | 2        | BBB    | 0.0033333333
        {day(2)}  | {day(4)}     | 2        | CCC    | 0.0033333333
    """, through=(MODEL,))
    held = given((1, of_session(1)), (2, without("CCC", of_session(2))))
    rows = spec.rows("core.implied_index_shares", held, through=(MODEL,), columns=["list_date"])
    assert {row[0] for row in rows} == {day(1)}


def test_a_held_list_is_in_quarantine(spec):
    rows = spec.rows("audit.quarantine", given((1, of_session(1)), (2, without("CCC", of_session(2)))), through=(MODEL,),
                     columns=["feed", "key", "date", "reason"])
    assert [row[:3] for row in rows] == [("weights", "NDX", day(2))]
    assert rows[0][3].startswith("held: ")


def test_the_assertions_can_fail(spec):
    row = {"index_code": "NDX", "date": "2026-01-06", "published_on": "2026-01-07", "list_date": "2026-01-06",
           "missing_weight": 0.0}
    assertions_fail(spec, MODEL, {
        "a held list has its reason": row | {"list_date": None},
        "a moved list agrees better": row | {"list_date": "2026-01-05", "deviation_bp": 30.0, "deviation_before_bp": 25.0},
        "nothing weighs less than nothing": row | {"missing_weight": -0.1}})
