"""The federal business days: the Board's, which differ from the exchange's sessions on a few days a year."""

from __future__ import annotations

from datetime import date

import pytest

from warehouse.calendar import federal_days, sessions

BOARD = set(federal_days(2027))
EXCHANGE = {day for day, _, _ in sessions(2027)}


@pytest.mark.parametrize("day", [
    "2025-10-13",  # Columbus Day
    "2025-11-11",  # Veterans Day
    "2023-11-10",  # Veterans Day on a Saturday: the Board is closed on Friday
    "2021-12-31",  # New Year's Day on a Saturday
    "2021-01-20", "2009-01-20",  # Inauguration Day
    "2008-12-26", "2014-12-26", "2025-12-26",  # given off by the president
])
def test_the_board_is_closed_on_days_on_which_the_exchange_trades(day):
    assert date.fromisoformat(day) not in BOARD
    assert date.fromisoformat(day) in EXCHANGE


@pytest.mark.parametrize("day", ["2025-04-18", "2026-04-03"])
def test_the_board_is_open_on_good_friday(day):
    assert date.fromisoformat(day) in BOARD
    assert date.fromisoformat(day) not in EXCHANGE


@pytest.mark.parametrize(("day", "is_open"), [
    ("2020-06-19", True),  # Juneteenth is a federal holiday since 2021
    ("2021-06-18", False), ("2023-06-19", False),
    ("2025-01-09", False),  # the day of mourning for President Carter
    ("2024-07-05", True),
])
def test_both_agree_on_other_days(day, is_open):
    assert (date.fromisoformat(day) in BOARD) == is_open
