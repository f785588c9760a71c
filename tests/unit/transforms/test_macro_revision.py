"""audit.macro_revision: every later word on an observation, after what was said first and before."""

from __future__ import annotations


def test_a_revision_stands_beside_the_first_value_and_the_one_before(spec):
    """A value said once is no revision; one taken back and said again are two."""
    spec("audit.macro_revision", {
        "staging.macro_observation": """
            series_id | date       | value  | known_at
            NFCI      | 2026-04-03 | -0.433 | 2026-04-09 03:59
            NFCI      | 2026-04-10 | -0.465 | 2026-04-16 03:59
            NFCI      | 2026-04-10 | -0.479 | 2026-04-23 03:59
            NFCI      | 2026-04-10 | -0.480 | 2026-04-30 03:59
            PAYEMS    | 2026-03-01 | 158000 | 2026-04-04 03:59
            PAYEMS    | 2026-03-01 |        | 2026-04-10 03:59
            PAYEMS    | 2026-03-01 | 158100 | 2026-04-11 03:59
        """,
    }, """
        series_id | date       | first_value | previous_value | value  | known_at
        NFCI      | 2026-04-10 | -0.465      | -0.465         | -0.479 | 2026-04-23 03:59
        NFCI      | 2026-04-10 | -0.465      | -0.479         | -0.480 | 2026-04-30 03:59
        PAYEMS    | 2026-03-01 | 158000      | 158000         |        | 2026-04-10 03:59
        PAYEMS    | 2026-03-01 | 158000      |                | 158100 | 2026-04-11 03:59
    """)
