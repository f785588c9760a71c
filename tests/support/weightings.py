"""Given-tables of the weightings: sessions by number (tests/support/drawn.py), issuers by their price and count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drawn import day, sessions, table

UNIVERSE = """
    index_code | published_index
    NDX        | ^NDX
"""
# The Nasdaq-100's own limits, so that a hand-worked case reads like its methodology.
LIMITS = """
    index_code | position | is_annual | limited         | size  | above | target | others_at_most
    NDX        | 1        | false     | issuer          |       | 0.24  | 0.20   |
    NDX        | 2        | false     | issuers_over    | 0.045 | 0.48  | 0.40   |
    NDX        | 3        | true      | issuer          |       | 0.15  | 0.14   |
    NDX        | 4        | true      | largest_issuers | 5     | 0.40  | 0.385  | 0.044
"""


def at(position: int, hour: str = "21:15") -> str:
    """A moment of a session, by default when its prices are known."""
    return f"{day(position)} {hour}"


def reviews(*rows: tuple[int, int, int, str]) -> str:
    """core.index_rebalance: (review, effective session, reference session, kind)."""
    return table(("index_code", "review", "effective_date", "reference_date", "kind", "is_reset"), [
        ("NDX", review, day(effective), day(reference), kind, kind != "quarterly")
        for review, effective, reference, kind in rows])


def members(stays: Mapping[str, Sequence[int]]) -> str:
    """core.index_member: the sessions each issuer is a member on; its symbol is its issuer."""
    return table(("date", "index_code", "symbol", "issuer"),
                 [(day(position), "NDX", issuer, issuer) for issuer, positions in stays.items() for position in positions])


def units(rows: Sequence[tuple[str, int, float, float]]) -> str:
    """core.issuer_unit: (issuer, session, level, units)."""
    return table(("issuer", "date", "position", "level", "units", "known_at"), [
        (issuer, day(position), position, float(level), float(count), at(position))
        for issuer, position, level, count in rows])


def calendar(count: int = 20) -> str:
    return sessions(count)
