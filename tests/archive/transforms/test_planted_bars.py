"""Wrong bars planted in copies of the real archive are found, alone and jointly, and no true bar is held."""

from __future__ import annotations

from datetime import date

import pytest
from planted_bars import Planted, drill


@pytest.fixture(scope="module")
def market(real_archive) -> Planted:
    return Planted(real_archive)


def test_of_the_archives_own_bars_only_the_stale_one_is_held(market):
    assert market.true == {("CLSK", date(2024, 11, 8))}


def test_planted_bars_that_move_an_index_are_found_and_no_true_one_is_held(market):
    """A hundred plants, fifty in one market at once, in the middle and at its end; drill_bars.py plants more."""
    material, missed, wronged = drill(market, seed=5, rounds=2, count=50)
    assert material > 200
    assert len(missed) <= 0.01 * material, missed
    assert wronged == set()
