"""staging.series: the catalog's series as recorded."""

from __future__ import annotations

from assertions import assertions_fail

MODEL = "staging.series"


def test_the_newest_snapshot_recorded_by_then_stands_whole(spec):
    given = {"raw.catalog_series": """
        series_id | title | unit    | frequency | is_vintage | fallback_for | since      | stale_after_days | fetched_at
        DGS10     | 10y   | percent | daily     | false      |              | 1990-01-02 | 7                | 2026-01-01
        VIXCLS    | VIX   | index   | daily     | false      | ^VIX         | 1990-01-02 | 7                | 2026-01-01
        VIXCLS    | VIX   | index   | daily     | false      | ^VIX         | 1990-01-02 | 9                | 2026-02-01
    """}
    spec(MODEL, given, """
        series_id | fallback_for | stale_after_days
        VIXCLS    | ^VIX         | 9
    """)
    spec(MODEL, given, recorded_by="2026-01-31", expect="""
        series_id | fallback_for | stale_after_days
        DGS10     |              | 7
        VIXCLS    | ^VIX         | 7
    """)


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {"a series may go stale only after a day at least": {"stale_after_days": 0}})
