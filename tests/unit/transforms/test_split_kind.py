"""core.split_kind: a ratio of small whole numbers multiplies counts, any other adjusts the price alone."""

from __future__ import annotations

import pytest
from assertions import assertions_fail


def kind(spec, ratio: float) -> str:
    (got,), = spec.rows("core.split_kind", {"staging.split": f"symbol | date | ratio\nAAA | 2026-04-15 | {ratio!r}"},
                        columns=["kind"])
    return got


@pytest.mark.parametrize("ratio", [
    2, 3, 4, 10, 20, 25, 50, 1.5, 4 / 3, 1.3333, 1.25, 1.1, 0.1, 0.125, 1 / 30, 0.6667, 0.05])
def test_whole_numbers_are_a_split(spec, ratio):
    assert kind(spec, ratio) == "split"


@pytest.mark.parametrize("ratio", [1.323, 1.281, 1.253, 1.324, 1.046, 1.0115, 1.196, 2.0899, 0.4725, 1.402])
def test_any_other_ratio_adjusts_the_price(spec, ratio):
    assert kind(spec, ratio) == "price_adjustment"


def test_the_product_leaves_price_adjustments_out(spec):
    spec("core.split_kind", {"staging.split": """
        symbol | date       | ratio | known_at
        AAA    | 2026-01-05 | 2     | 2026-01-05 21:15
        AAA    | 2026-02-05 | 1.323 | 2026-02-05 21:15
        AAA    | 2026-03-05 | 5     | 2026-03-05 21:15
        BBB    | 2026-03-05 | 3     | 2026-03-05 21:15
    """}, """
        symbol | date       | kind             | count_product | known_at
        AAA    | 2026-01-05 | split            | 2.0           | 2026-01-05 21:15
        AAA    | 2026-02-05 | price_adjustment | 2.0           | 2026-02-05 21:15
        AAA    | 2026-03-05 | split            | 10.0          | 2026-03-05 21:15
        BBB    | 2026-03-05 | split            | 3.0           | 2026-03-05 21:15
    """)


def test_its_assertions_can_fail(spec):
    assertions_fail(spec, "core.split_kind", {"two kinds": {"kind": "merger"}, "a product is positive": [
        {"count_product": 0, "adjustment_product": 1}, {"count_product": 1, "adjustment_product": 0}]})
