"""staging.basket_member: dated members as recorded."""

from __future__ import annotations

from assertions import assertions_fail

MODEL = "staging.basket_member"


def test_the_newest_snapshot_recorded_by_then_stands_whole(spec):
    given = {"raw.catalog_basket_member": """
        basket | symbol | valid_from | valid_to   | fetched_at
        tech   | AAA    | 2020-01-02 |            | 2026-01-01
        tech   | AAA    | 2020-01-02 | 2026-01-15 | 2026-02-01
        tech   | BBB    | 2026-01-15 |            | 2026-02-01
    """}
    spec(MODEL, given, """
        basket | symbol | valid_from | valid_to
        tech   | AAA    | 2020-01-02 | 2026-01-15
        tech   | BBB    | 2026-01-15 |
    """)
    spec(MODEL, given, recorded_by="2026-01-31", expect="""
        basket | symbol | valid_from | valid_to
        tech   | AAA    | 2020-01-02 |
    """)


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a membership lasts a day at least": {"valid_from": "2026-01-15", "valid_to": "2026-01-15"},
    })
