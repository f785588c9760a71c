"""core.issuer_unit: a company's capitalization as shares of its primary line, free of splits."""

from __future__ import annotations

PRICES = """
    symbol | date       | position | level | known_at
    AAA    | 2026-01-05 | 1        | 100   | 2026-01-05 21:15
    AAA2   | 2026-01-05 | 1        | 90    | 2026-01-05 21:15
    BBB    | 2026-01-05 | 1        | 20    | 2026-01-07 09:00
"""


def test_it_is_the_capitalization_over_the_primary_lines_level(spec):
    """After a split of ten, AAA trades at 10 with a level of 100; a company of two lines is one, in AAA's shares."""
    spec("core.issuer_unit", {"core.held_level": PRICES, "core.issuer_value": """
        issuer | date       | market_cap | known_at
        AAA    | 2026-01-05 | 5000       | 2026-01-06 21:15
        BBB    | 2026-01-05 | 500        | 2026-01-05 21:15
    """}, """
        issuer | position | level | units | known_at
        AAA    | 1        | 100   | 50    | 2026-01-06 21:15
        BBB    | 1        | 20    | 25    | 2026-01-07 09:00
    """)


def test_without_a_capitalization_there_is_nothing(spec):
    spec("core.issuer_unit", {"core.held_level": PRICES, "core.issuer_value": """
        issuer | date       | market_cap
        AAA    | 2026-01-05 |
    """}, "issuer")
