"""core.rate_pair: returns and yield changes over one span, and from when on both were known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from assertions import assertions_fail
from tables import draw, sessions, weekdays

MODEL = "core.rate_pair"
DAYS = weekdays(8, date(2020, 3, 9))


def night(place: int) -> str:
    """23:59:00 New York, in summer, of a session."""
    return f"{DAYS[place] + timedelta(days=1)} 03:59"


def closes(symbol: str, *values: float | None) -> list[dict]:
    """An index whose returns run from its last close, by session; None is a session without one."""
    rows, last = [], None
    for i, value in enumerate(values):
        if value is None:
            continue
        rows.append({"symbol": symbol, "date": DAYS[i], "position": i + 1, "close": float(value),
                     "previous_date": DAYS[last] if last is not None else None,
                     "price_return": value / values[last] - 1 if last is not None else None,
                     "known_at": f"{DAYS[i]} 21:15"})
        last = i
    return rows


def yields(*values: float | None) -> list[dict]:
    """DGS10 by session, known on the evening of the next one."""
    return [{"series_id": "DGS10", "date": DAYS[i], "value": value, "known_at": night(i + 1)}
            for i, value in enumerate(values)]


def given(index_rows: list[dict], yield_rows: list[dict], extra: dict[str, str] | None = None) -> dict[str, str]:
    return {"staging.session": sessions(DAYS), "core.index_level": draw(index_rows),
            "staging.macro_observation": draw(yield_rows), **(extra or {})}


BOTH = closes("^IXIC", 100, 101, 102.01, 102.01) + closes("^GSPC", 50, 51, 51, 51)


def test_a_pair_is_known_when_the_later_yield_is(spec):
    spec(MODEL, given(BOTH, yields(4.00, 4.05, 4.02)), f"""
        asset | date      | from_position | until_position | asset_return | rate_change_bp | control_return | known_at
        ^GSPC | {DAYS[1]} | 3             |                | 0.02         | 5              | 0              | {night(2)}
        ^GSPC | {DAYS[2]} | 4             |                | 0            | -3             | 0              | {night(3)}
        ^IXIC | {DAYS[1]} | 3             |                | 0.01         | 5              | 0.02           | {night(2)}
        ^IXIC | {DAYS[2]} | 4             |                | 0.01         | -3             | 0              | {night(3)}
    """)


def test_a_return_over_a_gap_is_paired_with_the_change_over_it(spec):
    rows = closes("^IXIC", 100, None, 102) + closes("^GSPC", 50, 51, 52)
    spec(MODEL, given(rows, yields(4.00, 4.05, 4.02)), f"""
        asset | date      | rate_change_bp | control_return
        ^GSPC | {DAYS[1]} | 5              | 0
        ^GSPC | {DAYS[2]} | -3             | 0
        ^IXIC | {DAYS[2]} | 2              | 0.04
    """)


def test_without_a_yield_at_both_ends_or_the_sp500_there_is_no_pair(spec):
    rows = spec.rows(MODEL, given(BOTH, yields(4.00, None, 4.02, 4.01)), columns=["asset", "date"])
    assert rows == [("^GSPC", DAYS[3]), ("^IXIC", DAYS[3])]
    rows = closes("^IXIC", 100, 101, 102, 103) + closes("^GSPC", 50, None, 51, 52)
    pairs = spec.rows(MODEL, given(rows, yields(4.00, 4.01, 4.02, 4.03)), columns=["asset", "date"])
    assert [when for asset, when in pairs if asset == "^IXIC"] == [DAYS[3]]


def test_only_tiers_and_sector_funds_beside_the_two_indices(spec):
    returns = draw({"basket": basket, "date": DAYS[1], "position": 2, "previous_date": DAYS[0], "basket_return": 0.03,
                    "known_at": f"{DAYS[1]} 21:15"} for basket in ("defensive", "xlk", "smh", "bitcoin"))
    extra = {"core.basket_return": returns, "staging.basket": """
        basket    | role        | position
        defensive | tier        | 1
        xlk       | sector_fund | 2
        smh       | fund        | 3
        bitcoin   | asset       | 4
    """}
    rows = BOTH + closes("^VIX", 20, 21)
    found = spec.rows(MODEL, given(rows, yields(4.00, 4.05), extra), columns=["asset", "asset_return", "control_return"])
    assert [r[0] for r in found] == ["^GSPC", "^IXIC", "defensive", "xlk"]
    assert found[2][1:] == (0.03, pytest.approx(0.02))


def test_a_correction_ends_a_pair_and_begins_another(spec):
    corrected = {"series_id": "DGS10", "date": DAYS[1], "value": 4.08, "known_at": f"{DAYS[5]} 12:00"}
    spec(MODEL, given(closes("^GSPC", 50, 51, 52), [*yields(4.00, 4.05, 4.02), corrected]), f"""
        date      | from_position | until_position | rate_change_bp | known_at
        {DAYS[1]} | 3             | 6              | 5              | {night(2)}
        {DAYS[1]} | 6             |                | 8              | {DAYS[5]} 12:00
        {DAYS[2]} | 4             | 6              | -3             | {night(3)}
        {DAYS[2]} | 6             |                | -6             | {DAYS[5]} 12:00
    """)


def test_a_yield_taken_back_ends_its_pairs(spec):
    withdrawn = {"series_id": "DGS10", "date": DAYS[1], "value": None, "known_at": f"{DAYS[5]} 12:00"}
    spec(MODEL, given(closes("^GSPC", 50, 51, 52), [*yields(4.00, 4.05, 4.02), withdrawn]), f"""
        date      | from_position | until_position
        {DAYS[1]} | 3             | 6
        {DAYS[2]} | 4             | 6
    """)


def test_two_values_on_one_evening_are_one(spec):
    again = {"series_id": "DGS10", "date": DAYS[1], "value": 4.08, "known_at": f"{night(2)}:30"}
    spec(MODEL, given(closes("^GSPC", 50, 51), [*yields(4.00, 4.05), again]), f"""
        date      | from_position | until_position | rate_change_bp
        {DAYS[1]} | 3             |                | 8
    """)


def test_what_no_evening_knows_yet_is_no_pair(spec):
    tables = given(closes("^GSPC", 50, 51, 52), yields(4.00, 4.05, 4.02))
    tables["staging.session"] = sessions(DAYS[:3])
    assert [d for d, in spec.rows(MODEL, tables, columns=["date"])] == [DAYS[1]]


def test_other_series_are_no_ten_year_yield(spec):
    rows = [row | {"series_id": "DGS2"} for row in yields(4.00, 4.05)]
    assert spec.rows(MODEL, given(BOTH, rows)) == []


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "a yield is not known before its day": {"position": 5, "from_position": 4},
        "a pair that ends lasted": {"from_position": 5, "until_position": 5},
        "figures are numbers": [{"asset_return": "inf"}, {"rate_change_bp": "nan"}, {"control_return": "inf"}],
        "the S&P 500 is not controlled for": {"asset": "^GSPC", "control_return": 0.01},
    })
