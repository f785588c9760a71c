"""staging.instrument, staging.universe and staging.universe_member: the catalogue as it was recorded."""

from __future__ import annotations


def test_an_instrument_is_what_the_newest_snapshot_recorded_by_then_says(spec):
    given = {"raw.catalogue_instrument": """
        symbol | name     | kind  | issuer | is_primary_line | counts_whole_company | gics_sector | since      | statements | fetched_at
        AAA    | Aaa Inc. | stock | AAA    | true            | false                | Energy      | 2020-01-02 | false      | 2025-01-01 00:00
        BBB    | Bbb Inc. | stock | BBB    | true            | false                |             | 2020-01-02 | false      | 2025-01-01 00:00
        AAA    | Aaa Inc. | stock | AAA    | true            | true                 | Utilities   | 2020-01-02 | false      | 2025-06-01 00:00
    """}
    spec("staging.instrument", given, """
        symbol | counts_whole_company | gics_sector
        AAA    | true                 | Utilities
    """)
    spec("staging.instrument", given, """
        symbol | counts_whole_company | gics_sector
        AAA    | false                | Energy
        BBB    | false                |
    """, recorded_by="2025-05-31 00:00")
