"""An answer is compared with what was requested: symbol, time zone, dates and range; two bars for a day are both seen."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from charts import OPEN_NY, chart, closes, outcome

from flows.sources import yahoo

STOCK, INDEX, COIN = {"AAA": "stock"}, {"AAA": "index"}, {"AAA": "crypto"}
WEEK = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09"]
REQUESTED = ("for a request of daily bars 2026-01-01 to 2026-01-31; "
             "none of it is loaded, and the next run requests it again")


@pytest.fixture
def fetch(scripted, endpoint, ask):
    """What comes of AAA, when every request for a chart is given this answer."""
    def fetch(answer, kinds=None, key="AAA"):
        return yahoo.prices([ask(key)], endpoint(scripted(lambda path, query: answer).base_url), kinds)
    return fetch


def is_held(fetched, returned: str) -> bool:
    """Whether the key is held because of what was returned, and no row of it came."""
    assert outcome(fetched)["reason"] == f"Yahoo returned {returned} {REQUESTED}"
    return outcome(fetched)["status"] == "held" and fetched.frames["bars"].empty and fetched.frames["actions"].empty


def test_another_symbols_chart_is_held(fetch):
    assert is_held(fetch(chart(WEEK, [1.0] * 5, symbol="AMD")), "the data of AMD")


def test_only_the_key_whose_answer_is_anothers_is_held(scripted, endpoint, ask):
    server = scripted(lambda path, query: chart(WEEK, [1.0] * 5))
    fetched = yahoo.prices([ask("AAA"), ask("BBB")], endpoint(server.base_url))
    assert [outcome(fetched, key)["status"] for key in ("AAA", "BBB")] == ["received", "held"]


@pytest.mark.parametrize("symbol", ["aaa", None])
def test_a_symbol_in_small_letters_or_none_at_all_contradicts_nothing(fetch, symbol):
    status, body = chart(WEEK, [1.0] * 5, symbol=symbol)
    if symbol is None:
        body = body.replace('"symbol": null, ', "")
    assert outcome(fetch((status, body)))["status"] == "received"


@pytest.mark.parametrize(("feed", "what"), [(yahoo.shares, "share counts"), (yahoo.statements, "quarterly statements")])
def test_another_symbols_counts_and_statements_are_held(scripted, endpoint, ask, feed, what):
    result = [{"meta": {"symbol": ["AMD"], "type": ["shares_out"]}, "timestamp": [1767571200], "shares_out": [5]}]
    answer = {"timeseries": {"result": result, "error": None}}
    server = scripted(lambda path, query: chart(WEEK, [1.0] * 5) if "chart" in path else (200, json.dumps(answer)))
    fetched = feed([ask("AAA")], endpoint(server.base_url))
    assert outcome(fetched)["status"] == "held"
    assert outcome(fetched)["reason"].startswith(f"Yahoo returned the data of AMD for a request of {what} 2026-01-01")
    assert all(frame.empty for frame in fetched.frames.values())


@pytest.mark.parametrize(("kinds", "zone", "expected"), [
    (STOCK, "Asia/Tokyo", "America/New_York"), (STOCK, "UTC", "America/New_York"),
    (INDEX, "Europe/Berlin", "America/New_York or America/Chicago"), (COIN, "America/New_York", "UTC")])
def test_an_answer_in_another_time_zone_is_held(fetch, kinds, zone, expected):
    assert is_held(fetch(chart(WEEK, [1.0] * 5, zone=zone), kinds), f"bars in the time zone {zone}, and not in {expected}")


def test_a_wrong_time_zone_is_not_remembered(scripted, endpoint, ask):
    zones = iter(["Pacific/Kiritimati"] * 2 + ["America/New_York"] * 2)
    server = scripted(lambda path, query: chart(["2026-01-29", "2026-01-30"], [1.0, 2.0], zone=next(zones)))
    held, received = (yahoo.prices([ask("AAA")], endpoint(server.base_url), STOCK) for _ in range(2))
    assert outcome(held)["status"] == "held"
    assert closes(received) == {"2026-01-29": 1.0, "2026-01-30": 2.0}


@pytest.mark.parametrize(("days", "reported"), [
    (["2026-01-09", "2026-01-10"], "a bar on days without a session, first 2026-01-10"),
    (["2026-01-16", "2026-01-19"], "a bar on days without a session, first 2026-01-19"),  # Martin Luther King's day
    (["2026-01-10", "2026-01-11", "2026-01-12"], "2 bars on days without a session, first 2026-01-10")])
def test_a_bar_of_a_stock_on_a_day_without_a_session_holds_its_answer(fetch, days, reported):
    assert is_held(fetch(chart(days, [1.0] * len(days)), STOCK), reported)


def test_stamps_a_day_late_are_held(fetch):
    late = [str(pd.Timestamp(day).date() + pd.Timedelta(days=1)) for day in WEEK]
    assert is_held(fetch(chart(late, [1.0] * 5), STOCK), "a bar on days without a session, first 2026-01-10")


def test_an_index_has_values_on_holidays_and_none_at_weekends(fetch):
    assert outcome(fetch(chart(["2026-01-16", "2026-01-19"], [1.0, 2.0]), INDEX))["status"] == "received"
    assert is_held(fetch(chart(["2026-01-10"], [1.0]), INDEX), "a bar on days without a session, first 2026-01-10")


def test_a_coin_trades_every_day(fetch):
    fetched = fetch(chart(["2026-01-10", "2026-01-11"], [1.0, 2.0], zone="UTC", opens=0), COIN)
    assert closes(fetched) == {"2026-01-10": 1.0, "2026-01-11": 2.0}


def test_a_null_row_on_a_holiday_says_nothing(fetch):
    fetched = fetch(chart(["2026-01-16", "2026-01-19"], [1.0, None]), STOCK)
    assert closes(fetched) == {"2026-01-16": 1.0}
    assert outcome(fetched)["reason"] == ""


@pytest.mark.parametrize("second", [1767623400000, -99999999999, 253402300800])
def test_a_timestamp_that_is_no_day_of_a_market_holds_its_answer(fetch, second):
    status, body = chart(["2026-01-05", "2026-01-06"], [1.0, 2.0])
    answer = json.loads(body)
    answer["chart"]["result"][0]["timestamp"][1] = second
    assert is_held(fetch((status, json.dumps(answer))), f"a timestamp outside the years 1900 to 2100 ({second:.6g})")


def test_an_event_dated_in_milliseconds_holds_its_answer(fetch):
    event = {"dividends": {"1": {"amount": 0.5, "date": 1767623400000}}}
    assert is_held(fetch(chart(WEEK, [1.0] * 5, events=event)), "a timestamp outside the years 1900 to 2100 (1.76762e+12)")


def test_rows_outside_the_requested_range_are_cut(fetch):
    assert closes(fetch(chart(["2025-12-31", "2026-01-02", "2026-02-02"], [1.0, 2.0, 3.0]), STOCK)) == {"2026-01-02": 2.0}


# Two bars for one day


def test_two_bars_of_one_close_are_one_bar(fetch):
    fetched = fetch(chart(["2026-01-05", "2026-01-05", "2026-01-06"], [1.0, 1.0, 2.0], [5, 7, 9]))
    assert fetched.frames["bars"]["volume"].tolist() == [7.0, 9.0]
    assert outcome(fetched)["reason"] == ""


@pytest.mark.parametrize("days", [["2026-01-05", "2026-01-05", "2026-01-06"], ["2026-01-02", "2026-01-05", "2026-01-05"]])
def test_two_bars_of_two_closes_are_both_there_for_validation(fetch, days):
    fetched = fetch(chart(days, [50.0, 100.0, 60.0] if days[1] == days[0] else [60.0, 50.0, 100.0]))
    bars = fetched.frames["bars"]
    assert bars.loc[bars["date"] == pd.Timestamp("2026-01-05"), "close"].tolist() == [50.0, 100.0]
    assert outcome(fetched)["reason"] == "several closes for 2026-01-05: 50 and 100"


def test_a_null_beside_a_bar_contradicts_nothing(fetch):
    assert closes(fetch(chart(["2026-01-05", "2026-01-05"], [None, 3.0]))) == {"2026-01-05": 3.0}


@pytest.mark.parametrize(("ends_at", "traded_at", "left"), [
    ("16:00", "11:30", [3.0]),  # the session is open: the second row is its live quote
    ("16:00", "15:59", [2.0, 3.0]),  # the second row is not of the last trade
    ("11:00", "11:30", [2.0, 3.0])])  # the session has closed: what differs contradicts
def test_a_second_row_for_today_counts_while_its_session_is_open(fetch, ends_at, traded_at, left):
    def second(clock: str) -> int:
        return int(pd.Timestamp(f"2026-01-05 {clock}", tz="America/New_York").timestamp())

    assert second("09:30") == int(pd.Timestamp("2026-01-05").timestamp()) + OPEN_NY
    regular = {"start": second("09:30"), "end": second(ends_at)}
    period = {name: regular | {"timezone": "EST", "gmtoffset": -18000} for name in ("pre", "regular", "post")}
    fetched = fetch(chart(["2026-01-05", "2026-01-05 02:00"], [2.0, 3.0], regularMarketTime=second(traded_at),
                          currentTradingPeriod=period))
    assert fetched.frames["bars"]["close"].tolist() == left
