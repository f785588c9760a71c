"""core.price_bar_verdict: which bars are held, by their own history, their volume and their neighbors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from assertions import assertions_fail
from drawn import day, sessions, table

MODEL = "core.price_bar_verdict"
# Thirty sessions of a quiet stock, its volume another one every day; what a test plants follows.
QUIET = [100.0, 101.0, 102.0, 101.0, 100.0, 99.0] * 5
VOLUMES = [1_000_000.0 + 10_007 * n for n in range(80)]


def bars(closes: Sequence[float | None], volumes: Mapping[int, float | None] | None = None, symbol: str = "AAA",
         first: int = 1) -> str:
    """staging.price_bar from session `first` on; None is a hole. `volumes` are by place in `closes`, from 0."""
    spoken = {**dict(enumerate(VOLUMES)), **(volumes or {})}
    return table(("symbol", "date", "close", "volume", "known_at"), [
        (symbol, day(first + n), close, spoken[n], f"{day(first + n)} 21:15")
        for n, close in enumerate(closes) if close is not None])


def joined(*tables: str) -> str:
    """Tables of the same columns below each other."""
    return "\n".join([tables[0], *(line for one in tables[1:] for line in one.split("\n")[1:])])


def held(spec, closes: Sequence[float | None], volumes: Mapping[int, float | None] | None = None,
         splits: str = "symbol | date", kind: str = "stock", name: str = "Triple A",
         given: Mapping[str, str] | None = None, **moments: str) -> dict[int, str]:
    """Kind of verdict of each held bar, by its place in `closes`."""
    rows = spec.rows(MODEL, {
        "staging.instrument": table(("symbol", "name", "kind"), [("AAA", name, kind)]),
        "staging.session": sessions(len(closes)), "staging.split": splits,
        "staging.price_bar": bars(closes, volumes), **(given or {})}, columns=["date", "kind", "status"], **moments)
    places = {day(n + 1): n for n in range(len(closes))}
    return {places[when]: verdict for when, verdict, status in rows if status == "held"}


@pytest.mark.parametrize("factor", [100, 10, 3, 2, 1.5, 1 / 1.5, 0.5, 0.1, 0.01])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_run_of_bars_off_by_a_factor_is_held_in_the_middle_and_at_the_end(spec, factor, count):
    wrong = [factor * close for close in (100.0, 102.0, 99.0, 101.0, 100.0)[:count]]
    expected = dict.fromkeys(range(30, 30 + count), "leap")
    assert held(spec, [*QUIET, *wrong]) == expected
    assert held(spec, [*QUIET, *wrong, *QUIET]) == expected


def test_the_two_bars_of_the_public_case_are_held_on_their_evening_and_after(spec):
    """BBB closes 60 and 50 in turn, its volume always the same; two bars are a hundred times too high."""
    turns, same = [60.0, 50.0] * 15, dict.fromkeys(range(60), 1000.0)
    assert held(spec, [*turns, 6000.0, 5000.0], same) == {30: "leap", 31: "leap"}
    assert held(spec, [*turns, 6000.0, 5000.0, *turns[:20]], same) == {30: "leap", 31: "leap"}
    assert held(spec, turns, same) == {}


def test_a_leap_with_its_volume_is_true(spec):
    for factor in (2.2, 0.45):
        assert held(spec, [*QUIET, 100 * factor, 101 * factor], {30: 20e6, 31: 8e6}) == {}


def test_a_volume_that_only_keeps_the_money_the_same_is_a_split_without_its_event(spec):
    assert held(spec, [*QUIET, 10.0, 10.1], {30: 10e6, 31: 10e6}) == {30: "leap", 31: "leap"}


@pytest.mark.parametrize(("ratio", "counts", "verdicts"), [
    (1.25, 1.25, {30: "leap", 31: "leap"}), (4 / 3, 4 / 3, {30: "leap", 31: "leap"}), (0.8, 0.8, {30: "leap", 31: "leap"}),
    (1.25, 1.0, {}), (1.25, 1.5, {}), (1.25, 0.8, {})])
def test_a_count_that_moves_as_the_close_does_the_other_way_is_a_split_without_its_event(spec, ratio, counts, verdicts):
    """Even on twenty times the usual volume."""
    given = {"staging.shares_outstanding": table(("symbol", "date", "shares_outstanding", "known_at"), [
        ("AAA", day(1), 1_000_000, f"{day(1)} 21:15"), ("AAA", day(32), 1_000_000 * counts, f"{day(32)} 21:15")])}
    assert held(spec, [*QUIET, 100 / ratio, 101 / ratio], {30: 20e6, 31: 20e6}, given=given) == verdicts


def test_a_leap_whose_volume_nobody_knows_is_held(spec):
    assert held(spec, [*QUIET, 200.0], {30: None}) == {30: "leap"}


def test_a_split_is_no_leap_and_a_day_left_undivided_is_one(spec):
    split = f"symbol | date | ratio | known_at\nAAA | {day(31)} | 2 | {day(31)} 21:15"
    halved = [close / 2 for close in QUIET[:20]]
    assert held(spec, [*QUIET, *halved], splits=split) == {}
    assert held(spec, [*QUIET, 100.0, *halved], splits=split) == {30: "leap"}


def test_a_leap_that_had_its_volume_and_is_undone_to_the_cent_is_held_when_it_is_undone(spec):
    """An earnings day on which the source was wrong as well: true on its evening, for all one can know."""
    wrong = [*QUIET, 200.0, 203.0]
    assert held(spec, wrong, {30: 30e6}) == {}
    assert held(spec, [*wrong, 100.0, 101.0], {30: 30e6}) == {30: "there_and_back", 31: "there_and_back"}
    # A squeeze collapses with as much noise as it came.
    assert held(spec, [*wrong, 100.0, 101.0], {30: 30e6, 32: 20e6}) == {}


def test_a_level_that_is_no_whole_ratio_is_believed_once_it_has_stood_for_ten_sessions(spec):
    def status(closes):
        rows = spec.rows(MODEL, {
            "staging.instrument": "symbol | name | kind\nAAA | A | stock", "staging.session": sessions(len(closes)),
            "staging.price_bar": bars(closes)}, columns=["date", "status", "known_at"])
        return [(when, what, str(known)) for when, what, known in rows]

    nine = [178.0 + n % 3 for n in range(9)]
    assert {what for _, what, _ in status([*QUIET, *nine])} == {"held"}
    accepted = status([*QUIET, *nine, 179.0, 180.0])
    assert {what for _, what, _ in accepted} == {"accepted"}
    # Known when its tenth bar was; what follows is in doubt no more.
    assert [(when, known) for when, _, known in accepted] == [(day(n), f"{day(40)} 21:15:00") for n in range(31, 41)]
    twice = [200.0 + n % 3 for n in range(20)]
    assert held(spec, [*QUIET, *twice]) == dict.fromkeys(range(30, 50), "leap")


def test_the_first_bars_of_a_history_can_be_the_wrong_ones(spec):
    assert held(spec, [200.0, 202.0, *QUIET]) == {0: "leap", 1: "leap"}


def test_a_bar_that_repeats_the_one_before_is_stale(spec):
    assert held(spec, [*QUIET, 99.0, 99.0, 99.5], {30: VOLUMES[29], 31: VOLUMES[29]}) == {30: "stale", 31: "stale"}
    # The same close on another volume is a quiet day, and where volume never varies it says nothing.
    assert held(spec, [*QUIET, 99.0]) == {}
    assert held(spec, [*QUIET, 99.0], dict.fromkeys(range(40), 1000.0)) == {}


@pytest.mark.parametrize("ratio", [10, 3, 0.05])
def test_a_bar_repeated_on_the_day_of_a_split_is_stale_in_its_new_units(spec, ratio):
    split = table(("symbol", "date", "ratio", "known_at"), [("AAA", day(31), ratio, f"{day(31)} 13:30")])
    assert held(spec, [*QUIET, 99.0 / ratio], {30: VOLUMES[29] * ratio}, split) == {30: "stale"}
    # The same close on a volume of its own is a split on a quiet day.
    assert held(spec, [*QUIET, 99.0 / ratio], {30: VOLUMES[30] * ratio}, split) == {}


@pytest.mark.parametrize(("close", "high", "low", "reasons"), [
    (130.0, 100.5, 99.5, ["held: the close is 1.294 times the high of its own day"]),
    (85.0, 101.0, 99.0, ["held: the close is 0.8586 times the low of its own day"]),
    (100.0, 100.0, 100.0, []), (100.0, "", "", [])])
def test_a_close_that_its_own_bar_contradicts_is_held(spec, close, high, low, reasons):
    """Ranges that are a little off, or say nothing, do not come here: staging.price_bar leaves them out."""
    own = table(("symbol", "date", "close", "high", "low", "known_at"), [
        ("AAA", day(n + 1), usual, usual + 0.5, usual - 0.5, f"{day(n + 1)} 21:15") for n, usual in enumerate(QUIET)]
        + [("AAA", day(31), close, high, low, f"{day(31)} 21:15")])
    rows = spec.rows(MODEL, {"staging.instrument": "symbol | name | kind\nAAA | A | stock",
                             "staging.session": sessions(31), "staging.price_bar": own}, columns=["date", "reason"])
    assert [reason for when, reason in rows if when == day(31)] == reasons


@pytest.mark.parametrize(("others", "stale"), [(["DDD"], {"AAA", "BBB", "CCC"}), (["DDD", "EEE", "FFF", "GGG"], set())])
def test_a_session_most_of_whose_bars_repeat_the_one_before_is_the_feeds_doing(spec, others, stale):
    """Where volumes never vary, one line's repeated bar proves nothing; three of four do, three of seven do not."""
    closes = {**dict.fromkeys(["AAA", "BBB", "CCC"], 99.0), **dict.fromkeys(others, 100.5)}
    same = dict.fromkeys(range(31), 1000.0)
    rows = spec.rows(MODEL, {
        "staging.instrument": table(("symbol", "name", "kind"), [(symbol, symbol, "stock") for symbol in closes]),
        "staging.session": sessions(31),
        "staging.price_bar": joined(*(bars([*QUIET, close], same, symbol) for symbol, close in closes.items())),
    }, columns=["symbol", "date", "reason"])
    assert set(rows) == {(symbol, day(31), "held: repeats the previous bar, as most bars of the session are")
                         for symbol in stale}


@pytest.mark.parametrize(("kind", "name", "closes", "verdicts"), [
    ("index", "Hundred", [*QUIET, 200.0, 100.0], {30: "leap"}),
    ("index", "Hundred", [*QUIET, 110.0, 100.0], {}),
    ("fund", "Technology", [*QUIET, 135.0, 100.0], {30: "leap"}),
    ("crypto", "Coin", [*QUIET, 62.0, 69.0], {}),
    ("crypto", "Coin", [*QUIET, 50.0, 100.0], {30: "leap"}),
    ("index", "Volatility", [*QUIET, 200.0, 100.0], {30: "leap"}),
    ("index", "Volatility", [*QUIET, 150.0, 110.0], {}),
])
def test_each_kind_of_instrument_has_its_own_bounds(spec, kind, name, closes, verdicts):
    assert held(spec, closes, kind=kind, name=name) == verdicts


@pytest.mark.parametrize(("market", "verdicts"), [(96.0, []), (9_600.0, [day(31)])])
def test_volatility_doubles_when_the_market_falls(spec, market, verdicts):
    """By 4 %; a market a hundred times too high is no witness."""
    lines = joined(bars([*QUIET, 200.0]), bars([100.0] * 30 + [market], symbol="^GSPC"))
    rows = spec.rows(MODEL, {
        "staging.instrument": "symbol | name | kind\nAAA | Volatility | index\n^GSPC | S | index",
        "staging.session": sessions(31), "staging.price_bar": lines}, columns=["symbol", "date"])
    assert [date for symbol, date in rows if symbol == "AAA"] == verdicts


def test_a_verdict_says_since_when_it_could_be_told(spec):
    given = {"staging.instrument": "symbol | name | kind\nAAA | A | stock", "staging.session": sessions(33)}
    rows = spec.rows(MODEL, {**given, "staging.price_bar": bars([*QUIET, 200.0, 203.0, 100.0], {30: 30e6})},
                     columns=["date", "ratio", "reason", "known_at"])
    assert [(when, round(ratio, 3), str(known)) for when, ratio, _, known in rows] == [
        (day(31), 2.02, f"{day(33)} 21:15:00"), (day(32), 2.02, f"{day(33)} 21:15:00")]
    assert rows[0][2] == "held: 2.02 times the close before, and 2 sessions later it is undone"


def test_assertions_can_fail(spec):
    row = {"symbol": "AAA", "date": "2026-01-05", "close": 1, "status": "held", "kind": "leap", "ratio": 2,
           "known_at": "2026-01-05 21:15"}
    assertions_fail(spec, MODEL, {
        "two statuses, four kinds": [{**row, "status": "odd"}, {**row, "kind": "odd"}],
        "only a leap is accepted after all": {**row, "status": "accepted", "kind": "stale"},
        "a ratio is positive": {**row, "ratio": 0},
        "nothing from after as_of": {**row, "known_at": "2200-01-01"},
    })
