"""For specifications: counts, splits and evidence of one stock by session number, and the models that evaluate them."""

from __future__ import annotations

from itertools import groupby

from drawn import day, sessions, table

# The models from the feed's counts to the verdict on each spell; core.share_count itself runs after them.
CHAIN = ("core.split_kind", "core.share_count_spell", "core.share_count_by_list", "core.share_count_by_merger",
         "core.share_count_evidence", "core.share_count_verdict")
__all__ = ["CHAIN", "day", "given", "in_force", "runs"]


def given(length: int, counts: dict[int, float], splits: dict[int, float] | None = None,
          evidence: dict[str, str] | None = None) -> dict[str, str]:
    """Return given-tables for one stock; `counts` has a row for each session on which the feed's count changes."""
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
    """Return (shares in force, status) of every session of AAA."""
    rows = spec.rows("core.share_count", given(length, counts, splits, evidence),
                     columns=["symbol", "shares_in_force", "status"], through=CHAIN)
    return [(shares, status) for symbol, shares, status in rows if symbol == "AAA"]


def runs(got: list[tuple]) -> list[float]:
    """Return the counts in force in order, with each run of equal consecutive counts as one."""
    return [shares for shares, _ in groupby(shares for shares, _ in got)]
