"""staging.instrument: lines, indices and coins as the catalog was recorded."""

from __future__ import annotations

from drawn import table

COMPANY = {"name": "A company", "kind": "stock", "is_primary_line": True, "since": "2020-01-02", "statements": False}


def test_an_instrument_is_what_the_newest_snapshot_recorded_by_then_says(spec):
    given = {"raw.catalog_instrument": table(
        ("symbol", "issuer", "counts_whole_company", "gics_sector", "fetched_at", *COMPANY),
        [(*row, *COMPANY.values()) for row in (
            ("AAA", "AAA", False, "Energy", "2025-01-01"),
            ("BBB", "BBB", False, None, "2025-01-01"),
            ("AAA", "AAA", True, "Utilities", "2025-06-01"),
        )])}
    spec("staging.instrument", given, """
        symbol | counts_whole_company | gics_sector
        AAA    | true                 | Utilities
    """)
    spec("staging.instrument", given, """
        symbol | counts_whole_company | gics_sector
        AAA    | false                | Energy
        BBB    | false                |
    """, recorded_by="2025-05-31 00:00")
