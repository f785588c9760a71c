"""core.index_rebalance: which rebalances the capped weights go by, and the newest list each may know."""

from __future__ import annotations

from drawn import day, table
from weightings import calendar

COVERAGE = table(("date", "index_code", "is_covered"),
                 [(day(n), "NDX", n >= 3) for n in range(1, 21)])


def declared(*rows: tuple[object, object, str]) -> str:
    return table(("index_code", "effective_date", "reference_date", "kind"), [("NDX", *row) for row in rows])


def given(rebalances: str, **more: str) -> dict[str, str]:
    return {"staging.session": calendar(), "core.index_coverage": COVERAGE, "staging.rebalance": rebalances, **more}


def test_it_starts_with_the_first_session_whose_members_are_known(spec):
    """A rebalance whose reference date lies before is passed over, one on the start's own session gives way to it."""
    spec("core.index_rebalance", given(declared(
        (day(5), day(2), "quarterly"), (day(4), day(3), "special"), (day(12), day(8), "annual"),
        (day(16), day(13), "quarterly"))), f"""
        review | effective_date | reference_date | kind      | is_reset
        0      | {day(4)}       | {day(3)}       | start     | true
        1      | {day(12)}      | {day(8)}       | annual    | true
        2      | {day(16)}      | {day(13)}      | quarterly | false
    """)


def test_days_without_a_session_are_the_sessions_next_to_them(spec):
    """Session 5 is a Friday: effective on the Saturday is Monday, a reference on the Sunday is Friday."""
    spec("core.index_rebalance", given(declared(("2026-01-17", "2026-01-11", "quarterly"))), f"""
        review | effective_date | reference_date
        0      | {day(4)}       | {day(3)}
        1      | {day(11)}      | {day(5)}
    """)


def test_dates_to_come_are_not_rebalances_yet(spec):
    spec("core.index_rebalance", given(declared((day(30), day(18), "annual"))), "review\n0")


def test_a_universe_without_declared_rebalances_has_none(spec):
    spec("core.index_rebalance", given("index_code"), "review")


def test_a_rebalance_knows_the_newest_list_published_before_its_session_opens(spec):
    """The list of session 7 is published late on the evening before; that of session 8 on the day itself, too late."""
    lists = table(("index_code", "list_date", "published_on", "symbol", "known_at"), [
        ("NDX", day(6), day(7), "AAA", f"{day(8)} 04:59"),
        ("NDX", day(7), day(8), "AAA", f"{day(9)} 04:59"),
        ("NDX", day(8), day(9), "AAA", f"{day(10)} 04:59")])
    tables = given(declared((day(9), day(5), "quarterly")), **{"core.implied_index_shares": lists})
    spec("core.index_rebalance", tables, f"""
        review | list_date | list_published_on
        0      |           |
        1      | {day(7)}  | {day(8)}
    """)
