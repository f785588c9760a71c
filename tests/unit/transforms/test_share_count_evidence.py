"""core.share_count_evidence and what it does: statements, mergers, lists and the index let counts pass, or not."""

from __future__ import annotations

import numpy as np
import pytest
from counted import CHAIN, day, given, in_force, runs
from drawn import table


def stated(units: float, on: int, known: int) -> dict[str, str]:
    return {"staging.stated_share_count": f"""
        symbol | date      | shares_outstanding | known_at
        AAA    | {day(on)} | {units}            | {day(known)} 22:00
    """}


def reported(kind: str, position: int, low: float, high: float, sessions: int = 63) -> dict[str, str]:
    """Evidence as drawn rows, for the verdict alone."""
    return {"core.share_count_evidence": f"""
        symbol | position   | kind   | last_position              | low_units | high_units | known_at
        AAA    | {position} | {kind} | {position + sessions - 1} | {low}     | {high}     | {day(position)} 21:15
    """}


def verdict(spec, length: int, counts: dict[int, float], evidence: dict[str, str]) -> list[tuple]:
    """(shares in force, status) by session, with the evidence as given."""
    return spec.rows("core.share_count", given(length, counts, evidence=evidence), columns=["shares_in_force", "status"],
                     through=("core.split_kind", "core.share_count_spell", "core.share_count_verdict"))


@pytest.mark.parametrize("times", [2, 4, 0.5, 0.25, 1.36, 0.63, 5])
def test_the_companys_own_statement_lets_its_count_pass_on_the_next_session(spec, times):
    got = in_force(spec, 60, {1: 1000, 10: 1000 * times}, evidence=stated(1010 * times, on=8, known=14))
    assert got[13] == (1000, "held")
    assert got[14] == (pytest.approx(1000 * times), "accepted")


def test_a_statement_that_agrees_with_the_count_in_force_changes_nothing(spec):
    assert runs(in_force(spec, 200, {1: 1000, 70: 4000}, evidence=stated(1010, on=8, known=14))) == [1000]


def test_a_statement_keeps_a_leap_from_passing(spec):
    assert runs(in_force(spec, 60, {1: 1000, 10: 1640}, evidence=stated(1010, on=8, known=9))) == [1000]


def test_a_statement_speaks_for_126_sessions(spec):
    got = in_force(spec, 220, {1: 1000, 150: 4000}, evidence=stated(4000, on=8, known=9))
    assert runs(got) == [1000]


def test_a_statement_is_no_evidence_for_an_issuer_with_several_classes(spec):
    classes = {"staging.instrument": """
        symbol | kind  | issuer | is_primary_line
        AAA    | stock | AAA    | true
        AAB    | stock | AAA    | false
    """}
    assert runs(in_force(spec, 60, {1: 1000, 10: 4000}, evidence={**stated(4000, on=8, known=14), **classes})) == [1000]


def test_a_statement_counts_in_the_splits_of_its_own_day(spec):
    got = in_force(spec, 60, {1: 1000, 5: 10000, 10: 20000}, {5: 10}, stated(2000, on=3, known=14))
    assert got[13:15] == [(10000, "held"), (20000, "accepted")]


@pytest.mark.parametrize("kind", ["list", "index"])
@pytest.mark.parametrize(("first", "second"), [(500, 1000), (250, 1000), (4000, 1000), (2000, 1000)])
def test_a_wrong_first_count_is_healed_by_a_list_or_the_index(spec, kind, first, second):
    got = verdict(spec, 150, {1: first, 80: second}, reported(kind, 84, 900, 1300))
    assert runs(got) == [first, second]
    assert got[82:84] == [(first, "held"), (second, "accepted")]


def test_what_the_evidence_said_before_the_count_changed_decides_on_the_day_it_does(spec):
    got = verdict(spec, 150, {1: 500, 100: 1000}, reported("index", 84, 900, 1300, sessions=21))
    assert got[98:100] == [(500, "accepted"), (1000, "accepted")]


@pytest.mark.parametrize("kind", ["list", "index"])
def test_a_list_takes_nothing_from_a_count_that_was_true_for_the_shares_of_one_class(spec, kind):
    """The index holds one class of TEAM only: its list has room for 0.63 of the company."""
    assert runs(verdict(spec, 150, {1: 1000, 80: 630}, reported(kind, 90, 590, 680))) == [1000]


def test_a_list_takes_nothing_from_a_count_that_is_not_the_first_of_its_history(spec):
    got = verdict(spec, 200, {1: 1000, 80: 1640, 140: 820}, reported("list", 141, 780, 880))
    assert runs(got) == [1000, 1640]


def test_evidence_against_a_leap_keeps_it_from_passing(spec):
    assert runs(verdict(spec, 60, {1: 1000, 10: 1640}, reported("index", 10, 700, 1500, sessions=200))) == [1000]


MERGER = {
    "staging.instrument": f"""
        symbol | kind  | issuer | is_primary_line | until
        AAA    | stock | AAA    | true            |
        OLD    | stock | OLD    | true            | {day(40)}
    """,
    "core.security_price": "symbol | position | date | level | known_at\n" + "\n".join(
        f"{symbol} | {p} | {day(p)} | {level} | {day(p)} 21:15" for p in range(1, 90)
        for symbol, level in (("AAA", 100), ("OLD", 36)) if symbol == "AAA" or p <= 40),
}


def with_leaver(spec, length: int, counts: dict[int, float], leaver: float, merger: dict[str, str] = MERGER) -> list[tuple]:
    world = given(length, counts, evidence=merger)
    world["staging.shares_outstanding"] += f"\nOLD | {day(1)} | {leaver} | {day(1)} 21:15"
    rows = spec.rows("core.share_count", world, columns=["symbol", "shares_in_force", "status"], through=CHAIN)
    return [(shares, status) for symbol, shares, status in rows if symbol == "AAA"]


@pytest.mark.parametrize("rose", [41, 45, 80])
def test_a_rise_is_in_force_at_once_when_the_acquired_company_has_left(spec, rose):
    """360 new shares at 100 for 1000 of the acquired company at 36: all of it in stock."""
    got = with_leaver(spec, 85, {1: 1000, rose: 1360}, leaver=1000)
    assert got[rose - 2:rose] == [(1000, "accepted"), (1360, "accepted")]


def test_a_rise_before_the_company_leaves_is_in_force_when_it_has(spec):
    got = with_leaver(spec, 85, {1: 1000, 37: 1360}, leaver=1000)
    assert got[38:40] == [(1000, "held"), (1360, "accepted")]


@pytest.mark.parametrize("leaver", [100, 6000])
def test_a_company_out_of_proportion_explains_nothing(spec, leaver):
    got = with_leaver(spec, 85, {1: 1000, 45: 1360}, leaver)
    assert got[44 + 19:44 + 21] == [(1000, "held"), (1360, "accepted")]


def test_no_merger_explains_a_whole_number(spec):
    assert runs(with_leaver(spec, 85, {1: 1000, 45: 2000}, leaver=2800)) == [1000]


def test_a_member_that_only_left_its_universe_is_a_merger_when_all_of_its_value_came_over(spec):
    removed = {
        **MERGER,
        "staging.instrument": MERGER["staging.instrument"].replace(str(day(40)), ""),
        "staging.universe_member": f"""
            index_code | symbol | valid_from | valid_to
            NDX        | OLD    | 2020-01-01 | {day(41)}
            NDX        | AAA    | 2020-01-01 |
        """,
    }
    assert with_leaver(spec, 85, {1: 1000, 45: 1360}, 1000, removed)[44] == (1360, "accepted")
    assert with_leaver(spec, 85, {1: 1000, 45: 1360}, 2500, removed)[44] == (1000, "held")


def test_a_list_tells_units_by_what_most_of_it_has(spec):
    """Index shares are a tenth of the counts for most; DDD's list has 200 of what the feed calls 1000."""
    members = {"AAA": (100, 1000), "BBB": (200, 2000), "CCC": (300, 3000), "DDD": (20, 1000)}
    spec("core.share_count_by_list", {
        **given(3, {}),
        "core.implied_index_shares": table(
            ("index_code", "list_date", "published_on", "position", "symbol", "index_shares", "known_at"),
            [("NDX", day(1), day(2), 1, symbol, shares, f"{day(2)} 23:00") for symbol, (shares, _) in members.items()]),
        "core.share_count_spell": table(
            ("symbol", "number", "first_position", "feed_units", "known_at"),
            [(symbol, 1, 1, units, f"{day(1)} 21:15") for symbol, (_, units) in members.items()]),
    }, """
        symbol | position | list_units | low_units | high_units
        AAA    | 3        | 1000.0     | 930.0     | 1070.0
        BBB    | 3        | 2000.0     | 1860.0    | 2140.0
        CCC    | 3        | 3000.0     | 2790.0    | 3210.0
        DDD    | 3        | 200.0      | 186.0     | 214.0
    """)


def market(times: float, members: int = 16, length: int = 86, is_its_own: bool = True) -> dict[str, str]:
    """Members whose first is said to have `times` its shares, and an index that holds the truth."""
    random = np.random.default_rng(7)
    returns = random.normal(0, 0.02, (length, members)) + random.normal(0, 0.01, (length, 1))
    true = np.arange(members, 0, -1) / 5 + 0.8
    levels = np.vstack([np.ones(members), np.cumprod(1 + returns, axis=0)])
    values = true * levels
    index = values[1:].sum(axis=1) / values[:-1].sum(axis=1) - 1 if is_its_own else random.normal(0, 0.01, length)
    names = [f"M{n:02}" for n in range(members)]
    bars = [(name, p + 1, day(p + 1), float(levels[p + 1, n]), 0, float(returns[p, n]), f"{day(p + 1)} 21:15")
            for p in range(1, length) for n, name in enumerate(names)]
    return {
        **{"staging.session": given(length, {})["staging.session"]},
        "staging.universe": "index_code | published_index\nNDX | ^NDX",
        "staging.universe_member": table(("index_code", "symbol", "valid_from"), [("NDX", n, "2020-01-01") for n in names]),
        "staging.instrument": table(
            ("symbol", "kind", "issuer", "is_primary_line", "counts_whole_company"),
            [(n, "stock", n, "true", "false") for n in names]),
        "core.security_price": table(
            ("symbol", "position", "date", "level", "gap_sessions", "price_return", "known_at"), bars),
        "core.index_level": table(
            ("symbol", "position", "date", "gap_sessions", "price_return", "known_at"),
            [("^NDX", p + 1, day(p + 1), 0, float(index[p]), f"{day(p + 1)} 21:15") for p in range(1, length)]),
        "core.share_count_spell": table(
            ("symbol", "number", "first_position", "feed_units", "known_at"),
            [(name, 1, 1, float(true[n] * (times if n == 0 else 1)), f"{day(1)} 21:15") for n, name in enumerate(names)]),
    }


@pytest.mark.parametrize(("times", "contradicted"), [(0.25, "below"), (0.5, "below"), (1, None)])
def test_the_index_tells_a_large_members_count(spec, times, contradicted):
    """M00 has 4.0 shares; a quarter or half of them leaves the index's return unexplained."""
    rows = spec.rows("core.share_count_by_index", market(times),
                     columns=["symbol", "position", "index_units", "low_units", "high_units"])
    (_, _, units, low, high), = [row for row in rows if row[:2] == ("M00", 84)]
    fed = 4.0 * times
    assert abs(np.log(units / 4.0)) < 0.6
    assert low < 4.0 < high
    assert ("above" if fed > high else "below" if fed < low else None) == contradicted


def test_an_index_that_its_members_do_not_make_tells_nothing(spec):
    assert spec.rows("core.share_count_by_index", market(1, is_its_own=False)) == []
