"""core.basket_return: equal-weighted over the members that traded, and no return lost where too few did."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from assertions import assertions_fail
from tables import draw, sessions, weekdays

MODEL = "core.basket_return"
UPSTREAM = ("core.security_price",)
DAYS = weekdays(30, date(2026, 3, 2))
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = DAYS[:5]
TWO = "basket | symbol | valid_from\npair | AAA | 2020-01-02\npair | BBB | 2020-01-02"


def given(members: str, **closes) -> dict[str, str]:
    """Bars of each symbol from the first session on, one a session; None is a bar the source dropped."""
    bars = [{"symbol": symbol, "date": day, "close": close, "known_at": f"{day} 21:15"}
            for symbol, path in closes.items() for day, close in zip(DAYS, path, strict=False) if close is not None]
    return {"staging.session": sessions(DAYS), "staging.basket_member": members, "core.price_bar": draw(bars),
            "staging.instrument": draw({"symbol": s, "kind": "stock"} for s in closes)}


def returns(spec, tables: dict[str, str], *columns: str) -> dict:
    """Per session with a bar: basket_return, or the columns asked."""
    rows = spec.rows(MODEL, tables, through=UPSTREAM, columns=["date", *(columns or ["basket_return"])])
    return {day: cells if columns else cells[0] for day, *cells in rows}


def test_a_day_is_the_mean_of_its_members_returns(spec):
    got = returns(spec, given(TWO, AAA=[100, 110, 121], BBB=[100, 90, 99]), "members", "traded_members",
                  "basket_return", "previous_date", "gap_sessions")
    assert got[TUESDAY] == [2, 2, pytest.approx(0, abs=1e-15), MONDAY, 0]
    assert got[WEDNESDAY] == [2, 2, pytest.approx(0.1), TUESDAY, 0]


def test_there_is_no_row_before_the_first_return(spec):
    got = returns(spec, given(TWO, AAA=[None, 100, 110], BBB=[None, 100, 110]))
    assert min(got) == WEDNESDAY


def test_members_are_those_of_the_day(spec):
    members = """
        basket | symbol | valid_from | valid_to
        pair   | AAA    | 2020-01-02 | 2026-03-04
        pair   | BBB    | 2026-03-04 |
    """
    got = returns(spec, given(members, AAA=[100, 110, 121, 200], BBB=[100, 200, 220, 110]), "members", "basket_return")
    assert got[TUESDAY] == [1, pytest.approx(0.1)]
    assert got[WEDNESDAY] == [1, pytest.approx(0.1)]
    assert got[THURSDAY] == [1, -0.5]


def test_six_of_ten_are_enough_and_five_of_nine_are_not(spec):
    def basket(count: int, missing: int) -> dict[str, str]:
        symbols = [f"S{i}" for i in range(count)]
        members = draw({"basket": "many", "symbol": s, "valid_from": "2020-01-02"} for s in symbols)
        return given(members, **{s: [100, None if i < missing else 110] for i, s in enumerate(symbols)})

    assert returns(spec, basket(10, 4), "traded_members", "basket_return")[TUESDAY] == [6, pytest.approx(0.1)]
    # Nothing before it and too few on it: the day has no row yet.
    assert TUESDAY not in returns(spec, basket(9, 4))


def test_a_day_without_members_prices_is_null_and_the_next_day_carries_both(spec):
    got = returns(spec, given(TWO, AAA=[100, 110, None, 121], BBB=[100, 110, None, 121]),
                  "traded_members", "basket_return", "previous_date", "gap_sessions")
    assert got[WEDNESDAY] == [0, None, None, None]
    assert got[THURSDAY] == [2, pytest.approx(0.1), TUESDAY, 1]


def test_a_member_that_traded_on_a_day_of_too_few_loses_nothing(spec):
    """Of two, only AAA traded on Wednesday: Thursday's return of both runs from Tuesday."""
    got = returns(spec, given(TWO, AAA=[100, 110, 220, 242], BBB=[100, 110, None, 121]), "traded_members",
                  "basket_return", "previous_date", "gap_sessions")
    assert got[WEDNESDAY] == [1, None, None, None]
    assert got[THURSDAY] == [2, pytest.approx((1.2 + 0.1) / 2), TUESDAY, 1]


def test_one_member_absent_among_enough_returns_with_its_whole_return(spec):
    three = TWO + "\npair | CCC | 2020-01-02"
    got = returns(spec, given(three, AAA=[100, 100, 110, 110], BBB=[100, 100, 110, 110], CCC=[100, 100, None, 130]),
                  "basket_return", "gap_sessions")
    assert got[WEDNESDAY] == [pytest.approx(0.1), 0]
    assert got[THURSDAY] == [pytest.approx(0.1), 0]


def test_after_a_longer_silence_only_the_days_own_returns_count(spec):
    """The sixth session after the last return compares with nothing; the next one starts anew."""
    silence = [None] * 6
    got = returns(spec, given(TWO, AAA=[100, 110, *silence, 50, 55], BBB=[100, 110, *silence, 50, 55]),
                  "basket_return", "previous_date", "gap_sessions")
    assert got[DAYS[8]] == [None, None, None]
    assert got[DAYS[9]] == [pytest.approx(0.1), DAYS[8], 0]


def test_a_split_is_no_return(spec):
    tables = given(TWO, AAA=[100, 100, 10, 11], BBB=[100, 100, 100, 110])
    tables["staging.split"] = "symbol | date | ratio | known_at\nAAA | 2026-03-04 | 10 | 2026-03-04 21:15"
    got = returns(spec, tables)
    assert got[WEDNESDAY] == 0
    assert got[THURSDAY] == pytest.approx(0.1)


def test_a_return_is_known_with_the_last_price_in_it(spec):
    tables = given(TWO, AAA=[100, 110, 121], BBB=[100, 110, 121])
    tables["core.price_bar"] = tables["core.price_bar"].replace(
        "BBB | 2026-03-03 | 110 | 2026-03-03 21:15", "BBB | 2026-03-03 | 110 | 2026-03-20 21:15")
    got = returns(spec, tables, "known_at")
    assert got[TUESDAY] == got[WEDNESDAY] == [datetime.fromisoformat("2026-03-20 21:15")]
    assert got[THURSDAY] == [datetime.fromisoformat("2026-03-05 21:15")]


def test_a_return_over_a_day_of_too_few_is_known_with_the_price_it_starts_from(spec):
    """Wednesday is skipped, so AAA's return of Thursday needs Tuesday's close, which came late."""
    tables = given(TWO, AAA=[100, 110, 220, 242], BBB=[100, 110, None, 121])
    tables["core.price_bar"] = tables["core.price_bar"].replace("2026-03-03 21:15", "2026-03-20 21:15", 1)
    assert returns(spec, tables, "known_at")[THURSDAY] == [datetime.fromisoformat("2026-03-20 21:15")]


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "no more trade than are members": {"members": 2, "traded_members": 3},
        "a return needs six in ten members": {"basket_return": 0.1, "members": 9, "traded_members": 5},
        "a return has the date it counts from": [{"basket_return": 0.1, "gap_sessions": 0},
                                               {"basket_return": 0.1, "previous_date": "2026-03-02"}],
        "a return spans at most five sessions": {"gap_sessions": 5},
        "nothing loses more than everything": {"basket_return": -1},
    })
