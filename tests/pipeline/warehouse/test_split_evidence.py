"""A split and its prices are one fact: what an answer divides, what it names, and what is held must agree."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pandas as pd
import pytest

from flows.sources.frames import tidy
from warehouse.calendar import sessions

DAYS = [day for day, _, _ in sessions(2026) if date(2026, 3, 2) <= day <= date(2026, 5, 1)]
EX_DATE = date(2026, 4, 15)


def traded(day: date) -> float:
    """The close of AAA: 101, 102, ... and a tenth of it from the ex-date on."""
    return (101 + DAYS.index(day)) / (10 if day >= EX_DATE else 1)


def evening(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(23), UTC)


@pytest.fixture
def says(desk):
    """One evening's answer for AAA: its closes since `since` and its splits; the default is right."""
    def answer(day: str, close=None, splits=((EX_DATE, 10.0),), since: str | None = None, symbol: str = "AAA",
               volume: float = 1000.0, truth=traded, missing: tuple[str, ...] = ()):
        today = date.fromisoformat(day)
        first = date.fromisoformat(since) if since else DAYS[0]
        named = [(d, r) for d, r in splits if d <= today]
        days = [d for d in DAYS if first <= d <= today and str(d) not in missing]

        def right(d: date) -> float:
            return truth(d) / (10 if d < EX_DATE <= today else 1)

        bars = pd.DataFrame([(symbol, pd.Timestamp(d), (close or right)(d)) for d in days],
                            columns=["symbol", "date", "close"])
        bars = bars.assign(open=bars["close"], high=bars["close"], low=bars["close"],
                           volume=[volume * truth(d) / close for d, close in zip(days, bars["close"], strict=True)])
        actions = pd.DataFrame([(symbol, pd.Timestamp(d), "split", r) for d, r in named if d >= first],
                               columns=["symbol", "date", "kind", "value"])
        frames = {"bars": tidy("bars", [bars]), "actions": tidy("actions", [actions])}
        return desk.load(desk.land_frames("bars", evening(day), frames, [symbol], asked_from=first))
    return answer


@pytest.fixture
def held(desk):
    """What is held of AAA: closes by day in force, and splits."""
    def rows():
        now = datetime(2027, 1, 1, tzinfo=UTC)
        closes = {day: close for (symbol, day), close in desk.value(now, now).items() if symbol == "AAA"}
        splits = desk.value(now, now, "raw.corporate_action", "value")
        return closes, {key[1]: value for key, value in splits.items() if key[2] == "split"}
    return rows


def assert_truth(held, until: str, splits=None) -> None:
    closes, found = held()
    assert closes == {day: pytest.approx(traded(day), rel=1e-9) for day in DAYS if day <= date.fromisoformat(until)}
    assert found == ({EX_DATE: 10.0} if splits is None else splits)


def undivided(day: date) -> float:
    return traded(day)


def divided(day: date) -> float:
    return traded(day) / (10 if day < EX_DATE else 1)


# The event is named before the bars are divided


def test_bars_that_equal_the_held_ones_are_not_divided(says, held, desk):
    """The closes up to 04-14 stay as they were, and the split's day has its close."""
    says("2026-04-14")
    loaded = says("2026-04-15", undivided, since="2026-04-02")
    assert loaded.held == ()
    assert_truth(held, "2026-04-15")
    assert says("2026-04-16", since="2026-04-02").held == ()
    assert_truth(held, "2026-04-16")
    assert desk.con.execute("select count(*), max(known_at - close_at) from raw.price_bar join raw.catalog_session "
                            "using (date)").fetchone() == (len([d for d in DAYS if d <= date(2026, 4, 16)]),
                                                           pd.Timedelta(minutes=15))


@pytest.mark.parametrize("left", [1, 3, 6])
def test_only_some_bars_are_divided_yet(says, held, left):
    says("2026-04-14")
    days = [d for d in DAYS if d < EX_DATE][-left:]
    says("2026-04-15", lambda d: traded(d) if d in days else divided(d), since="2026-04-02")
    assert_truth(held, "2026-04-15")


def test_a_first_answer_has_only_the_leap(says, held):
    says("2026-04-20", undivided)
    assert_truth(held, "2026-04-20")


def test_a_first_answer_that_is_divided(says, held):
    says("2026-04-20", divided)
    assert_truth(held, "2026-04-20")


# The bars are divided before the event is named, or it comes late


def test_a_window_in_another_unit_is_held(says, held):
    says("2026-04-13")
    loaded = says("2026-04-14", lambda d: traded(d) / 10, splits=(), since="2026-04-02")
    assert loaded.held == ("AAA is held: 7 of 7 re-asked closes from 2026-04-02 to 2026-04-13 are 0.1 times the held "
                           "ones, and no split explains it",)
    assert_truth(held, "2026-04-13", {})
    says("2026-04-15", since="2026-04-02")
    assert_truth(held, "2026-04-15")


def test_a_leap_that_no_split_explains_is_held_until_it_is_named(says, held):
    says("2026-04-14")
    for day in ("2026-04-15", "2026-04-16"):
        loaded = says(day, undivided, splits=(), since="2026-04-02")
        assert loaded.held == ("AAA is held: the close went from 131 to 13.2 on 2026-04-15 as in a split of 10, "
                               "but no split is reported",)
        assert_truth(held, "2026-04-14", {})
    says("2026-04-17", since="2026-04-02")
    assert_truth(held, "2026-04-17")


def test_a_fall_on_which_far_more_money_changed_hands_is_one(says, held, desk):
    half = lambda d: traded(d) * (5.2 if d >= EX_DATE else 1)  # noqa: E731
    says("2026-04-14", truth=half)
    desk.con.execute("update raw.price_bar set volume = 100")
    assert says("2026-04-15", half, splits=(), since="2026-04-15", truth=half).held == ()
    assert held()[0][EX_DATE] == pytest.approx(13.2 * 5.2)


# The event is lost again, or was wrong


@pytest.mark.parametrize("close", [undivided, divided])
def test_silence_about_a_split_that_the_bars_show_is_no_withdrawal(says, held, close):
    for day in ("2026-04-14", "2026-04-20"):
        says(day, since=None if day == "2026-04-14" else "2026-04-02")
    assert says("2026-04-21", close, splits=(), since="2026-04-09").held == ()
    assert_truth(held, "2026-04-21")


def test_a_split_by_which_the_count_moved_is_not_taken_back_with_its_prices(says, held, desk):
    """The event is lost, and all bars are said as if it had never been; without a count that is believed, and heals."""
    def as_before(day: date) -> float:
        return traded(day) * (10 if day >= EX_DATE else 1)

    says("2026-04-14")
    says("2026-04-17", since="2026-04-02")
    says("2026-04-20", as_before, splits=(), since="2026-04-08")
    assert held()[1] == {}
    assert says("2026-04-21", since="2026-04-09").held == ()
    desk.load(desk.land("shares", "2026-04-21 23:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-04-01 | 1000000
        AAA    | 2026-04-15 | 10000000"""))
    assert says("2026-04-22", as_before, splits=(), since="2026-04-10").held == (
        "AAA is held: it no longer names the split of 10 on 2026-04-15, by which the share count moved",)
    says("2026-04-23", since="2026-04-10")
    assert_truth(held, "2026-04-23")


def test_a_small_ratio_without_its_fall_is_held_though_the_bars_are_divided(says, held):
    never = date(2026, 4, 21)
    says("2026-04-20")
    reported = says("2026-04-21", lambda d: divided(d) / (1.046 if d < never else 1), ((EX_DATE, 10.0), (never, 1.046)))
    assert reported.held == ("AAA is held: it names a split of 1.046 on 2026-04-21, and the close went from 13.5 to 13.6",)
    says("2026-04-22", since="2026-04-09")
    assert_truth(held, "2026-04-22")


@pytest.mark.parametrize("never", ["2026-04-21", "2026-04-22"])
def test_a_split_that_is_taken_back_by_just_its_ratio_is_gone_however_the_days_move(says, held, never):
    """The closes are 60 and 50 in turn, so that a fall of a sixth may hide one by a ratio of 1.323, or look like it."""
    def close(day: date) -> float:
        return 60.0 if DAYS.index(day) % 2 else 50.0

    last, ex_date = date(2026, 4, 24), date.fromisoformat(never)
    says("2026-04-20", close, ())
    says(never, lambda d: close(d) / 1.323, ((ex_date, 1.323),), "2026-04-09")
    says(str(last), close, (), "2026-04-09")
    closes, splits = held()
    assert closes == {day: pytest.approx(close(day), rel=1e-9) for day in DAYS if day <= last}
    assert splits == {}


def test_an_invented_split_is_not_used(says, held):
    """Neither is there a leap, nor are the bars divided by it."""
    says("2026-04-20")
    loaded = says("2026-04-21", splits=((EX_DATE, 10.0), (date(2026, 4, 21), 2.0)), since="2026-04-09")
    assert loaded.held == ("AAA: the split of 2 on 2026-04-21 is not used: the close went from 13.5 to 13.6, "
                           "no leap like it",)
    assert_truth(held, "2026-04-21")
    says("2026-04-22", since="2026-04-09")
    assert_truth(held, "2026-04-22")


def test_a_split_named_on_two_near_days_is_used_once(says, held):
    says("2026-04-15")
    twice = ((EX_DATE, 10.0), (date(2026, 4, 16), 10.0))
    loaded = says("2026-04-16", splits=twice, since="2026-04-02")
    assert len(loaded.held) == 1
    assert_truth(held, "2026-04-16")


def test_a_ratio_that_the_prices_do_not_confirm_is_held(says, held):
    says("2026-04-14")
    assert says("2026-04-15", splits=((EX_DATE, 5.0),), since="2026-04-02").held != ()
    assert_truth(held, "2026-04-14", {})
    says("2026-04-16", since="2026-04-02")
    assert_truth(held, "2026-04-16")


def test_a_ratio_that_is_corrected_corrects_all_that_rests_on_it(says, held):
    """A first answer says five for one, and its bars are divided by ten; later it says ten."""
    says("2026-04-20", splits=((EX_DATE, 5.0),))
    assert held()[0][DAYS[0]] == pytest.approx(50.5)
    assert says("2026-04-21", since="2026-04-09").held == ()
    assert_truth(held, "2026-04-21")
    assert says("2026-04-21", since="2026-04-09").added == 0


@pytest.mark.parametrize(("first", "then"), [(10.0, 7.0), (7.0, 10.0)])
def test_of_two_ratios_for_one_day_the_one_by_which_the_count_moved_stands(says, held, desk, first, then):
    """The closes are divided by ten throughout, and none was held before: they fit whatever ratio is named."""
    says("2026-04-16", splits=((EX_DATE, first),))
    desk.load(desk.land("shares", "2026-04-16 23:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-04-01 | 1000000
        AAA    | 2026-04-15 | 10010000"""))
    assert says("2026-04-17", splits=((EX_DATE, then),), since="2026-04-06").held == (() if then == 10 else (
        "AAA is held: it names a split of 7 on 2026-04-15 instead of 10, by which the share count moved",))
    says("2026-04-20", since="2026-04-06")
    assert_truth(held, "2026-04-20")


def test_a_date_that_is_corrected(says, held):
    """The split is named a session late, with all bars before that day divided; then with its right day."""
    late = date(2026, 4, 16)
    says("2026-04-14")
    says("2026-04-15", undivided, splits=(), since="2026-04-02")
    says("2026-04-16", divided, splits=((late, 10.0),), since="2026-04-02")
    says("2026-04-17", since="2026-04-02")
    assert_truth(held, "2026-04-17")


def test_a_reverse_split_named_before_the_bars_are_multiplied(says, held):
    reverse = lambda d: 7 * (8 if d >= EX_DATE else 1) + DAYS.index(d) / 50  # noqa: E731
    says("2026-04-14", reverse, splits=())
    says("2026-04-15", reverse, splits=((EX_DATE, 1 / 8),), since="2026-04-02")
    closes, splits = held()
    assert closes[date(2026, 4, 14)] == pytest.approx(reverse(date(2026, 4, 14)))
    assert closes[EX_DATE] == pytest.approx(reverse(EX_DATE))
    assert splits == {EX_DATE: 1 / 8}


@pytest.mark.parametrize(("ratio", "is_held"), [(1.02, True), (1.323, False)])
def test_a_small_ratio_whose_bars_are_not_divided(says, held, ratio, is_held):
    """132 becomes 129.4 (no day's move tells it) or 99.8 (the leap does)."""
    small = lambda d: (101 + DAYS.index(d)) / (ratio if d >= EX_DATE else 1)  # noqa: E731
    says("2026-04-14", small, splits=())
    loaded = says("2026-04-15", small, splits=((EX_DATE, ratio),), since="2026-04-02")
    assert bool(loaded.held) is is_held
    says("2026-04-16", lambda d: (101 + DAYS.index(d)) / ratio, splits=((EX_DATE, ratio),), since="2026-04-02")
    closes, splits = held()
    assert closes == {d: pytest.approx(small(d)) for d in DAYS if d <= date(2026, 4, 16)}
    assert splits == {EX_DATE: ratio}


# The seam


@pytest.mark.parametrize("factor", [100, 0.01, 2, 0.5, 1.01])
def test_a_whole_window_off_by_one_factor_is_no_correction(says, held, factor):
    says("2026-04-13")
    assert "AAA is held" in says("2026-04-14", lambda d: traded(d) * factor, splits=(), since="2026-04-02").held[0]
    assert_truth(held, "2026-04-13", {})
    says("2026-04-15", since="2026-04-02")
    assert_truth(held, "2026-04-15")


def test_closes_that_come_a_session_late_are_held(says, held):
    says("2026-04-13")
    loaded = says("2026-04-14", lambda d: traded(DAYS[DAYS.index(d) - 1]), splits=(), since="2026-04-06")
    assert loaded.held == ("AAA is held: its closes from 2026-04-06 to 2026-04-13 are those of the session before",)
    assert_truth(held, "2026-04-13", {})


def test_closes_of_another_symbol_are_held(says, held):
    says("2026-04-13")
    assert says("2026-04-14", lambda d: 50.0 + DAYS.index(d) ** 2, splits=(), since="2026-04-02").held != ()
    assert_truth(held, "2026-04-13", {})


def test_one_corrected_close_is_a_correction(says, held):
    says("2026-04-13")
    corrected = lambda d: traded(d) * (1.01 if d == date(2026, 4, 8) else 1)  # noqa: E731
    assert says("2026-04-14", corrected, splits=(), since="2026-04-02").held == ()
    assert held()[0][date(2026, 4, 8)] == pytest.approx(traded(date(2026, 4, 8)) * 1.01)


def test_a_held_close_that_was_wrong_is_corrected(says, held):
    wrong = lambda d: traded(d) * (2 if d == date(2026, 4, 8) else 1)  # noqa: E731
    says("2026-04-13", wrong)
    assert says("2026-04-14", traded, splits=(), since="2026-04-02").held == ()
    assert_truth(held, "2026-04-14", {})


def test_an_answer_without_most_of_its_sessions_withdraws_none(says, held):
    says("2026-04-13")
    gone = tuple(f"2026-04-{day:02}" for day in (6, 7, 8, 9, 10))
    assert says("2026-04-14", splits=(), since="2026-04-02", missing=gone).held != ()
    assert_truth(held, "2026-04-13", {})


def test_a_leap_of_a_restless_symbol_in_a_first_answer_is_held(says, held):
    """60 and 50 in turn, halved from 04-15 on: 50 becomes 30, which is no move of its own."""
    restless = lambda d: (50 + 10 * (DAYS.index(d) % 2)) / (2 if d >= EX_DATE else 1)  # noqa: E731
    loaded = says("2026-04-17", restless, splits=(), truth=restless)
    assert "as in a split of 2" in loaded.held[0]
    assert max(held()[0]) == date(2026, 4, 14)
    assert says("2026-04-20", lambda d: (50 + 10 * (DAYS.index(d) % 2)) / 2, splits=((EX_DATE, 2.0),)).held == ()
    assert held()[0] == {d: pytest.approx(restless(d)) for d in DAYS if d <= date(2026, 4, 20)}
