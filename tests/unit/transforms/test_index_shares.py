"""core.index_shares: index shares that stand still between rebalances, and who joins in between."""

from __future__ import annotations

import pytest
from drawn import day, table
from weightings import at, calendar, members, reviews, units

QUARTER = reviews((0, 3, 2, "start"), (1, 8, 6, "quarterly"))


def given(stays: dict[str, list[int]], counts: list[tuple[str, int, float, float]], factors: dict[str, float],
          base: int = 0, listed: str = "index_code", rebalances: str = QUARTER) -> dict[str, str]:
    """Members by session, (issuer, session, level, units), and the factors of base 0 or of base 1 as well."""
    return {
        "staging.session": calendar(), "core.index_rebalance": rebalances,
        "core.capping_reference": table(("index_code", "review", "base", "known_at"),
                                  [("NDX", 0, 0, at(2)), ("NDX", 1, base, at(2))]),
        "core.capping_factor": table(("index_code", "review", "base", "issuer", "factor", "known_at"), [
            ("NDX", review, b, issuer, factor, at(2)) for review, b in ((0, 0), (1, base))
            for issuer, factor in factors.items()]),
        "core.investable_weight_factor": listed,
        "core.index_member": members(stays), "core.issuer_unit": units(counts),
    }


def shares(spec, tables: dict[str, str]) -> dict[tuple[int, str], tuple]:
    rows = spec.rows("core.index_shares", tables, columns=["review", "issuer", "index_shares", "factor", "counted_on",
                                                           "joined_on"])
    return {(review, issuer): tuple(rest) for review, issuer, *rest in rows}


def test_a_rebalance_renews_the_count_and_keeps_the_factor(spec):
    """The count of session 4 comes between the rebalances, and changes nothing until the reference date of the next."""
    found = shares(spec, given({"AAA": [3, 4, 5, 6, 7, 8, 9]}, [
        ("AAA", 2, 10, 100), ("AAA", 4, 10, 140), ("AAA", 6, 10, 150)], {"AAA": 0.5}))
    assert found == {(0, "AAA"): (50, 0.5, day(2), None), (1, "AAA"): (75, 0.5, day(6), None)}


def test_the_count_of_a_session_without_one_is_the_last_within_five(spec):
    found = shares(spec, given({"AAA": [3, 8]}, [("AAA", 2, 10, 100), ("AAA", 4, 10, 140)], {"AAA": 1.0}))
    assert found[1, "AAA"] == (140, 1.0, day(4), None)


def test_only_the_listed_part_of_a_count_is_held(spec):
    found = shares(spec, given({"AAA": [3, 8]}, [("AAA", 2, 10, 100), ("AAA", 6, 10, 100)], {"AAA": 0.5}, listed="""
        index_code | review | issuer | investable_weight_factor
        NDX        | 1      | AAA    | 0.8
    """))
    assert (found[0, "AAA"][0], found[1, "AAA"][0]) == (50, 40)


def test_a_joiner_enters_whole_at_the_last_close_before(spec):
    found = shares(spec, given({"AAA": [3, 4, 5, 8], "NEW": [5, 8]}, [
        ("AAA", 2, 10, 100), ("AAA", 6, 10, 100), ("NEW", 3, 5, 7), ("NEW", 4, 5, 8), ("NEW", 5, 5, 9), ("NEW", 6, 5, 9)],
        {"AAA": 1.0}))
    assert found[0, "NEW"] == (8, 1.0, day(4), day(5))
    assert found[1, "NEW"] == (9, 1.0, day(6), day(5))


def test_a_joiner_enters_no_larger_than_the_smallest_limited_issuer(spec):
    """AAA holds 100 x 0.5 x 10 = 500 dollars, BBB 400; NEW is worth 1,000 and enters with 0.4 of it, which it keeps."""
    found = shares(spec, given({"AAA": [3, 4, 5, 8], "BBB": [3, 4, 5, 8], "NEW": [5, 8]}, [
        ("AAA", 2, 8, 100), ("AAA", 4, 10, 100), ("AAA", 6, 20, 100),
        ("BBB", 2, 8, 80), ("BBB", 4, 10, 80), ("BBB", 6, 20, 80),
        ("NEW", 4, 5, 200), ("NEW", 6, 5, 300)], {"AAA": 0.5, "BBB": 0.5}))
    assert found[0, "NEW"] == (pytest.approx(80), pytest.approx(0.4), day(4), day(5))
    assert found[1, "NEW"] == (pytest.approx(120), pytest.approx(0.4), day(6), day(5))


def test_a_joiner_that_has_not_traded_yet_enters_at_its_first_close(spec):
    found = shares(spec, given({"AAA": [3, 5, 6, 8], "NEW": [5, 6]}, [
        ("AAA", 2, 10, 100), ("AAA", 6, 10, 100), ("NEW", 6, 5, 9)], {"AAA": 1.0}))
    assert found[0, "NEW"] == (9, 1.0, day(6), day(5))


def test_one_that_never_traded_has_no_index_shares(spec):
    found = shares(spec, given({"AAA": [3, 5], "NEW": [5]}, [("AAA", 2, 10, 100)], {"AAA": 1.0}))
    assert set(found) == {(0, "AAA")}


def test_a_new_base_gives_a_joiner_the_factor_of_its_own_figures(spec):
    tables = given({"AAA": [3, 4, 5, 8], "NEW": [5, 8]}, [
        ("AAA", 2, 10, 100), ("AAA", 4, 10, 100), ("AAA", 6, 10, 100), ("NEW", 4, 50, 100), ("NEW", 6, 50, 100)],
        {"AAA": 0.5}, base=1)
    tables["core.capping_factor"] += f"\nNDX | 1 | 1 | NEW | 0.7 | {at(6)}"
    found = shares(spec, tables)
    assert found[0, "NEW"][1] == pytest.approx(0.1)
    assert found[1, "NEW"] == (70, 0.7, day(6), None)


def test_it_is_known_with_everything_it_is_set_on(spec):
    tables = given({"AAA": [3], "NEW": [5]}, [("AAA", 2, 10, 100), ("AAA", 4, 10, 100), ("NEW", 4, 50, 100)], {"AAA": 0.5})
    spec("core.index_shares", tables, f"""
        issuer | known_at
        AAA    | {at(2)}
        NEW    | {at(5)}
    """)
