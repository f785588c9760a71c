"""staging.published_weight: of each weight the latest version known by as_of and recorded by recorded_by."""

from __future__ import annotations

LISTS = {"raw.index_weight_list": """
    index_code | date       | published_on | symbol | weight | is_withdrawn | known_at         | fetched_at
    NDX        | 2026-01-05 | 2026-01-06   | AAA    | 0.6    | false        | 2026-01-07 04:59 | 2026-01-08 00:00
    NDX        | 2026-01-05 | 2026-01-06   | BBB    | 0.4    | false        | 2026-01-07 04:59 | 2026-01-08 00:00
    NDX        | 2026-01-05 | 2026-01-06   | AAA    | 0.61   | false        | 2026-01-09 00:00 | 2026-01-09 00:00
    NDX        | 2026-01-05 | 2026-01-06   | BBB    |        | true         | 2026-01-09 00:00 | 2026-01-09 00:00
    NDX        | 2026-01-05 | 2026-01-12   | AAA    | 0.62   | false        | 2026-01-13 04:59 | 2026-01-13 12:00
"""}


def test_a_correction_replaces_a_weight_and_a_withdrawal_takes_it_away(spec):
    """What is published anew for the same day is a list of its own."""
    spec("staging.published_weight", LISTS, """
        published_on | symbol | weight | known_at
        2026-01-06   | AAA    | 0.61   | 2026-01-09 00:00
        2026-01-12   | AAA    | 0.62   | 2026-01-13 04:59
    """)


def test_the_world_knew_the_list_first_published_until_then(spec):
    spec("staging.published_weight", LISTS, """
        published_on | symbol | weight
        2026-01-06   | AAA    | 0.6
        2026-01-06   | BBB    | 0.4
    """, as_of="2026-01-08 12:00")


def test_before_the_evening_of_its_day_a_list_is_not_known(spec):
    spec("staging.published_weight", LISTS, "symbol", as_of="2026-01-07 04:58")


def test_what_we_had_not_fetched_is_not_in_what_we_had(spec):
    spec("staging.published_weight", LISTS, "symbol", recorded_by="2026-01-07 23:00")
