"""Counts, splits and evidence of one stock by session number, and the models that decide on them, for specifications."""

from __future__ import annotations

from itertools import groupby

from drawn import day, sessions, table

# From the feed's counts to the verdict on each of their spells; core.share_count itself comes last.
CHAIN = ("core.split_kind", "core.share_count_spell", "core.share_count_by_list", "core.share_count_by_merger",
         "core.share_count_evidence", "core.share_count_verdict")
__all__ = ["CHAIN", "day", "given", "in_force", "runs"]


def given(length: int, counts: dict[int, float], splits: dict[int, float] | None = None,
          evidence: dict[str, str] | None = None) -> dict[str, str]:
    """The feed gives a row where its count changes."""
    return {
        "staging.session": sessions(length),
        "staging.shares_outstanding": table(
            ("symbol", "date", "shares_outstanding", "known_at"),
            [("AAA", day(p), repr(float(count)), f"{day(p)} 21:15") for p, count in counts.items()]),
        "staging.split": table(
            ("symbol", "date", "ratio", "known_at"),
            [("AAA", day(p), ratio, f"{day(p)} 21:15") for p, ratio in (splits or {}).items()]),
        **(evidence or {}),
    }


def in_force(spec, length: int, counts: dict[int, float], splits: dict[int, float] | None = None,
             evidence: dict[str, str] | None = None) -> list[tuple]:
    """(shares in force, status) of every session of AAA."""
    rows = spec.rows("core.share_count", given(length, counts, splits, evidence),
                     columns=["symbol", "shares_in_force", "status"], through=CHAIN)
    return [(shares, status) for symbol, shares, status in rows if symbol == "AAA"]


def runs(got: list[tuple]) -> list[float]:
    """The counts in force one after another, each once per row of sessions."""
    return [shares for shares, _ in groupby(shares for shares, _ in got)]
