"""core.weight_coverage: how much of an index's weight is known by session, under each weighting."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from drawn import day, table

FULL, CAPPED, ANCHORED = "core.full_cap_value", "core.capped_value", "core.anchored_value"


def at(position: int) -> str:
    return f"{day(position)} 21:15"


def values(position: int, members: Mapping[str, tuple[float | None, float | None, float | None]],
           name: str = "issuer") -> str:
    """A session's (value at the close, last known value, return) by member."""
    return table(("date", "index_code", name, "close_value", "last_value", "price_return", "known_at"), [
        (day(position), "NDX", member, *worth, at(position)) for member, worth in members.items()])


def coverage(spec, given: Mapping[str, str], *columns: str, position: int = 1) -> list[tuple]:
    named = {"core.index_coverage": f"date | index_code | known_at\n{day(position)} | NDX | {at(position)}"}
    return spec.rows("core.weight_coverage", named | dict(given), columns=list(columns))


def members(mega: float, others: int = 99, **missing: float | None) -> dict[str, tuple]:
    """A mega-cap beside ninety-nine equal names; those in `missing` have only what they were last worth."""
    found = {"MEGA": (mega, mega, 0.01), **{f"S{n:02}": (1.0, 1.0, 0.01) for n in range(others)}}
    return found | {name: (None, last, None) for name, last in missing.items()}


def test_a_mega_cap_without_a_bar_is_not_99_percent(spec):
    """14.3 of 113.3 are 12.6 % of the weight, and one of a hundred names."""
    (share, covered), = coverage(spec, {FULL: values(1, members(14.3, MEGA=14.3))}, "coverage_share", "is_covered")
    assert share == pytest.approx(99 / 113.3)
    assert not covered


def test_a_dozen_small_names_without_a_bar_are_a_hole_in_the_breadth_and_none_in_the_weight(spec):
    small = {f"S{n:02}": 0.2 for n in range(12)}
    (share, covered), = coverage(spec, {FULL: values(1, members(100.0, **small))}, "coverage_share", "is_covered")
    assert share == pytest.approx(187 / 189.4)
    assert covered


def test_every_weighting_has_its_own(spec):
    """The limits hold the largest company down: without it the capped index stands, the plain one does not."""
    rows = coverage(spec, {FULL: values(1, members(14.3, MEGA=14.3)), CAPPED: values(1, members(5.0, MEGA=5.0)),
                           ANCHORED: values(1, members(99.0, MEGA=99.0), name="symbol")},
                    "weight_scheme", "coverage_share", "is_covered")
    assert rows == [("anchored", pytest.approx(0.5), False), ("capped", pytest.approx(99 / 104), True),
                    ("full_cap", pytest.approx(99 / 113.3), False)]


def test_whole_is_exactly_one(spec):
    worth = {f"S{n}": (0.1 + n / 3, 0.1 + n / 3, 0.01) for n in range(101)}
    assert coverage(spec, {FULL: values(1, worth)}, "coverage_share", "return_share") == [(1.0, 1.0)]


def test_ninety_percent_are_enough_and_less_are_not(spec):
    for missing, covered in ((1.0, True), (1.01, False)):
        worth = {"AAA": (9.0, 9.0, 0.01), "BBB": (None, missing, None)}
        assert coverage(spec, {FULL: values(1, worth)}, "is_covered") == [(covered,)]


def test_who_was_never_worth_anything_known_weighs_as_much_as_the_mean(spec):
    worth = {"AAA": (3.0, 3.0, 0.01), "BBB": (1.0, 1.0, 0.01), "NEW": (None, None, None)}
    assert coverage(spec, {FULL: values(1, worth)}, "coverage_share") == [(pytest.approx(4 / 6),)]


def test_a_session_without_a_close_is_covered_by_nothing(spec):
    worth = {"AAA": (None, 3.0, None), "BBB": (None, 1.0, None)}
    assert coverage(spec, {FULL: values(1, worth)}, "coverage_share", "return_share", "is_covered", "has_return") == [
        (0.0, 0.0, False, False)]
    assert coverage(spec, {FULL: values(1, {"AAA": (None, None, None)})}, "coverage_share") == [(0.0,)]


def test_returns_are_of_weight_too(spec):
    worth = {"AAA": (8.0, 8.0, 0.01), "NEW": (2.0, 2.0, None)}
    assert coverage(spec, {FULL: values(1, worth)}, "coverage_share", "return_share", "is_covered", "has_return") == [
        (1.0, 0.8, True, False)]


def test_it_is_known_when_the_last_member_and_the_hole_are(spec):
    worth = values(1, {"AAA": (8.0, 8.0, 0.01)})
    spec("core.weight_coverage", {FULL: worth, "core.index_coverage": f"""
        date     | index_code | known_at
        {day(1)} | NDX        | {at(2)}
    """}, f"known_at\n{at(2)}")


def test_a_missing_member_keeps_the_value_it_was_last_known_to_have(spec):
    """BBB has no bar on session 3: it was worth 10 on session 2, not the 40 of session 1."""
    spec(FULL, {
        "core.index_member": table(("date", "index_code", "symbol", "issuer"), [
            (day(n), "NDX", symbol, symbol) for n in (2, 3) for symbol in ("AAA", "BBB")]),
        "core.issuer_value": f"""
            issuer | date     | market_cap | previous_date | open_market_cap | price_return | known_at
            BBB    | {day(1)} | 40         |               |                 |              | {at(1)}
            AAA    | {day(2)} | 90         |               |                 |              | {at(2)}
            BBB    | {day(2)} | 10         | {day(1)}      | 40              | -0.75        | {at(2)}
            AAA    | {day(3)} | 99         | {day(2)}      | 90              | 0.1          | {at(3)}
        """}, f"""
        date     | issuer | close_value | last_value | open_value | price_return | previous_date | known_at
        {day(2)} | AAA    | 90          | 90         |            |              |               | {at(2)}
        {day(2)} | BBB    | 10          | 10         | 40         | -0.75        | {day(1)}      | {at(2)}
        {day(3)} | AAA    | 99          | 99         | 90         | 0.1          | {day(2)}      | {at(3)}
        {day(3)} | BBB    |             | 10         |            |              |               | {at(2)}
    """)
