"""The evening of a federal holiday on which the exchange trades: no yield that the Board posts later is known."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from transforms.engine.build import AsOf, set_as_of
from transforms.engine.project import models

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MODELS = ("staging.session", "staging.series", "staging.source", "staging.macro_observation", "core.macro_as_known")


@pytest.fixture(scope="module")
def evenings(new_desk) -> dict[tuple[date, str], date]:
    """The date of the value that each evening knew, by session and series."""
    desk = new_desk()
    desk.con.executemany("insert into raw.catalog_series (series_id, title, frequency, fetched_at) "
                         "values (?, '-', 'daily', '2024-01-01')", [["DGS10"], ["VIXCLS"]])
    board_closed = {date(2025, 10, 13), date(2025, 11, 11)}
    days = [day for day, in desk.con.execute(
        "select distinct date from raw.catalog_session where date between '2025-10-01' and '2025-11-14'").fetchall()]
    desk.fetch("observations", "2026-01-02 12:00", "\n".join([
        "series_id | date | value", *(f"DGS10 | {day} | 4.1" for day in days if day not in board_closed),
        *(f"VIXCLS | {day} | 17" for day in days)]))
    set_as_of(desk.con, AsOf(NOW, NOW))
    for model in models():
        if model.name in MODELS:
            desk.con.execute(f"create table {model.name} as from ({model.sql})")
    return {(day, series): known for day, series, known in desk.con.execute(
        "select date, series_id, observation_date from core.macro_as_known").fetchall()}


@pytest.mark.parametrize(("evening", "known"), [
    ("2025-10-10", "2025-10-09"),
    ("2025-10-13", "2025-10-09"),  # Columbus Day: Friday's yield comes on Tuesday
    ("2025-10-14", "2025-10-10"),
    ("2025-10-15", "2025-10-14"),
    ("2025-11-10", "2025-11-07"),
    ("2025-11-11", "2025-11-07"),  # Veterans Day
    ("2025-11-12", "2025-11-10"),
    ("2025-11-13", "2025-11-12"),
])
def test_an_evening_knows_the_yield_the_board_had_posted(evenings, evening, known):
    assert evenings[date.fromisoformat(evening), "DGS10"] == date.fromisoformat(known)


@pytest.mark.parametrize(("evening", "known"), [("2025-10-13", "2025-10-10"), ("2025-11-11", "2025-11-10")])
def test_the_vix_of_the_exchange_follows_the_exchange(evenings, evening, known):
    assert evenings[date.fromisoformat(evening), "VIXCLS"] == date.fromisoformat(known)
