"""Answers of the sources, spoilt in one to three places: each key has one outcome, and each row can be loaded."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pandas as pd
from fuzzing import LEAVES, TEXTS, changed, fuzzed, spoilt, tried
from hypothesis import example, given
from hypothesis import strategies as st

from flows.sources import Fetched, FetchKey, fred, weights, yahoo
from flows.sources.errors import SourceError
from flows.sources.frames import COLUMNS
from warehouse.catalog.weighting import PublishedWeights

FROM, TO = date(2026, 1, 1), date(2026, 1, 31)
STAMPS = [int(datetime(2026, 1, day, 14, 30, tzinfo=UTC).timestamp()) for day in (5, 6, 7)]
CHART = {"chart": {"error": None, "result": [{
    "meta": {"symbol": "AAA", "currency": "USD", "exchangeTimezoneName": "America/New_York", "timezone": "EST",
             "gmtoffset": -18000, "instrumentType": "EQUITY", "regularMarketTime": STAMPS[-1], "priceHint": 2,
             "firstTradeDate": STAMPS[0], "dataGranularity": "1d", "range": "", "validRanges": ["1d"],
             "currentTradingPeriod": {"regular": {"start": STAMPS[-1], "end": STAMPS[-1] + 23400, "gmtoffset": -18000,
                                                  "timezone": "EST"}}},
    "timestamp": STAMPS,
    "events": {"dividends": {str(STAMPS[1]): {"amount": 0.5, "date": STAMPS[1]}},
               "splits": {str(STAMPS[2]): {"date": STAMPS[2], "numerator": 2, "denominator": 1, "splitRatio": "2:1"}}},
    "indicators": {"quote": [{name: [1.0, 2.0, 3.0] for name in ("open", "high", "low", "close", "volume")}],
                   "adjclose": [{"adjclose": [1.0, 2.0, 3.0]}]}}]}}
SHARES = {"timeseries": {"error": None, "result": [{
    "meta": {"symbol": ["AAA"], "type": ["shares_out"]}, "timestamp": STAMPS, "shares_out": [1000, 1000, 2000]}]}}
STATEMENTS = {"timeseries": {"error": None, "result": [{
    "meta": {"symbol": ["AAA"], "type": ["quarterlyTotalRevenue"]}, "timestamp": [STAMPS[0] - 52200],
    "quarterlyTotalRevenue": [{"asOfDate": "2026-01-05", "periodType": "3M", "currencyCode": "USD", "dataId": 20100,
                               "reportedValue": {"raw": 10.0, "fmt": "10"}}]}]}}


def is_whole(fetched: Fetched, keys: int = 1) -> None:
    """One outcome a key, with a reason wherever it is not plain, and frames of the declared columns."""
    assert len(fetched.outcomes) == keys
    outcomes: Any = fetched.outcomes.itertuples()
    for outcome in outcomes:
        assert outcome.status in ("received", "empty", "failed", "held")
        assert outcome.status == "received" or outcome.reason
        assert len(str(outcome.reason)) < 600
    for name, frame in fetched.frames.items():
        assert list(frame.columns) == list(COLUMNS[name])
        for column in {"date", "published_on", "period_end"} & set(frame):
            assert frame[column].between(str(FROM), str(TO)).all() or (column, name) == ("date", "weights")


@fuzzed
@given(spoilt(CHART))
@example({"chart": {"error": None, "result": None}})
def test_a_chart_of_yahoo(answering, endpoint, body) -> None:
    answering.body, answering.kind = json.dumps(body).encode(), "application/json"
    fetched, _ = tried(lambda: yahoo.prices([FetchKey("AAA", FROM, TO)], endpoint, {"AAA": "stock"}), SourceError)
    if fetched:
        is_whole(fetched)


def reported(tree, *path: object, value: object):
    return changed(tree, path, value, "replaced")


@fuzzed
@given(st.one_of(st.tuples(st.just("shares"), spoilt(SHARES)), st.tuples(st.just("statements"), spoilt(STATEMENTS))))
@example(("shares", reported(SHARES, "timeseries", "result", 0, "shares_out", 0, value=[])))
def test_counts_and_statements_of_yahoo(answering, endpoint, requested) -> None:
    feed, body = requested
    answering.body, answering.kind = json.dumps(body).encode(), "application/json"
    fetched, _ = tried(lambda: getattr(yahoo, feed)([FetchKey("AAA", FROM, TO)], endpoint), SourceError)
    if fetched:
        is_whole(fetched)


ROW = {"realtime_start": "2026-01-08", "realtime_end": "9999-12-31", "date": "2026-01-05", "value": "4.1"}
ANSWER = {"count": "2", "offset": "0", "limit": "100000", "rows": [ROW, {**ROW, "date": "2026-01-06"}]}
TOLD = st.one_of(TEXTS, st.integers(-(10**20), 10**20).map(str), st.just("4.1"))


@fuzzed
@given(spoilt(ANSWER, TOLD))
def test_observations_of_fred(answering, endpoint, reported) -> None:
    if not isinstance(reported, dict) or not isinstance(reported.get("rows", []), list):
        body = str(reported)
    else:
        def attributes(of: object) -> str:
            return " ".join(f"{name}={quoteattr(str(value))}" for name, value in (
                of.items() if isinstance(of, dict) else [("value", of)]) if name != "rows")

        rows = "".join(f"<observation {attributes(row)}/>" for row in reported.get("rows", []))
        body = f"<?xml version='1.0' encoding='utf-8'?><observations {attributes(reported)}>{rows}</observations>"
    answering.body, answering.kind = body.encode(errors="replace"), "text/xml; charset=utf-8"
    fetched, refusal = tried(lambda: fred.observations([FetchKey("DGS10", FROM, TO)], endpoint), SourceError)
    assert "k" * 32 not in str(refusal)
    if fetched:
        is_whole(fetched)


CELLS = st.one_of(TOLD, LEAVES.map(str), st.just('"'), st.just("2026-01-05"))


@fuzzed
@given(st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=4),
       st.sampled_from(["observation_date,DGS10", "a,b", ""]))
@example([["", "4.1", "x"]], "observation_date,DGS10")
def test_the_public_csv_of_fred(answering, endpoint, rows, head) -> None:
    answering.body = "\n".join([head, *(",".join(row) for row in rows)]).encode(errors="replace")
    answering.kind = "text/csv"
    fetched, _ = tried(lambda: fred.observations([FetchKey("DGS10", FROM, TO)], endpoint, keyless=True), SourceError)
    if fetched:
        is_whole(fetched)


LIST = ["NDX", "2026-01-05", "2026-01-06", "AAA", "0.5"]


@fuzzed
@given(st.lists(spoilt(LIST, CELLS), max_size=4), st.sampled_from(["index,date,published_on,symbol,weight", "a,b", ""]))
def test_a_list_of_weights_on_disk(endpoint, tmp_path_factory, rows, head) -> None:
    folder = tmp_path_factory.getbasetemp()
    lines = [head, *(",".join(map(str, row)) if isinstance(row, list) else str(row) for row in rows)]
    Path(folder, "weights.csv").write_bytes("\n".join(lines).encode(errors="replace"))
    declared = {"NDX": PublishedWeights(file="weights.csv")}
    on_disk = replace(endpoint, base_url=None)
    fetched, _ = tried(lambda: weights.lists([FetchKey("NDX", FROM, TO)], on_disk, declared, folder), SourceError)
    if fetched:
        is_whole(fetched)


@fuzzed
@given(st.binary(max_size=60), st.sampled_from(["prices", "shares", "statements", "observations", "weights"]))
def test_bytes_that_are_no_answer(answering, endpoint, body, feed) -> None:
    answering.body, answering.kind = body, "text/html"
    fetch_keys = [FetchKey("AAA", FROM, TO)]
    calls = {"observations": lambda: fred.observations(fetch_keys, endpoint),
             "weights": lambda: weights.lists(fetch_keys, endpoint, {"AAA": PublishedWeights(file="x.csv")},
                                              Path("/nowhere"))}
    fetched, _ = tried(lambda: calls.get(feed, lambda: getattr(yahoo, feed)(fetch_keys, endpoint))(), SourceError)
    if fetched:
        is_whole(fetched)


def test_the_usual_answers_are_received(answering, endpoint) -> None:
    """What is spoilt above is whole to begin with."""
    fetch_keys = [FetchKey("AAA", FROM, TO)]
    for body, call in ((CHART, lambda: yahoo.prices(fetch_keys, endpoint, {"AAA": "stock"})),
                       (SHARES, lambda: yahoo.shares(fetch_keys, endpoint)),
                       (STATEMENTS, lambda: yahoo.statements(fetch_keys, endpoint))):
        answering.body, answering.kind = json.dumps(body).encode(), "application/json"
        fetched = call()
        is_whole(fetched)
        assert fetched.outcomes["status"].tolist() == ["received"], fetched.outcomes["reason"].tolist()
        assert all(isinstance(frame, pd.DataFrame) and len(frame) for frame in fetched.frames.values())
