"""A figure of the newest session is that session's: one that is missing is not taken from a session before."""

from __future__ import annotations

import pytest
from judged import judged, verdict
from tables import draw, weekdays

DAYS = weekdays(63)


def concentration(**newest: float | None) -> dict[str, str]:
    """Sessions in which few members rise and ten companies bring the return; the last one is as given."""
    row = {"index_code": "NDX", "weight_scheme": "capped", "index_return": 0.002, "equal_weight_return": 0.001,
           "above_50d_share": 0.4, "top10_return_share_63d": 0.6}
    return {"marts.concentration_daily": draw([*({"date": day, **row} for day in DAYS[:-1]),
                                               {"date": DAYS[-1], **row, **newest}])}


@pytest.mark.parametrize(("newest", "expected"), [
    ({}, (3, "supported")), ({"above_50d_share": 0.6}, (2, "partial")),
    ({"top10_return_share_63d": 0.4}, (2, "contradicted")),
    ({"above_50d_share": None}, (None, "data_missing")), ({"top10_return_share_63d": None}, (None, "data_missing"))])
def test_the_breadth_of_the_newest_session(spec, newest, expected):
    assert verdict(spec, "A13", concentration(**newest)) == expected


@pytest.mark.parametrize(("newest", "reported"), [(0.07, "+7.0 %"), (None, "unknown")])
def test_the_spread_of_the_newest_session(spec, newest, reported):
    given = {"marts.divergence_daily": draw(
        {"date": day, "is_divergent_day": False, "sp500_return": 0.001,
         "spread_63d_return": newest if day == DAYS[-1] else 0.05} for day in DAYS)}
    assert f"over 63 sessions {reported}." in judged(spec, "B01", given)["evidence"]
