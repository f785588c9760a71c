"""core.index_coverage: how much of a universe is known by session."""

from __future__ import annotations

from drawn import day, sessions, table

UNIVERSE = """
    index_code | published_index
    NDX        | ^NDX
"""


def members(position: int, priced: int, returned: int, count: int = 10) -> list[tuple]:
    at = f"{day(position)} 21:15"
    return [(day(position), "NDX", f"S{n}", f"S{n // 2 * 2}", n < priced, 0.01 if n < returned else None,
             at if n < priced else None) for n in range(count)]


def coverage(spec, rows: list[tuple], expect: str, level: str = "symbol | date") -> None:
    spec("core.index_coverage", {
        "staging.session": sessions(5),
        "staging.universe": UNIVERSE,
        "core.index_level": level,
        "core.index_member": table(
            ("date", "index_code", "symbol", "issuer", "is_priced", "price_return", "known_at"), rows),
    }, expect)


def test_members_are_securities_and_issuers_companies(spec):
    coverage(spec, members(1, 10, 10), """
        date       | index_code | members | issuers | coverage_share | return_share | known_at
        2026-01-05 | NDX        | 10      | 5       | 1.0            | 1.0          | 2026-01-05 21:15
    """)


def test_ninety_percent_are_enough_and_less_are_not(spec):
    coverage(spec, members(1, 9, 9) + members(2, 8, 8) + members(3, 10, 8), """
        date       | coverage_share | return_share | is_covered | has_return
        2026-01-05 | 0.9            | 0.9          | true       | true
        2026-01-06 | 0.8            | 0.8          | false      | false
        2026-01-07 | 1.0            | 0.8          | true       | false
    """)


def test_a_dropped_session_is_known_as_such_when_a_later_one_came(spec):
    coverage(spec, members(1, 10, 10) + members(2, 0, 0) + members(3, 10, 10), """
        date       | coverage_share | known_at
        2026-01-05 | 1.0            | 2026-01-05 21:15
        2026-01-06 | 0.0            | 2026-01-07 21:15
        2026-01-07 | 1.0            | 2026-01-07 21:15
    """)


def test_or_at_once_when_the_published_index_closed_that_day(spec):
    coverage(spec, members(1, 10, 10) + members(2, 0, 0) + members(3, 10, 10), """
        date       | coverage_share | known_at
        2026-01-05 | 1.0            | 2026-01-05 21:15
        2026-01-06 | 0.0            | 2026-01-06 21:15
        2026-01-07 | 1.0            | 2026-01-07 21:15
    """, level="""
        symbol | date       | close | known_at
        ^NDX   | 2026-01-06 | 100   | 2026-01-06 21:15
    """)
