"""What a person asks for in time: how it is read, and what is refused because it is none, or has not come."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from flows.pipeline.plan import Window
from flows.pipeline.windows import parse_instant, range_window, refuse_future
from flows.settings import Clock, Settings
from warehouse.errors import BadRequest

NOW = datetime(2026, 5, 30, 12, tzinfo=UTC)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose source stands at a Saturday, 30 May 2026, 12:00 UTC."""
    monkeypatch.setattr(Settings, "clock", lambda self: Clock(NOW, True))
    return Settings()


# How it is written


@pytest.mark.parametrize("text", ["2026-04-10", "20260410", "2026-W15-5", "2026W155"])
def test_a_date_without_a_time_is_its_end_in_new_york_however_it_is_written(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 4, 11, 3, 59, 59, tzinfo=UTC)


def test_in_winter_new_york_is_an_hour_further() -> None:
    assert parse_instant("2026-01-10") == datetime(2026, 1, 11, 4, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-04-10T21:15:00Z", "2026-04-10T21:15", "20260410T211500",
                                  "2026-04-10T17:15:00-04:00"])
def test_a_time_without_a_zone_is_utc(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 4, 10, 21, 15, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "2026-04-10T25:00", "9999-12-31", "0001-01-01",
                                  "0001-01-01T00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_what_is_no_moment_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadRequest, match=r"neither a date nor an instant from 1900 to 2200\. Write 2026-03-27"):
        parse_instant(text)


# What has not come


def test_a_moment_up_to_the_clock_is_known() -> None:
    refuse_future(NOW, as_of=NOW, recorded_by=datetime(2026, 5, 30, 3, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize("what", ["as_of", "recorded_by"])
def test_a_moment_after_the_clock_of_the_source_is_refused(what: str) -> None:
    with pytest.raises(BadRequest, match=rf"{what} 2026-05-31T03:59:59Z: it lies in the future\. The clock "
                                         "says 2026-05-30T12:00:00Z"):
        refuse_future(NOW, **{what: parse_instant("2026-05-30")})


def test_of_two_moments_the_one_that_has_not_come_is_named() -> None:
    refuse_future(NOW, as_of=None, recorded_by=NOW)
    with pytest.raises(BadRequest, match="recorded_by 2027"):
        refuse_future(NOW, as_of=NOW, recorded_by=NOW.replace(year=2027))


# Ranges


def test_a_range_ends_with_the_last_closed_session(settings: Settings) -> None:
    assert range_window(settings, date(2026, 5, 1), date(2026, 12, 31)) == Window(date(2026, 5, 1), date(2026, 5, 29))


@pytest.mark.parametrize(("start", "end", "around"), [
    (date(2026, 5, 16), date(2026, 5, 17), "The sessions around it are 2026-05-15 and 2026-05-18"),
    (date(2026, 4, 3), date(2026, 4, 5), "The sessions around it are 2026-04-02 and 2026-04-06"),
    (date(1990, 1, 1), date(1990, 1, 1), "The first is 1990-01-02")])
def test_a_range_without_a_session_names_those_around_it(settings: Settings, start: date, end: date, around: str) -> None:
    with pytest.raises(BadRequest, match=f"has no session in it. {around}"):
        range_window(settings, start, end)


def test_a_range_that_has_not_begun_is_refused(settings: Settings) -> None:
    with pytest.raises(BadRequest, match=r"none of its sessions has closed yet\. The last closed session is 2026-05-29"):
        range_window(settings, date(2026, 5, 30), date(2026, 6, 5))
