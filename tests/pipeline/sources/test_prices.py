"""Daily bars and actions from Yahoo: what came, under which date, and what is said of the rest."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest
from charts import OPEN_NY, chart, closes, outcome

from flows.sources import yahoo


def test_bars_are_split_adjusted_up_to_the_asking_and_say_their_splits(replay, endpoint, ask):
    base = replay(
        bars="""
            symbol | date       | open | high | low | close | volume
            AAA    | 2026-01-02 | 396  | 404  | 392 | 400   | 10
            AAA    | 2026-01-05 | 101  | 102  | 99  | 100   | 44
        """,
        actions="""
            symbol | date       | dividend | split_ratio
            AAA    | 2026-01-02 | 2        |
            AAA    | 2026-01-05 |          | 4
        """)
    fetched = yahoo.prices([ask("AAA")], endpoint(base))
    assert fetched.frames["bars"].to_dict("records") == [
        {"symbol": "AAA", "date": pd.Timestamp("2026-01-02"), "open": 99.0, "high": 101.0, "low": 98.0,
         "close": 100.0, "volume": 40.0},
        {"symbol": "AAA", "date": pd.Timestamp("2026-01-05"), "open": 101.0, "high": 102.0, "low": 99.0,
         "close": 100.0, "volume": 44.0}]
    assert fetched.frames["actions"].to_dict("records") == [
        {"symbol": "AAA", "date": pd.Timestamp("2026-01-02"), "kind": "dividend", "value": 0.5},
        {"symbol": "AAA", "date": pd.Timestamp("2026-01-05"), "kind": "split", "value": 4.0}]
    assert outcome(fetched) == {"status": "received", "rows": 2, "reason": "",
                                "asked_from": pd.Timestamp("2026-01-01"), "asked_to": pd.Timestamp("2026-01-31"),
                                "is_unknown_key": False}


def test_each_key_has_its_own_range_and_both_ends_belong_to_it(replay, endpoint, ask):
    base = replay(bars="""
        symbol | date       | close
        AAA    | 2026-01-02 | 1
        AAA    | 2026-01-05 | 2
        AAA    | 2026-01-06 | 3
        AAA    | 2026-01-07 | 4
        BBB    | 2026-01-05 | 5
        BBB    | 2026-01-06 | 6
    """)
    fetched = yahoo.prices([ask("BBB", "2026-01-06", "2026-01-06"), ask("AAA", "2026-01-05", "2026-01-06")],
                           endpoint(base))
    assert closes(fetched, "AAA") == {"2026-01-05": 2.0, "2026-01-06": 3.0}
    assert closes(fetched, "BBB") == {"2026-01-06": 6.0}


def test_a_bar_has_the_date_of_its_exchange_and_bitcoin_that_of_utc(replay, endpoint, ask):
    base = replay(bars="""
        symbol  | date       | close
        ^VIX    | 2026-01-02 | 20
        BTC-USD | 2026-01-03 | 90000
    """)
    fetched = yahoo.prices([ask("^VIX"), ask("BTC-USD")], endpoint(base))
    assert closes(fetched, "^VIX") == {"2026-01-02": 20.0}
    assert closes(fetched, "BTC-USD") == {"2026-01-03": 90000.0}


def test_an_event_on_a_session_the_feed_dropped_keeps_its_own_date(replay, endpoint, ask):
    base = replay(
        bars="""
            symbol | date       | close
            AAA    | 2026-01-05 | 8
            AAA    | 2026-01-07 | 4
        """,
        actions="""
            symbol | date       | dividend | split_ratio
            AAA    | 2026-01-02 | 0.1      |
            AAA    | 2026-01-06 |          | 2
        """)
    actions = yahoo.prices([ask("AAA")], endpoint(base)).frames["actions"]
    assert list(zip(actions["date"].dt.strftime("%Y-%m-%d"), actions["kind"], strict=True)) == [
        ("2026-01-02", "dividend"), ("2026-01-06", "split")]


def test_an_empty_volume_is_missing_and_a_volume_of_none_is_zero(replay, endpoint, ask):
    base = replay(bars="""
        symbol | date       | close | volume
        AAA    | 2026-01-02 | 1     |
        AAA    | 2026-01-05 | 1     | 0
    """)
    volumes = yahoo.prices([ask("AAA")], endpoint(base)).frames["bars"]["volume"]
    assert volumes.isna().tolist() == [True, False]
    assert volumes.iloc[1] == 0


def test_bars_without_a_close_are_rows_for_validation_and_do_not_count(scripted, endpoint, ask):
    """They reach the quarantine with a reason, and a null does not withdraw the bar that is held for its day."""
    days = ["2026-01-02", "2026-01-05", "2026-01-06", "2026-01-07"]
    server = scripted(lambda path, query: chart(days, [1.0, None, None, 4.0]))
    fetched = yahoo.prices([ask("AAA")], endpoint(server.base_url))
    assert closes(fetched) == pytest.approx({"2026-01-02": 1.0, "2026-01-05": float("nan"), "2026-01-06": float("nan"),
                                             "2026-01-07": 4.0}, nan_ok=True)
    assert outcome(fetched)["rows"] == 2
    assert (outcome(fetched)["status"], outcome(fetched)["reason"]) == ("received", "2 null bars")


def test_nothing_but_null_bars_is_empty_and_says_so(scripted, endpoint, ask):
    server = scripted(lambda path, query: chart(["2026-01-02"], [None]))
    fetched = yahoo.prices([ask("AAA")], endpoint(server.base_url))
    assert outcome(fetched)["status"] == "empty"
    assert "1 null bar" in outcome(fetched)["reason"]


def test_of_two_bars_for_the_live_day_the_last_stands(scripted, endpoint, ask):
    day = int(pd.Timestamp("2026-01-05").timestamp()) + OPEN_NY
    event = {"dividends": {str(day): {"amount": 0.5, "date": day}}}
    days, two_hours = ["2026-01-02", "2026-01-05", "2026-01-05 02:00"], [1.0, 2.0, 3.0]
    server = scripted(lambda path, query: chart(days, two_hours, [5, None, 7], event))
    fetched = yahoo.prices([ask("AAA")], endpoint(server.base_url))
    assert closes(fetched) == {"2026-01-02": 1.0, "2026-01-05": 3.0}
    assert fetched.frames["bars"]["volume"].tolist() == [5.0, 7.0]
    assert fetched.frames["actions"]["value"].tolist() == [0.5]


def test_an_unknown_symbol_fails_alone_and_is_asked_once(scripted, endpoint, ask):
    missing = {"chart": {"result": None, "error": {"code": "Not Found",
                                                   "description": "No data found, symbol may be delisted"}}}
    server = scripted(lambda path, query: (404, json.dumps(missing)) if "GONE" in path
                      else chart(["2026-01-02"], [1.0]))
    fetched = yahoo.prices([ask("GONE"), ask("AAA")], endpoint(server.base_url))
    assert outcome(fetched)["status"] == "received"
    assert (outcome(fetched)["is_unknown_key"], outcome(fetched, "GONE")["is_unknown_key"]) == (False, True)
    assert outcome(fetched, "GONE")["status"] == "failed"
    assert outcome(fetched, "GONE")["reason"] == (
        "GONE: the request to Yahoo for daily bars 2026-01-01 to 2026-01-31 failed (HTTP 404); Yahoo does not know "
        "this key: check its catalog entry (renamed, delisted, discontinued?)")
    assert server.requested("GONE") == 1


@pytest.mark.parametrize("answer", [
    (400, {"result": None, "error": {"code": "Bad Request",
                                     "description": "Data doesn't exist for startDate = 1, endDate = 2"}}),
    (200, {"result": [{"meta": {"exchangeTimezoneName": "America/New_York", "validRanges": []},
                       "indicators": {"quote": [{}]}}], "error": None}),
])
def test_a_range_without_bars_is_empty_and_never_asked_again(scripted, endpoint, ask, answer):
    status, body = answer
    server = scripted(lambda path, query: (status, json.dumps({"chart": body})) if "period1" in query
                      else chart(["2026-01-02"], [1.0]))
    fetched = yahoo.prices([ask("AAA", "1980-01-01", "1980-12-31")], endpoint(server.base_url))
    assert outcome(fetched)["status"] == "empty"
    assert outcome(fetched)["reason"].startswith(
        "AAA: Yahoo returned no rows for daily bars 1980-01-01 to 1980-12-31")
    assert server.requested("period1") == (2 if status == 400 else 1)  # yfinance repeats a 400 with other cookies
    assert fetched.frames["bars"].dtypes.to_dict() == yahoo.prices([], endpoint("")).frames["bars"].dtypes.to_dict()


def test_the_frames_do_not_depend_on_which_thread_was_first(replay, endpoint, ask):
    days = pd.bdate_range("2026-01-02", "2026-01-30").date
    bars = pd.DataFrame([{"symbol": f"S{n:02d}", "date": day, "close": n + day.day / 100}
                         for n in range(30) for day in days])
    base = replay(bars=bars)
    fetch_keys = [ask(f"S{n:02d}") for n in range(30)]
    one, other = yahoo.prices(fetch_keys, endpoint(base)), yahoo.prices(fetch_keys[::-1], endpoint(base))
    for name in ("bars", "actions"):
        pd.testing.assert_frame_equal(one.frames[name], other.frames[name])
    pd.testing.assert_frame_equal(one.outcomes, other.outcomes)
    expected = bars.sort_values(["symbol", "date"])["close"].tolist()
    assert one.frames["bars"]["close"].tolist() == expected


def test_a_key_asked_twice_in_one_call_is_a_mistake(endpoint, ask):
    with pytest.raises(ValueError, match="AAA"):
        yahoo.prices([ask("AAA"), ask("AAA", "2026-02-01", "2026-02-02")], endpoint("http://127.0.0.1:1"))


def test_a_range_that_ends_before_it_begins_is_a_mistake(ask):
    with pytest.raises(ValueError, match="AAA: the range"):
        ask("AAA", "2026-01-02", "2026-01-01")


def test_a_new_call_asks_anew_even_for_a_past_range(scripted, endpoint, ask):
    prices = iter([1.0, 1.0, 2.0])
    server = scripted(lambda path, query: chart(["2026-01-02"], [next(prices)]))
    first, second = (closes(yahoo.prices([ask("AAA")], endpoint(server.base_url))) for _ in range(2))
    assert (first, second) == ({"2026-01-02": 1.0}, {"2026-01-02": 2.0})


def test_yfinance_keeps_its_files_in_the_folder_named(replay, endpoint, ask, tmp_path):
    yahoo.prices([ask("AAA")], endpoint(replay()))
    assert (tmp_path / "cache" / "tkr-tz.db").exists()


def test_the_recorded_chart_of_apple_reads_as_recorded(shared_wire, scripted, endpoint, ask):
    body = (shared_wire / "yahoo" / "history_chart_AAPL.json").read_text()
    result = json.loads(body)["chart"]["result"][0]
    server = scripted(lambda path, query: (200, body))
    fetched = yahoo.prices([ask("AAPL", "2025-01-01", "2025-12-31")], endpoint(server.base_url))
    days = pd.to_datetime(result["timestamp"], unit="s", utc=True).tz_convert("America/New_York").date
    quote = result["indicators"]["quote"][0]
    reported = {str(day): close for day, close in zip(days, quote["close"], strict=True) if close is not None}
    assert closes(fetched, "AAPL") == reported
    dividends = result.get("events", {}).get("dividends", {})
    assert fetched.frames["actions"]["value"].tolist() == [event["amount"] for event in dividends.values()]


def test_the_real_archive_comes_back_as_traded_once_its_splits_are_undone(real_archive, endpoint, ask):
    from flows.replay.server import running

    symbols = ["NVDA", "AVGO", "^VIX", "BTC-USD", "GOOG"]
    truth = pd.read_parquet(real_archive / "bars.parquet").query("symbol in @symbols")
    with running(real_archive) as base:
        fetched = yahoo.prices([ask(symbol, date(1990, 1, 1), date(2026, 5, 29)) for symbol in symbols],
                               endpoint(base))
    bars, actions = fetched.frames["bars"], fetched.frames["actions"]
    for split in actions[actions["kind"] == "split"].itertuples():
        earlier = (bars["symbol"] == split.symbol) & (bars["date"] < split.date)
        bars.loc[earlier, "close"] *= split.value
    truth = truth.assign(date=pd.to_datetime(truth["date"])).sort_values(["symbol", "date"])
    assert bars["date"].tolist() == truth["date"].tolist()
    assert bars["close"].tolist() == pytest.approx(truth["close"].tolist(), rel=1e-9)
    assert set(actions["kind"]) == {"dividend", "split"}
