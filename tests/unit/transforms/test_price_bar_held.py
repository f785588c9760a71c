"""core.price_bar_held and core.price_bar: what is held is in no figure, is named, and moves the known_at it changes."""

from __future__ import annotations

import json

from drawn import sessions

VERDICTS = """
    symbol | date       | close | status   | kind           | ratio | reason           | known_at
    AAA    | 2026-01-06 | 200   | held     | there_and_back | 2     | held: undone     | 2026-01-07 21:15
    BBB    | 2026-01-06 | 70    | accepted | leap           | 1.4   | accepted: stands | 2026-01-20 21:15
"""
BARS = """
    symbol | date       | close | known_at
    AAA    | 2026-01-05 | 100   | 2026-01-05 21:15
    AAA    | 2026-01-06 | 200   | 2026-01-06 21:15
    AAA    | 2026-01-07 | 101   | 2026-01-07 09:00
    BBB    | 2026-01-05 | 50    | 2026-01-05 21:15
    BBB    | 2026-01-06 | 70    | 2026-01-06 21:15
"""


def test_a_held_bar_is_listed_and_the_others_are_used(spec):
    spec("core.price_bar_held", {"core.price_bar_verdict": VERDICTS}, """
        symbol | date       | close | kind           | ratio | reason       | known_at
        AAA    | 2026-01-06 | 200   | there_and_back | 2     | held: undone | 2026-01-07 21:15
    """)
    # The bar after a held one is known with the verdict, one that was accepted with its acceptance.
    spec("core.price_bar", {"core.price_bar_verdict": VERDICTS, "staging.price_bar": BARS}, """
        symbol | date       | close | known_at
        AAA    | 2026-01-05 | 100   | 2026-01-05 21:15
        AAA    | 2026-01-07 | 101   | 2026-01-07 21:15
        BBB    | 2026-01-05 | 50    | 2026-01-05 21:15
        BBB    | 2026-01-06 | 70    | 2026-01-20 21:15
    """)


def test_a_split_named_late_moves_the_moment_from_which_its_bars_are_understood(spec):
    spec("core.price_bar", {"staging.price_bar": BARS, "staging.split": """
        symbol | date       | ratio | known_at
        AAA    | 2026-01-06 | 2     | 2026-01-09 21:15
    """}, """
        symbol | date       | known_at
        AAA    | 2026-01-05 | 2026-01-05 21:15
        AAA    | 2026-01-06 | 2026-01-09 21:15
        AAA    | 2026-01-07 | 2026-01-09 21:15
        BBB    | 2026-01-05 | 2026-01-05 21:15
        BBB    | 2026-01-06 | 2026-01-06 21:15
    """)


def test_the_return_after_held_bars_runs_over_them(spec):
    spec("core.security_price", {
        "staging.session": sessions(4), "staging.instrument": "symbol | kind\nBBB | stock",
        "core.price_bar": """
            symbol | date       | close | known_at
            BBB    | 2026-01-05 | 60    | 2026-01-05 21:15
            BBB    | 2026-01-08 | 60    | 2026-01-08 21:15
        """}, """
        date       | price_return | gap_sessions
        2026-01-05 |              |
        2026-01-08 | 0.0          | 2
    """)


def test_a_held_member_has_no_price_and_says_when_that_was_known(spec):
    spec("core.index_member", {
        "staging.universe": "index_code | published_index\nNDX | ^NDX",
        "staging.universe_member": "index_code | symbol | valid_from\nNDX | AAA | 2026-01-01\nNDX | BBB | 2026-01-01",
        "staging.session": sessions(2),
        "core.security_price": "symbol | date | close | known_at\nBBB | 2026-01-05 | 50 | 2026-01-05 21:15\n"
                               "BBB | 2026-01-06 | 50 | 2026-01-06 21:15\nAAA | 2026-01-05 | 50 | 2026-01-05 21:15",
        "core.share_count": "symbol | date | shares_in_force\nBBB | 2026-01-05 | 1\nBBB | 2026-01-06 | 1\n"
                            "AAA | 2026-01-05 | 1",
        "core.price_bar_held": "symbol | date | known_at\nAAA | 2026-01-06 | 2026-01-07 21:15"}, """
        date       | symbol | is_priced | known_at
        2026-01-05 | AAA    | true      | 2026-01-05 21:15
        2026-01-05 | BBB    | true      | 2026-01-05 21:15
        2026-01-06 | AAA    | false     | 2026-01-07 21:15
        2026-01-06 | BBB    | true      | 2026-01-06 21:15
    """)


def test_a_held_bar_is_in_quarantine_with_its_reason(spec):
    (feed, key, day, row, reason, known), = spec.rows("audit.quarantine", {"core.price_bar_held": """
        symbol | date       | close | kind | ratio | reason             | known_at
        BBB    | 2026-05-12 | 6000  | leap | 120   | held: 120 times it | 2026-05-12 20:15
    """}, columns=["feed", "key", "date", "row_json", "reason", "known_at"])
    assert (feed, key, str(day), reason, str(known)) == (
        "bars", "BBB", "2026-05-12", "held: 120 times it", "2026-05-12 20:15:00")
    assert json.loads(row) == {"symbol": "BBB", "date": "2026-05-12", "close": 6000.0, "kind": "leap", "ratio": 120.0}
