"""audit.quarantine: every row kept out, whole, with its reason."""

from __future__ import annotations

import json


def test_a_rejected_row_is_shown_once_however_often_it_came(spec):
    spec("audit.quarantine", {"raw.rejected_row": """
        feed | key | date       | row_json        | reason         | batch_id | fetched_at       | run_id
        bars | AAA | 2026-01-05 | {"close": -1.0} | close above 0  | b1       | 2026-01-05 22:00 | r1
        bars | AAA | 2026-01-05 | {"close": -1.0} | close above 0  | b2       | 2026-01-06 22:00 | r2
        bars | AAA | 2026-01-06 | {"close": -2.0} | close above 0  | b2       | 2026-01-06 22:00 | r2
    """}, """
        feed | key | date       | row_json        | reason        | times | known_at
        bars | AAA | 2026-01-05 | {"close": -1.0} | close above 0 | 2     | 2026-01-05 22:00
        bars | AAA | 2026-01-06 | {"close": -2.0} | close above 0 | 1     | 2026-01-06 22:00
    """)


def test_what_was_rejected_later_or_is_dated_later_is_not_there_yet(spec):
    given = {"raw.rejected_row": """
        feed | key | date       | row_json | reason | batch_id | fetched_at       | run_id
        bars | AAA | 2026-01-05 | {}       | wrong  | b1       | 2026-01-09 22:00 | r1
        bars | BBB | 2026-01-08 | {}       | wrong  | b1       | 2026-01-09 22:00 | r1
    """}
    spec("audit.quarantine", given, "key", recorded_by="2026-01-09 21:00")
    spec("audit.quarantine", given, """
        key
        AAA
    """, as_of="2026-01-07 23:00")


def test_a_held_count_is_quarantined_with_its_reason(spec):
    (feed, key, day, row, reason), = spec.rows("audit.quarantine", {"core.share_count_held": """
        symbol | first_date | last_date  | sessions | feed_count | ratio | outcome | reason    | known_at
        MU     | 2026-03-11 | 2026-03-13 | 3        | 5600       | 5.0   | dropped | five fold | 2026-03-16 20:15
    """}, columns=["feed", "key", "date", "row_json", "reason"])
    assert (feed, key, str(day), reason) == ("shares", "MU", "2026-03-11", "five fold")
    assert json.loads(row) == {"symbol": "MU", "first_date": "2026-03-11", "last_date": "2026-03-13", "sessions": 3,
                               "shares_outstanding": 5600.0, "ratio": 5.0, "outcome": "dropped"}
