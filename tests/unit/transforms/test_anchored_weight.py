"""core.anchored_weight: the newest list known on the session's evening, carried by prices."""

from __future__ import annotations

import pytest
from drawn import day, table
from weightings import at, calendar


def night(position: int) -> str:
    """23:59 New York on a session, in UTC."""
    return at(position + 1, "04:59") if (position % 5) else f"{day(position).replace(day=day(position).day + 1)} 04:59"


def issuer(symbol: str) -> str:
    return "GOOGL" if symbol == "GOOG" else symbol


def listed(lists: dict[tuple[int, int], dict[str, float]]) -> str:
    """core.implied_index_shares: index shares by (list session, session of publication); every price is 1 then."""
    return table(("index_code", "list_date", "published_on", "position", "symbol", "issuer", "weight", "index_shares",
                  "known_at"), [
        ("NDX", day(n), day(published), n, symbol, issuer(symbol), weight, weight, night(published))
        for (n, published), weights in lists.items() for symbol, weight in weights.items()])


def given(lists: dict[tuple[int, int], dict[str, float]], levels: dict[str, dict[int, float]],
          joined: dict[str, int] | None = None, count: int = 8,
          **more: str) -> dict[str, str]:
    """Levels by session; every security is a member wherever it has one, unless `more` says otherwise."""
    prices = []
    for symbol, path in levels.items():
        for n, level in path.items():
            last = max((m for m in path if m < n), default=None)
            prices.append((symbol, day(n), level, last and day(last), last and level / path[last] - 1, at(n)))
    return {
        "staging.session": calendar(100),
        "core.index_coverage": table(("date", "index_code", "known_at"), [
            (day(n), "NDX", at(n)) for n in range(1, count + 1)]),
        "core.index_member": table(("date", "index_code", "symbol", "issuer"), [
            (day(n), "NDX", symbol, issuer(symbol))
            for symbol in levels for n in range((joined or {}).get(symbol, 1), count + 1)]),
        "core.security_price": table(("symbol", "date", "level", "previous_date", "price_return", "known_at"), prices),
        "core.implied_index_shares": listed(lists),
        **more,
    }


THROUGH = ("core.held_level", "core.anchored_value", "core.weight_coverage")
FLAT = {n: 1.0 for n in range(1, 9)}


def weights(spec, tables: dict[str, str], column: str = "open_weight") -> dict[tuple[int, str], float]:
    rows = spec.rows("core.anchored_weight", tables, through=THROUGH, columns=["date", "issuer", column])
    places = {day(n): n for n in range(1, 101)}
    return {(places[date], issuer): value for date, issuer, value in rows}


def test_before_the_first_list_is_known_there_are_none(spec):
    """The list of session 2 is published on session 3: it stands from the row of session 3 on, whose evening knew it."""
    found = weights(spec, given({(2, 3): {"AAA": 0.6, "BBB": 0.4}}, {"AAA": FLAT, "BBB": FLAT}, count=4))
    assert found == {(3, "AAA"): 0.6, (3, "BBB"): 0.4, (4, "AAA"): 0.6, (4, "BBB"): 0.4}


def test_index_shares_stand_still_while_prices_move(spec):
    """0.6 against 0.4; BBB doubles on session 4: 0.6 against 0.8."""
    doubled = {n: 1.0 if n < 4 else 2.0 for n in FLAT}
    tables = given({(2, 3): {"AAA": 0.6, "BBB": 0.4}}, {"AAA": FLAT, "BBB": doubled}, count=5)
    assert weights(spec, tables)[4, "AAA"] == pytest.approx(0.6)
    assert weights(spec, tables)[5, "AAA"] == pytest.approx(0.6 / 1.4)
    assert weights(spec, tables, "weight")[4, "BBB"] == pytest.approx(0.8 / 1.4)


def test_a_newer_list_takes_over_and_one_republished_late_does_not_take_back(spec):
    tables = given({(2, 3): {"AAA": 0.6, "BBB": 0.4}, (4, 5): {"AAA": 0.7, "BBB": 0.3}, (3, 6): {"AAA": 0.1, "BBB": 0.9}},
                   {"AAA": FLAT, "BBB": FLAT}, count=7)
    found = weights(spec, tables)
    assert [found[n, "AAA"] for n in (3, 4, 5, 6, 7)] == pytest.approx([0.6, 0.6, 0.7, 0.7, 0.7])


def test_a_list_says_nothing_of_its_own_day(spec):
    """Published on the day itself, it holds from the next session on: its shares may already be tomorrow's."""
    found = weights(spec, given({(3, 3): {"AAA": 1.0}}, {"AAA": FLAT}, count=4))
    assert set(found) == {(4, "AAA")}


def test_a_row_is_known_no_sooner_than_its_list(spec):
    tables = given({(2, 3): {"AAA": 1.0}}, {"AAA": FLAT}, count=4)
    spec("core.anchored_weight", tables, f"""
        date     | list_date | known_at
        {day(3)} | {day(2)}  | {night(3)}
        {day(4)} | {day(2)}  | {at(4)}
    """, through=THROUGH)


def test_a_list_older_than_63_sessions_is_too_old(spec):
    levels = {"AAA": {n: 1.0 for n in range(1, 70)}}
    found = weights(spec, given({(2, 3): {"AAA": 1.0}}, levels, count=69))
    assert max(found) == (65, "AAA")
    assert len(found) == 63


def test_the_lines_of_a_company_are_one_name_with_the_return_of_both(spec):
    """3 to 1 in the lines, +10 % and -10 %: +5 % on a weight of 0.8."""
    levels = {"GOOGL": {**FLAT, 4: 1.1}, "GOOG": {**FLAT, 4: 0.9}, "AAA": FLAT}
    tables = given({(2, 3): {"GOOGL": 0.6, "GOOG": 0.2, "AAA": 0.2}}, levels, count=4)
    assert weights(spec, tables)[4, "GOOGL"] == pytest.approx(0.8)
    assert weights(spec, tables, "price_return")[4, "GOOGL"] == pytest.approx(0.05)
    assert weights(spec, tables, "weight")[4, "GOOGL"] == pytest.approx((0.66 + 0.18) / 1.04)


def test_a_leavers_weight_goes_to_the_others_in_proportion(spec):
    stays = table(("date", "index_code", "symbol", "issuer"), [
        (day(n), "NDX", symbol, symbol) for n in (3, 4) for symbol in ("AAA", "BBB", "CCC") if (n, symbol) != (4, "CCC")])
    found = weights(spec, given({(2, 3): {"AAA": 0.57, "BBB": 0.38, "CCC": 0.05}}, {"AAA": FLAT, "BBB": FLAT, "CCC": FLAT},
                                count=4, **{"core.index_member": stays}))
    assert found[4, "AAA"] == pytest.approx(0.6)
    assert found[4, "BBB"] == pytest.approx(0.4)


def test_a_joiner_that_no_list_names_enters_with_its_count_in_the_scale_of_the_median_member(spec):
    """The median member holds 0.01 index shares a share; NEW has 20 shares."""
    counts = {"AAA": 60.0, "BBB": 20.0, "CCC": 20.0, "NEW": 20.0}
    found = weights(spec, given(
        {(2, 3): {"AAA": 0.3, "BBB": 0.2, "CCC": 0.5}}, dict.fromkeys(counts, FLAT), joined={"NEW": 4}, count=4,
        **{"core.share_count": table(("symbol", "date", "units", "known_at"),
                                     [(s, day(n), units, at(n)) for s, units in counts.items() for n in (2, 3, 4)]),
           "staging.universe_member": table(("index_code", "symbol", "valid_from"), [
               ("NDX", s, day(4) if s == "NEW" else day(1)) for s in counts])}))
    assert found[4, "NEW"] == pytest.approx(0.2 / 1.2)
    assert found[4, "CCC"] == pytest.approx(0.5 / 1.2)


@pytest.mark.parametrize(("units", "coverage"), [(5.0, 100 / 105), (20.0, None)])
def test_a_list_without_one_of_its_companies_is_not_whole(units, coverage, spec):
    """OUT was a member on the list's day. In the list's scale, 0.01 a share, it is 5 or 20 beside 100."""
    tables = given(
        {(2, 3): {"AAA": 1.0}}, {"AAA": FLAT, "OUT": FLAT}, count=3,
        **{"staging.universe_member": f"index_code | symbol | valid_from\nNDX | OUT | {day(1)}",
           "core.share_count": table(("symbol", "date", "units", "known_at"), [
               (symbol, day(n), count, at(n)) for symbol, count in (("AAA", 100.0), ("OUT", units)) for n in (1, 2, 3)])})
    assert weights(spec, tables) == ({(3, "AAA"): 1.0} if coverage else {})
    (share,), = spec.rows("core.weight_coverage", tables, through=THROUGH[:2], columns=["coverage_share"])
    assert share == pytest.approx(coverage or 100 / 120)


def test_a_session_whose_returns_hold_less_than_90_percent_of_the_list_has_no_weights(spec):
    """Without BBB's close the list is not whole; on the next session its return over both is back."""
    levels = {"AAA": FLAT, "BBB": {n: 1.0 for n in FLAT if n != 4}}
    found = weights(spec, given({(2, 3): {"AAA": 0.85, "BBB": 0.15}}, levels, count=5))
    assert {n for n, _ in found} == {3, 5}
