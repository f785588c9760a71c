"""Given-tables for index weightings: sessions by number (tests/support/drawn.py), issuers by price and share count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drawn import day, sessions, table

UNIVERSE = """
    index_code | published_index
    NDX        | ^NDX
"""
# The limits of the Nasdaq-100, so that a case computed by hand reads like the methodology.
LIMITS = """
    index_code | position | is_annual | limited         | size  | above | target | others_at_most
    NDX        | 1        | false     | issuer          |       | 0.24  | 0.20   |
    NDX        | 2        | false     | issuers_over    | 0.045 | 0.48  | 0.40   |
    NDX        | 3        | true      | issuer          |       | 0.15  | 0.14   |
    NDX        | 4        | true      | largest_issuers | 5     | 0.40  | 0.385  | 0.044
"""


def at(position: int, hour: str = "21:15") -> str:
    """Return a time of a session, by default the time at which its prices are known."""
    return f"{day(position)} {hour}"


def reviews(*rows: tuple[int, int, int, str]) -> str:
    """Draw core.index_rebalance from (review, effective session, reference session, kind)."""
    return table(("index_code", "review", "effective_date", "reference_date", "kind", "is_reset"), [
        ("NDX", review, day(effective), day(reference), kind, kind != "quarterly")
        for review, effective, reference, kind in rows])


def members(stays: Mapping[str, Sequence[int]]) -> str:
    """Draw core.index_member from the sessions on which each issuer is a member; the symbol is the issuer."""
    return table(("date", "index_code", "symbol", "issuer"),
                 [(day(position), "NDX", issuer, issuer) for issuer, positions in stays.items() for position in positions])


def units(rows: Sequence[tuple[str, int, float, float]]) -> str:
    """Draw core.issuer_unit from (issuer, session, level, units)."""
    return table(("issuer", "date", "position", "level", "units", "known_at"), [
        (issuer, day(position), position, float(level), float(count), at(position))
        for issuer, position, level, count in rows])


def calendar(count: int = 20) -> str:
    return sessions(count)
