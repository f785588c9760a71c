"""Every expectation of every suite: a row that breaks it, and what its severity does then."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import pytest

from expectations.severity import NAMES

DAYS = [date(2026, 3, 2) + timedelta(days=i) for i in (0, 1, 2, 3, 4, 7)]
TODAY = date(2026, 3, 10)
LATER = pd.Timestamp(2026, 3, 12)


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Days as a source gives them, datetime64[s]."""
    days = [c for c in ("date", "period_end", "published_on", "realtime_start", "realtime_end") if c in frame]
    return frame.astype(dict.fromkeys(days, "datetime64[s]"))


def good(frame: str) -> pd.DataFrame:
    """A frame nothing is wrong with."""
    if frame == "bars":
        rows = [(symbol, day, 10.0, 12.0, 9.0, 11.0 + i / 10, 1e6) for symbol in ("AAPL", "NVDA")
                for i, day in enumerate(DAYS)]
        return dated(pd.DataFrame(rows, columns=["symbol", "date", "open", "high", "low", "close", "volume"]))
    if frame == "actions":
        rows = [("AAPL", day, "dividend", 0.25) for day in DAYS] + [("NVDA", DAYS[2], "split", 10.0)]
        return dated(pd.DataFrame(rows, columns=["symbol", "date", "kind", "value"]))
    if frame == "shares":
        rows = [(symbol, day, 1e9) for symbol in ("AAPL", "NVDA") for day in DAYS]
        return dated(pd.DataFrame(rows, columns=["symbol", "date", "shares_outstanding"]))
    if frame == "statements":
        rows = [("AAPL", statement, date(2025, 12, 31), item, value) for statement in ("income", "balance", "cashflow")
                for item, value in (("Total Revenue", 5e9), ("Free Cash Flow", -1e9))]
        return dated(pd.DataFrame(rows, columns=["symbol", "statement", "period_end", "item", "value"]))
    if frame == "weights":
        rows = [("NDX", day, day + timedelta(days=1), symbol, weight) for day in DAYS[:4]
                for symbol, weight in (("AAPL", 0.4), ("MSFT", 0.35), ("NVDA", 0.25))]
        return dated(pd.DataFrame(rows, columns=["index_code", "date", "published_on", "symbol", "weight"]))
    rows = [(series, day, value, None, None) for series, value in (("DGS10", 4.2), ("VIXCLS", 20.0)) for day in DAYS]
    return dated(pd.DataFrame(rows, columns=["series_id", "date", "value", "realtime_start", "realtime_end"]))


Change = Callable[[pd.DataFrame], pd.DataFrame]


def put(column: str, value: object, *rows: int) -> Change:
    """A change of one column in some rows."""
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.copy()
        if isinstance(value, str) or value is None:
            frame[column] = frame[column].astype(object)
        frame.loc[list(rows), column] = value
        return dated(frame)
    return change


def twice(row: int) -> Change:
    return lambda frame: pd.concat([frame, frame.loc[[row]].assign(**{frame.columns[-1]: frame.iloc[row, -1]})],
                                   ignore_index=True)


def with_a_column_too_many(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(adj_close=1.0)


@dataclass(frozen=True)
class Case:
    """What breaks an expectation, the rows it then names, and what else cannot hold at the same time."""

    change: Change
    rows: tuple[int, ...] = ()
    also: tuple[str, ...] = ()


WHOLE = "the weights of a list add up to between 0.98 and 1.02"
SPIKE = "no weight jumps by more than a factor of three and back"
IN_TIME = "a list is published on or after its date"

CASES: dict[str, dict[str, Case]] = {
    "bars": {
        "the columns are those of a bar": Case(with_a_column_too_many),
        "every bar has a symbol": Case(put("symbol", None, 3)),
        "the catalog contains the symbol": Case(put("symbol", "AAPPL", 3), (3,)),
        "every bar has a date": Case(put("date", None, 3)),
        "most closes are positive": Case(put("close", -1.0, 0, 5, 7),
                                         also=("the close is positive and at most ten million",)),
        "every bar has a close": Case(put("close", None, 3), (3,)),
        "the close is positive and at most ten million": Case(put("close", 0.0, 3), (3,)),
        "a bar is not dated after the day it was fetched": Case(put("date", LATER, 5), (5,)),
        "a symbol has one bar per date": Case(twice(3), (3, 12)),
        **{f"{words} is finite": Case(put(column, float("inf"), 3), (3,))
           for column, words in (("open", "an open"), ("high", "a high"), ("volume", "a volume"))},
        "a low is finite": Case(put("low", float("-inf"), 3), (3,)),
        "the high is not below the low": Case(put("high", 8.0, 3), (3,)),
        "volume is not negative": Case(put("volume", -1.0, 3), (3,)),
    },
    "actions": {
        "the columns are those of a corporate action": Case(with_a_column_too_many),
        "every action has a symbol": Case(put("symbol", None, 3)),
        "the catalog contains the symbol": Case(put("symbol", "AAPPL", 3), (3,)),
        "every action has an ex-date": Case(put("date", None, 3)),
        "every action has a kind": Case(put("kind", None, 3), (3,)),
        "an action is a split or a dividend": Case(put("kind", "merger", 3), (3,)),
        "every action has a ratio or an amount": Case(put("value", None, 3), (3,)),
        "the ratio or amount is positive": Case(put("value", -0.25, 3), (3,)),
        "a dividend is smaller than the price": Case(put("value", 1e6, 3), (3,)),
        "a split is between 1:200 and 200:1": Case(put("value", 1000.0, 6), (6,)),
        "an action is not dated after the day it was fetched": Case(put("date", LATER, 3), (3,)),
        "a symbol has at most one split and one dividend per date": Case(twice(3), (3, 7)),
    },
    "shares": {
        "the columns are those of a share count": Case(with_a_column_too_many),
        "every count has a symbol": Case(put("symbol", None, 3)),
        "the catalog contains the symbol": Case(put("symbol", "AAPPL", 3), (3,)),
        "every count has a date": Case(put("date", None, 3)),
        "most counts are plausible": Case(
            put("shares_outstanding", 15.0, 0, 1, 2),
            also=("a company has between 100,000 and 1 trillion shares",)),
        "a count is a number": Case(put("shares_outstanding", None, 3), (3,)),
        "a company has between 100,000 and 1 trillion shares": Case(
            put("shares_outstanding", 2e12, 3), (3,)),
        "a count is not dated after the day it was fetched": Case(put("date", LATER, 3), (3,)),
        "a symbol has one count per date": Case(twice(3), (3, 12)),
    },
    "statements": {
        "the columns are those of a statement item": Case(with_a_column_too_many),
        "every item has a symbol": Case(put("symbol", None, 3)),
        "the catalog contains the symbol": Case(put("symbol", "AAPPL", 3), (3,)),
        "every item has a period": Case(put("period_end", None, 3)),
        "every item belongs to a statement": Case(put("statement", None, 3), (3,)),
        "a statement is income, balance or cashflow": Case(put("statement", "equity", 3), (3,)),
        "every item has a name": Case(put("item", None, 3), (3,)),
        "every item has a value": Case(put("value", None, 3), (3,)),
        "the reported period has ended": Case(put("period_end", LATER, 3), (3,)),
        "an item has one value per symbol, statement and period": Case(twice(3), (3, 6)),
        "revenue is not negative": Case(put("value", -5e9, 2), (2,)),
    },
    "weights": {
        "the columns are those of a weights list": Case(with_a_column_too_many),
        "every weight has an index": Case(put("index_code", None, 4), also=(WHOLE,)),
        "every weight has a date": Case(put("date", None, 4), also=(WHOLE, IN_TIME)),
        "every weight has a date of publication": Case(put("published_on", None, 4), also=(WHOLE, IN_TIME)),
        "every weight has a security": Case(put("symbol", None, 4)),
        "most weights are fractions": Case(put("weight", 40.0, 0, 3, 6),
                                           also=(WHOLE, SPIKE, "a weight lies between 0 and 1")),
        "the catalog defines the index": Case(put("index_code", "NDQ", 3, 4, 5), (3, 4, 5)),
        "a weight is a number": Case(put("weight", None, 4), (4,), also=(WHOLE,)),
        "a weight lies between 0 and 1": Case(put("weight", 1.5, 4), (4,), also=(WHOLE, SPIKE)),
        WHOLE: Case(put("weight", 0.28, 4), (3, 4, 5)),
        "the catalog contains the security": Case(put("symbol", "AAPPL", 4), (4,), also=(WHOLE,)),
        "the list is for a trading session": Case(put("date", pd.Timestamp(2026, 3, 1), 0, 1, 2), (0, 1, 2)),
        "the list has at least 90% as many names as those of the month before": Case(
            lambda f: put("weight", 0.6, 7)(f.drop(index=8).reset_index(drop=True)), (6, 7)),
        SPIKE: Case(lambda f: put("weight", 0.05, 3)(put("weight", 0.6, 5)(put("weight", 0.35, 4)(f))), (3,)),
        IN_TIME: Case(put("published_on", pd.Timestamp(2026, 3, 1), 0, 1, 2), (0, 1, 2)),
        "a list is not published after the day it was fetched": Case(put("published_on", LATER, 9, 10, 11), (9, 10, 11)),
        "a security has one weight per list": Case(twice(4), (4, 12), also=(WHOLE,)),
    },
    "macro": {
        "the columns are those of an observation": Case(with_a_column_too_many),
        "every observation has a series": Case(put("series_id", None, 3)),
        "the catalog contains the series": Case(put("series_id", "DGS11", 3), (3,)),
    },
    "macro.VIXCLS": {
        "every observation has a date": Case(put("date", None, 8)),
        "most values of VIXCLS lie between 5 and 150 index": Case(put("value", 0.2, 7, 8),
                                                            also=("VIXCLS lies between 5 and 150 index",)),
        "VIXCLS lies between 5 and 150 index": Case(put("value", 151.0, 8), (8,)),
        "VIXCLS does not jump by more than a factor of 2.5 and back": Case(put("value", 51.0, 8), (8,)),
        "an observation is not dated after the day it was fetched": Case(put("date", LATER, 8), (8,)),
        "a date has one value in each release": Case(twice(8), (8, 12)),
    },
}


def suites(packaged) -> dict:
    from expectations import macro, prices, shares, statements, weights

    known = packaged.instruments
    return {suite.name: suite for suite in (
        prices.bars_suite(known, TODAY), prices.actions_suite(known, TODAY), shares.shares_suite(known, TODAY),
        statements.statements_suite(known, TODAY), weights.weights_suite(packaged.universes, TODAY),
        macro.names_suite(packaged.series),
        *(macro.macro_suite(series, TODAY) for series in packaged.series.values()))}


def test_no_suite_is_left_out(packaged):
    import expectations

    names = [found.name for found in pkgutil.iter_modules(expectations.__path__)]
    declared = {function for name in names for function in vars(importlib.import_module(f"expectations.{name}"))
                if function.endswith("_suite")}
    assert declared == {"bars_suite", "actions_suite", "shares_suite", "statements_suite", "weights_suite", "names_suite",
                        "macro_suite"}, "a new one belongs into suites() above, and its expectations into CASES"


def test_every_expectation_of_every_suite_has_its_case(packaged):
    declared = {name: {e.meta["why"] for e in suite.expectations} for name, suite in suites(packaged).items()
                if name in CASES or not name.startswith("macro.")}
    assert declared == {name: set(cases) for name, cases in CASES.items()}


def test_the_suites_of_all_series_differ_only_in_their_range(packaged):
    def shape(suite) -> list[tuple]:
        return [(type(e), e.severity, getattr(e, "column", None), getattr(e, "mostly", None)) for e in suite.expectations]

    of_series = {name.removeprefix("macro."): suite for name, suite in suites(packaged).items() if "." in name}
    assert of_series.keys() == packaged.series.keys()
    for series_id, suite in of_series.items():
        assert shape(suite) == shape(of_series["VIXCLS"])
        ranges = {(e.min_value, e.max_value) for e in suite.expectations if getattr(e, "column", "") == "value"}
        assert ranges == {tuple(packaged.series[series_id].range)}


@pytest.mark.parametrize(("suite", "sentence"), [(suite, sentence) for suite, cases in CASES.items() for sentence in cases])
def test_the_expectation_can_fail_and_does_what_its_severity_says(meet, packaged, suite, sentence):
    case = CASES[suite][sentence]
    expectation = next(e for e in suites(packaged)[suite].expectations if e.meta["why"] == sentence)
    severity = NAMES[str(expectation.severity.value)]
    frame_name = "observations" if suite.startswith("macro") else suite
    feed = {"actions": "bars"}.get(frame_name, frame_name)
    broken = case.change(good(frame_name))
    frames = {name: good(name) for name in (("bars", "actions") if feed == "bars" else (frame_name,))}
    verdict = meet(feed, **{**frames, frame_name: broken})

    failed = verdict.results[~verdict.results.success]
    assert set(failed.expectation) == {sentence, *case.also}
    assert failed[failed.expectation == sentence][["suite", "severity"]].to_numpy().tolist() == [[suite, severity]]
    key = suite.partition(".")[2] or None
    stops = [(stop.reason, stop.key) for stop in verdict.stopped]
    if severity == "stop":
        assert (f"{suite}: fails the check that {sentence}", key) in stops
        return
    a_split_is_lost = suite == "actions" and (broken.loc[list(case.rows), "kind"] == "split").any()
    assert stops == ([("bars: a split of NVDA was rejected, so its earlier prices cannot be restored", "NVDA")]
                     if a_split_is_lost else [])
    if severity == "warn":
        assert verdict.rejected.empty
        assert failed.unexpected_rows.tolist() == [len(case.rows)]
        return
    assert severity == "quarantine"
    named = [r for r in verdict.rejected.itertuples() if f"fails the check that {sentence}" in r.reason.split("; ")]
    assert [(r.frame, r.row) for r in named] == [(frame_name, row) for row in case.rows]
    assert len(named) == len(verdict.rejected) or case.also
    for rejected in named:
        received = broken.loc[rejected.row]
        assert rejected.key == str(received.iloc[0])
        whole = json.loads(rejected.row_json)
        assert whole.keys() == set(broken.columns), "the row is kept whole"
        for column, value in whole.items():
            assert (value is None) == pd.isna(received[column])
            if isinstance(value, float):
                assert value == received[column]
            elif received[column] in (float("inf"), float("-inf")):
                assert value == str(received[column]), "there is no infinity in JSON"
            elif value is not None:
                assert value == str(received[column])[:len(value)]


@pytest.mark.parametrize("frame", ["bars", "actions", "shares", "statements", "weights", "observations"])
def test_a_missing_column_stops_the_batch(meet, frame):
    frames = {"bars": good("bars"), "actions": good("actions")} if frame in ("bars", "actions") else {frame: good(frame)}
    for column in good(frame).columns:
        broken = good(frame).drop(columns=column)
        stopped = meet("bars" if "bars" in frames else frame, **{**frames, frame: broken}).stopped
        assert any("the columns are those of a" in stop.reason and stop.key is None for stop in stopped), column
