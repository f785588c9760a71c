"""staging.basket: the catalog's baskets as recorded."""

from __future__ import annotations

from assertions import assertions_fail

MODEL = "staging.basket"


def test_the_newest_snapshot_recorded_by_then_stands_whole(spec):
    given = {"raw.catalog_basket": """
        basket    | title       | role  | position | fetched_at
        defensive | Defensive   | tier  | 1        | 2026-01-01
        gold      | Gold miners | fund  | 2        | 2026-01-01
        defensive | Defensives  | tier  | 1        | 2026-02-01
    """}
    spec(MODEL, given, """
        basket    | title      | role | position
        defensive | Defensives | tier | 1
    """)
    spec(MODEL, given, recorded_by="2026-01-31", expect="""
        basket    | title       | role | position
        defensive | Defensive   | tier | 1
        gold      | Gold miners | fund | 2
    """)


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {"a role the marts know": {"role": "teir"}})
