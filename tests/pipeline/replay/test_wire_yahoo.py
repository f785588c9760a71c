"""Yahoo's wire: the recorded answers' keys and types, and the cases a client meets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flows.replay.fundamentals_wire import short
from flows.replay.server import running
from flows.replay.yahoo_wire import split_event

EVENTS = "div,splits,capitalGains"

# What a quote says that no archive holds: order books, after hours, analysts and earnings.
NOT_IN_AN_ARCHIVE = {
    "ask", "askSize", "averageAnalystRating", "bid", "bidSize", "bookValue", "dividendDate", "dividendRate",
    "dividendYield", "earningsCallTimestampEnd", "earningsCallTimestampStart", "earningsTimestamp",
    "earningsTimestampEnd", "earningsTimestampStart", "epsCurrentYear", "epsForward", "epsTrailingTwelveMonths",
    "forwardPE", "isEarningsDateEstimate", "postMarketChange", "postMarketChangePercent", "postMarketPrice",
    "postMarketTime", "priceEpsCurrentYear", "priceToBook", "trailingAnnualDividendRate",
    "trailingAnnualDividendYield", "trailingPE",
}


def differences(recorded: Any, ours: Any, at: str = "") -> set[str]:
    """Where ours lacks a recorded key or has another JSON type; lists by their first entries, moments by any."""
    if type(recorded) is not type(ours):
        return {f"{at}: {type(recorded).__name__} recorded, {type(ours).__name__} ours"}
    if isinstance(recorded, list):
        return differences(recorded[0], ours[0], f"{at}[]") if recorded and ours else set()
    if not isinstance(recorded, dict):
        return set()
    if recorded and all(key.isdigit() for key in recorded):
        assert all(key.isdigit() for key in ours), at
        return differences(next(iter(recorded.values())), next(iter(ours.values())), f"{at}.<moment>")
    return {f"{at}.{key}" for key in recorded.keys() - ours.keys()}.union(
        *(differences(recorded[key], ours[key], f"{at}.{key}") for key in recorded.keys() & ours.keys()))


# An archive has dividends and splits; a fund's distributed capital gains are not among its columns.
@pytest.mark.parametrize(("name", "lacking"), [
    ("history_chart_AAPL", set()), ("history_chart_MSFT", set()),
    ("history_chart_VFINX", {".chart.result[].events.capitalGains"})])
def test_a_chart_has_every_recorded_key_and_type(base, get, wire, name, lacking):
    ours = get(base, "/v8/finance/chart/AAA", range="6mo", interval="1d", events=EVENTS).json()
    assert differences(json.loads((wire / "yahoo" / f"{name}.json").read_text()), ours) == lacking


@pytest.mark.parametrize("name", ["quote_v7_AAPL", "quote_v7_MSFT", "quote_v7_AAPL-MSFT"])
def test_a_quote_lacks_only_what_no_archive_holds(base, get, wire, name):
    ours = get(base, "/v7/finance/quote", symbols="AAA,NOPE,^VIX").json()
    assert [entry["symbol"] for entry in ours["quoteResponse"]["result"]] == ["AAA", "^VIX"]
    lacking = differences(json.loads((wire / "yahoo" / f"{name}.json").read_text()), ours)
    assert lacking <= {f".quoteResponse.result[].{key}" for key in NOT_IN_AN_ARCHIVE}


@pytest.mark.parametrize("name", ["timeseries_income_statement_quarterly_AAPL",
                                  "timeseries_quarterlyBasicAverageShares_MSFT"])
def test_a_statement_item_has_every_recorded_key_and_type(base, get, wire, name):
    recorded = json.loads((wire / "yahoo" / f"{name}.json").read_text())
    item = recorded["timeseries"]["result"][0]["meta"]["type"][0]
    ours = get(base, "/ws/fundamentals-timeseries/v1/finance/timeseries/AAA", symbol="AAA",
               type="quarterlyTotalRevenue", period1=1, period2=2_000_000_000).json()
    entry = ours["timeseries"]["result"][0]
    entry[item] = entry.pop("quarterlyTotalRevenue")
    assert differences(recorded, ours) == set()
    assert entry[item][-1] | {"dataId": 0} == {
        "dataId": 0, "asOfDate": "2025-12-31", "periodType": "3M", "currencyCode": "USD",
        "reportedValue": {"raw": 43_718_000_000.0, "fmt": "43.72B"}}


def test_statements_have_the_currency_of_the_archive_or_of_the_country(handmade):
    """An archive may say the currency of an amount; where it does not, companies of Taiwan report in Taiwan dollars."""
    import duckdb

    from flows.replay.archive import Archive
    from flows.replay.fundamentals_wire import timeseries

    with duckdb.connect() as con:
        con.execute(f"""
            copy (select symbol, symbol as name, 'EQUITY' as quote_type, country from (values ('TSM', 'Taiwan'),
                ('AZN', 'United Kingdom'), ('AAA', 'United States'), ('ASML', 'Netherlands'), ('PDD', 'China'))
                t(symbol, country)) to '{handmade}/instruments.parquet' (format parquet)""")
        con.execute(f"""
            copy (select symbol, 'income' as statement, date '2025-12-31' as period_end, 'Total Revenue' as item,
                1e12 as value, if(symbol = 'ASML', 'EUR', null) as currency
                from '{handmade}/instruments.parquet') to '{handmade}/statements.parquet' (format parquet)""")
    archive, reported = Archive(handmade), {}
    for symbol in ("TSM", "AZN", "AAA", "PDD", "ASML"):
        _, body = timeseries(archive, symbol, {"type": "quarterlyTotalRevenue", "period1": "1", "period2": "2000000000"})
        reported[symbol] = body["timeseries"]["result"][0]["quarterlyTotalRevenue"][0]["currencyCode"]
    assert reported == {"TSM": "TWD", "AZN": "USD", "AAA": "USD", "PDD": "CNY", "ASML": "EUR"}


def test_a_type_without_data_has_only_its_meta(base, get):
    ours = get(base, "/ws/fundamentals-timeseries/v1/finance/timeseries/AAA", period1=1, period2=2_000_000_000,
               type="annualTotalRevenue,quarterlyNetIncome").json()
    assert ours == {"timeseries": {"error": None, "result": [
        {"meta": {"symbol": ["AAA"], "type": ["annualTotalRevenue"]}},
        {"meta": {"symbol": ["AAA"], "type": ["quarterlyNetIncome"]}}]}}


def test_an_unknown_symbol_is_the_recorded_404(base, get):
    answer = get(base, "/v8/finance/chart/NOPE", range="1d")
    assert answer.status == 404
    assert answer.json() == {"chart": {"result": None, "error": {
        "code": "Not Found", "description": "No data found, symbol may be delisted"}}}


def test_a_range_without_bars_has_no_timestamps(base, get):
    answer = get(base, "/v8/finance/chart/AAA", period1=1, period2=2, interval="1d", events=EVENTS)
    assert answer.status == 200
    (result,) = answer.json()["chart"]["result"]
    assert set(result) == {"meta", "indicators"}
    assert result["indicators"] == {"quote": [{}], "adjclose": [{}]}


def test_a_session_opens_at_half_past_nine_in_winter_and_in_summer(base, get):
    (result,) = get(base, "/v8/finance/chart/AAA", range="2d", interval="1d").json()["chart"]["result"]
    assert [datetime.fromtimestamp(moment, UTC).isoformat(" ", "minutes") for moment in result["timestamp"]] == [
        "2026-03-06 14:30+00:00", "2026-03-09 13:30+00:00"]
    assert (result["meta"]["gmtoffset"], result["meta"]["timezone"]) == (-14_400, "EDT")


def test_a_hole_is_null(base, get):
    (result,) = get(base, "/v8/finance/chart/AAA", range="max", interval="1d").json()["chart"]["result"]
    quote = result["indicators"]["quote"][0]
    assert [quote[name][2] for name in ("open", "high", "low", "volume", "close")] == [None] * 4 + [12.0]


def test_events_stand_at_the_open_of_their_ex_date(base, get):
    (result,) = get(base, "/v8/finance/chart/AAA", range="max", events=EVENTS).json()["chart"]["result"]
    (silent,) = get(base, "/v8/finance/chart/AAA", range="max").json()["chart"]["result"]
    dividend, split = result["timestamp"][1], result["timestamp"][3]
    assert result["events"] == {
        "dividends": {str(dividend): {"amount": 0.1, "date": dividend}},
        "splits": {str(split): {"date": split, "numerator": 10.0, "denominator": 1.0, "splitRatio": "10:1"}}}
    assert "events" not in silent


@pytest.mark.parametrize(("ratio", "reported"), [(10, "10:1"), (0.1, "1:10"), (0.5, "1:2"), (1.5, "3:2"), (4 / 3, "4:3")])
def test_a_split_is_said_in_whole_shares(ratio, reported):
    event = split_event(0, ratio)
    assert event["splitRatio"] == reported
    assert event["numerator"] / event["denominator"] == pytest.approx(ratio)


@pytest.mark.parametrize(("span", "bars"), [("1d", 1), ("5d", 5), ("1mo", 6), ("1wk", 5), ("ytd", 6), ("10y", 6)])
def test_a_named_range_ends_now(base, get, span, bars):
    (result,) = get(base, "/v8/finance/chart/AAA", range=span, interval="1d").json()["chart"]["result"]
    assert len(result["timestamp"]) == bars


@pytest.mark.parametrize("query", [{"range": "7x"}, {"interval": "1wk"}, {"period1": "yesterday", "period2": 2}])
def test_what_is_not_served_is_refused_not_guessed(base, get, query):
    answer = get(base, "/v8/finance/chart/AAA", **query)
    assert (answer.status, answer.json()["chart"]["error"]["code"]) == (400, "Bad Request")


def test_share_counts_without_a_period_are_a_bad_request(base, get):
    answer = get(base, "/ws/fundamentals-timeseries/v1/finance/timeseries/AAA")
    assert (answer.status, answer.json()["finance"]["error"]["code"]) == (400, "Bad Request")


@pytest.mark.parametrize(("value", "reported"), [(365_817e6, "365.82B"), (-2.464e10, "-24.64B"), (1.57, "1.57"),
                                             (39e6, "39.00M"), (1500, "1.50k"), (0.0, "0.00"), (2.5e12, "2.50T")])
def test_numbers_are_printed_as_yahoo_does(value, reported):
    assert short(value) == reported


def test_real_prices_times_their_later_splits_are_as_traded(real_archive, get):
    """Every stock of the real archive that ever split, worked out from the files without the server's SQL."""
    splits = pd.read_parquet(real_archive / "actions.parquet").dropna(subset=["split_ratio"])
    bars = pd.read_parquet(real_archive / "bars.parquet", columns=["symbol", "date", "close"])
    assert len(splits) >= 10
    with running(real_archive) as url:
        for symbol, ratios in splits.groupby("symbol"):
            traded = bars[bars["symbol"] == symbol].sort_values("date")
            (result,) = get(url, f"/v8/finance/chart/{symbol}", range="max").json()["chart"]["result"]
            later = [ratios.loc[pd.to_datetime(ratios["date"]) > day, "split_ratio"].prod()
                     for day in pd.to_datetime(traded["date"])]
            reported = np.array(result["indicators"]["quote"][0]["close"])
            np.testing.assert_allclose(reported * later, traded["close"], rtol=1e-12)
