"""staging.macro_observation: every vintage within the build's two cuts."""

from __future__ import annotations

from assertions import assertions_fail

MODEL = "staging.macro_observation"
NFCI = {"raw.macro_observation": """
    series_id | date       | value | is_withdrawn | known_at            | fetched_at
    NFCI      | 2026-03-20 | -0.46 | false        | 2026-03-26 03:59:00 | 2026-03-26 12:00
    NFCI      | 2026-03-20 | -0.47 | false        | 2026-04-02 03:59:00 | 2026-04-02 12:00
    NFCI      | 2026-03-27 | -0.43 | false        | 2026-04-02 03:59:00 | 2026-04-02 12:00
"""}


def test_every_vintage_is_a_row(spec):
    spec(MODEL, NFCI, """
        series_id | date       | value | known_at
        NFCI      | 2026-03-20 | -0.46 | 2026-03-26 03:59:00
        NFCI      | 2026-03-20 | -0.47 | 2026-04-02 03:59:00
        NFCI      | 2026-03-27 | -0.43 | 2026-04-02 03:59:00
    """)


def test_what_the_world_learns_later_is_not_seen(spec):
    spec(MODEL, NFCI, as_of="2026-04-02 03:58:59", expect="""
        date       | value
        2026-03-20 | -0.46
    """)


def test_what_we_fetch_later_is_not_seen(spec):
    spec(MODEL, NFCI, recorded_by="2026-04-02 11:59", expect="""
        date       | value
        2026-03-20 | -0.46
    """)


def test_a_value_taken_back_is_a_row_without_one(spec):
    spec(MODEL, {"raw.macro_observation": """
        series_id | date       | value | is_withdrawn | known_at
        DGS10     | 2026-03-20 | 4.25  | false        | 2026-03-24 03:59:00
        DGS10     | 2026-03-20 |       | true         | 2026-03-25 12:00:00
    """}, expect="""
        date       | value | known_at
        2026-03-20 | 4.25  | 2026-03-24 03:59:00
        2026-03-20 |       | 2026-03-25 12:00:00
    """)


def test_of_two_values_of_one_moment_the_later_fetched_stands(spec):
    spec(MODEL, {"raw.macro_observation": """
        series_id | date       | value | known_at            | fetched_at
        DGS10     | 2026-03-20 | 4.26  | 2026-03-24 03:59:00 | 2026-03-26 12:00
        DGS10     | 2026-03-20 | 4.25  | 2026-03-24 03:59:00 | 2026-03-25 12:00
    """}, expect="""
        date       | value
        2026-03-20 | 4.26
    """)


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {"a value is a number": [{"value": "nan"}, {"value": "inf"}],
                          "one of three qualities": {"pit_quality": "guess"}})
