"""Whatever a source says, in whatever batches it comes: at every moment the warehouse answers what was known then."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.sources.frames import tidy
from warehouse.check import duplicates
from warehouse.landing import Batch

NEW_YORK = ZoneInfo("America/New_York")
DAYS = [date(2026, 3, day) for day in (2, 3, 4, 5)]
SYMBOLS = ("AAA", "BBB")
FEW = settings(max_examples=12, deadline=None)

# Of one symbol one fetch says a run of days: for each a close, a close that validation rejects, or nothing.
WRONG = -1.0
reported = st.tuples(st.integers(0, 3), st.lists(st.sampled_from([None, WRONG, 1.0, 2.0, 3.0]), max_size=4))
fetches = st.lists(st.tuples(st.integers(1, 40), st.dictionaries(st.sampled_from(SYMBOLS), reported, min_size=1)),
                   min_size=1, max_size=5)


@dataclass(frozen=True)
class Fetch:
    """One answer: by symbol and day the close, None where the day is not said."""

    at: datetime
    says: dict[str, dict[date, float | None]]


def story(drawn: list) -> list[Fetch]:
    """Fetches some hours apart, from noon of the first day."""
    told, at = [], datetime(2026, 3, 2, 12, tzinfo=UTC)
    for hours, answer in drawn:
        at += timedelta(hours=hours)
        told.append(Fetch(at, {symbol: dict(zip(DAYS[start:], closes, strict=False))
                               for symbol, (start, closes) in answer.items()}))
    return told


def final_at(day: date) -> datetime:
    return datetime.combine(day, time(21, 15), UTC)


def meanings(told: Iterable[Fetch], symbol: str, day: date) -> Iterator[tuple[datetime, float | None]]:
    """What each fetch meant for one bar: its close, or None when it was left out between two that were said."""
    for fetch in told:
        says = fetch.says.get(symbol, {})
        good = [d for d, close in says.items() if close not in (None, WRONG)]
        close = says.get(day)
        if close not in (None, WRONG):
            if final_at(day) <= fetch.at:
                yield fetch.at, close
        elif close is None and good and min(good) <= day <= max(good):
            yield fetch.at, None


def known(told: list[Fetch], as_of: datetime, recorded_by: datetime) -> dict:
    """The oracle: by key, the last thing said by then; before the first fetch, the first thing said if it was final."""
    answer = {}
    for symbol in SYMBOLS:
        for day in DAYS:
            meant = [(at, close) for at, close in meanings(told, symbol, day) if at <= recorded_by]
            while meant and meant[0][1] is None:
                meant.pop(0)
            past = [close for at, close in meant if at <= as_of]
            close = past[-1] if past else meant[0][1] if meant and final_at(day) <= as_of else None
            if close is not None:
                answer[symbol, day] = close
    return answer


def moments(told: list[Fetch]) -> list[datetime]:
    each = [*(fetch.at for fetch in told), *map(final_at, DAYS)]
    return sorted({moment + shift for moment in each for shift in (timedelta(0), timedelta(minutes=-1))})


def landed(desk, told: list[Fetch], cuts: random.Random) -> list[tuple[Batch, list[tuple[str, int]]]]:
    """Each fetch as one batch or as several, in any order, with the positions that validation rejects."""
    batches = []
    for fetch in told:
        symbols = cuts.sample(sorted(fetch.says), len(fetch.says))
        parts = [[s] for s in symbols] if cuts.random() < 0.5 else [symbols]
        for part in parts:
            rows = [(symbol, pd.Timestamp(day), close) for symbol in part
                    for day, close in fetch.says[symbol].items() if close is not None]
            bars = pd.DataFrame(rows, columns=["symbol", "date", "close"])
            bars = tidy("bars", [bars.assign(open=float("nan"), high=float("nan"), low=float("nan"), volume=1e6)])
            rejected = [("bars", int(i)) for i in bars.index[bars["close"] == WRONG]]
            batches.append((desk.land_frames("bars", fetch.at, {"bars": bars, "actions": tidy("actions", [])}, part),
                            rejected))
    return batches


@FEW
@given(drawn=fetches, cuts=st.randoms(use_true_random=False))
def test_every_moment_knows_what_was_said_by_then(new_desk, drawn, cuts):
    desk, told = new_desk(), story(drawn)
    batches = landed(desk, told, cuts)
    for batch, rejected in batches:
        desk.load(batch, rejected)
    for as_of in moments(told):
        assert desk.value(as_of, as_of) == known(told, as_of, as_of), as_of
        assert desk.value(as_of, told[-1].at) == known(told, as_of, told[-1].at), as_of
    assert duplicates(desk.con) == {}

    again = desk.count()
    for batch, rejected in cuts.sample(batches, len(batches)):
        desk.load(batch, rejected)
    assert desk.count() == again, "loading everything again, in any order, adds nothing"


@FEW
@given(drawn=fetches, cuts=st.randoms(use_true_random=False))
def test_batches_loaded_in_any_order_and_once_more_in_theirs_leave_no_wrong_value(new_desk, drawn, cuts):
    desk, told = new_desk(), story(drawn)
    batches = landed(desk, told, cuts)
    for batch, rejected in [*cuts.sample(batches, len(batches)), *batches]:
        desk.load(batch, rejected)
    for moment in moments(told):
        assert desk.value(moment, moment) == known(told, moment, moment), moment
    assert duplicates(desk.con) == {}


# Vintages of one observation: real-time periods of some days, after a gap of some days, None saying “missing”.
periods = st.lists(st.tuples(st.sampled_from([0, 0, 0, 3]), st.integers(1, 6), st.sampled_from([None, 1.0, 2.0])),
                   min_size=1, max_size=4)
FIRST_DAY = date(2026, 4, 1)


@dataclass(frozen=True)
class Period:
    """A value in force from `starts` to `ends`, both included; `followed` when the next one begins the day after."""

    starts: date
    ends: date
    value: float | None
    followed: bool


def history(drawn: list[tuple[int, int, float | None]]) -> list[Period]:
    told, day = [], FIRST_DAY
    for i, (gap, length, value) in enumerate(drawn):
        starts = day + timedelta(days=gap)
        day = starts + timedelta(days=length)
        followed = i + 1 < len(drawn) and drawn[i + 1][0] == 0
        told.append(Period(starts, day - timedelta(days=1), value, followed))
    return told


def in_force(told: list[Period], as_of: date, requested: date) -> float | None:
    """The oracle: the last release by then that was to be seen on `asked`; a gap is seen the day after it opened."""
    events = [(p.starts, p.value) for p in told if p.starts <= requested]
    events += [(after, None) for p in told if not p.followed and (after := p.ends + timedelta(days=1)) < requested]
    past = sorted((day, value is not None, value) for day, value in events if day <= as_of)
    return past[-1][2] if past else None


@FEW
@given(drawn=st.lists(periods, min_size=1, max_size=3), requested=st.sets(st.integers(0, 28), min_size=1, max_size=4),
       cuts=st.randoms(use_true_random=False))
def test_every_moment_knows_the_releases_of_then(new_desk, drawn, requested, cuts):
    desk = new_desk()
    truth = {date(2026, month, 1): history(each) for month, each in enumerate(drawn, 1)}
    asked_on = [FIRST_DAY + timedelta(days=n) for n in sorted(requested)]
    for today in asked_on:
        rows = [("CPI", day, p.value, p.starts, p.ends if p.ends < today else date(9999, 12, 31))
                for day, told in truth.items() for p in told if p.starts <= today]
        frame = pd.DataFrame(rows, columns=["series_id", "date", "value", "realtime_start", "realtime_end"])
        frame = frame.astype(dict.fromkeys(["date", "realtime_start", "realtime_end"], "datetime64[s]"))
        for part in [frame] if cuts.random() < 0.5 else [part for _, part in frame.groupby("date")]:
            desk.load(desk.land_frames("observations", datetime.combine(today, time(22), UTC),
                                       {"observations": tidy("observations", [part])}, ["CPI"]))
    for today in (FIRST_DAY + timedelta(days=n) for n in range(45)):
        as_of = datetime.combine(today, time(23, 59), NEW_YORK).astimezone(UTC)
        for recorded_by in (as_of, datetime(2027, 1, 1, tzinfo=UTC)):
            past = [day for day in asked_on if datetime.combine(day, time(22), UTC) <= recorded_by]
            wanted = {("CPI", day): in_force(told, today, past[-1]) for day, told in truth.items() if past}
            assert desk.value(as_of, recorded_by, "raw.macro_observation", "value") == \
                {key: value for key, value in wanted.items() if value is not None}, (today, recorded_by)
    assert duplicates(desk.con) == {}
