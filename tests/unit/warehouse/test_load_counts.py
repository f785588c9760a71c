"""Share counts that the feed no longer says: drift stays, a count that leapt is gone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest


def test_a_count_the_feed_leaves_out_is_not_withdrawn(desk):
    desk.fetch("shares", "2026-03-06 12:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-03-02 | 1.0e9
        AAA    | 2026-03-03 | 1.1e9
        AAA    | 2026-03-04 | 1.2e9
    """)
    assert desk.fetch("shares", "2026-03-07 12:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-03-02 | 1.0e9
        AAA    | 2026-03-04 | 1.2e9
    """).added == 0


@pytest.mark.parametrize("reported", ["", "AAA | 2026-03-06 | 1.01e9"])
def test_a_count_that_leapt_is_gone_when_the_feed_no_longer_says_it(desk, reported):
    """A run of two at four times the count, one of half of it, and the way back, which is not said either; drift stays."""
    head = "symbol | date | shares_outstanding\n"
    desk.fetch("bars", "2026-03-04 12:00", "", "symbol | date | kind | value\nAAA | 2026-03-04 | split | 2")
    desk.fetch("shares", "2026-03-05 12:00", head + """
        AAA | 2025-11-03 | 0.9e9
        AAA | 2026-02-02 | 0.50e9
        AAA | 2026-02-03 | 0.51e9
        AAA | 2026-02-27 | 2.00e9
        AAA | 2026-03-02 | 2.04e9
        AAA | 2026-03-03 | 0.25e9
        AAA | 2026-03-04 | 1.01e9""")
    assert desk.fetch("shares", "2026-03-06 12:00",
                      head + f"AAA | 2026-02-02 | 0.50e9\n{reported}").added == 4 + bool(reported)
    later = datetime(2027, 1, 1, tzinfo=UTC)
    counts = desk.value(later, later, "raw.shares_outstanding", "shares_outstanding")
    assert [counts[key] for key in sorted(counts)] == [0.9e9, 0.5e9, 0.51e9, *[1.01e9] * bool(reported)]
