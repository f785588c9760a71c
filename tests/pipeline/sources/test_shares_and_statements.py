"""Share counts and quarterly statements from Yahoo."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest

from flows.sources import yahoo

META = {"currency": "USD", "symbol": "AAA", "instrumentType": "EQUITY",
        "exchangeTimezoneName": "America/New_York", "validRanges": ["1d"]}
ZONE = 200, json.dumps({"chart": {"result": [{"meta": META}], "error": None}})


def stamp(day: str) -> int:
    return int(pd.Timestamp(day).timestamp())


def counts(fetched) -> dict[str, float]:
    frame = fetched.frames["shares"]
    return dict(zip(frame["date"].dt.strftime("%Y-%m-%d"), frame["shares_outstanding"], strict=True))


def test_a_share_count_stands_under_the_day_it_was_said_for(replay, endpoint, ask):
    base = replay(shares="""
        symbol | date       | shares_outstanding
        AAA    | 2025-12-31 | 900
        AAA    | 2026-01-02 | 1000
        AAA    | 2026-01-31 | 1100
        AAA    | 2026-02-01 | 1200
    """)
    fetched = yahoo.shares([ask("AAA")], endpoint(base))
    assert counts(fetched) == {"2026-01-02": 1000.0, "2026-01-31": 1100.0}
    assert fetched.outcomes["rows"].tolist() == [2]


def test_of_counts_repeated_for_one_day_the_last_stands(scripted, endpoint, ask):
    days = [stamp(day) for day in ("2026-01-05", "2026-01-05", "2026-01-06", "2026-01-06")]
    body = {"timeseries": {"result": [{"meta": {}, "timestamp": days, "shares_out": [1, 2, 3, None]}]}}
    server = scripted(lambda path, query: ZONE if "chart" in path else (200, json.dumps(body)))
    assert counts(yahoo.shares([ask("AAA")], endpoint(server.base_url))) == {"2026-01-05": 2.0, "2026-01-06": 3.0}


def test_no_count_in_the_range_is_empty(replay, endpoint, ask):
    fetched = yahoo.shares([ask("AAA")], endpoint(replay()))
    assert fetched.outcomes["status"].tolist() == ["empty"]
    assert fetched.frames["shares"].empty


def test_a_symbol_yahoo_does_not_know_has_no_shares_and_no_statements(replay, endpoint, ask):
    base = replay()
    assert yahoo.shares([ask("GONE"), ask("AAA")], endpoint(base)).outcomes["status"].tolist() == [
        "empty", "failed"]
    assert yahoo.statements([ask("GONE")], endpoint(base)).outcomes["status"].tolist() == ["empty"]


def test_statements_hold_what_was_reported_in_the_range_under_yahoos_names(replay, endpoint, ask):
    base = replay(statements="""
        symbol | statement | period_end | item                | value
        AAA    | income    | 2025-03-31 | Total Revenue       | 90
        AAA    | income    | 2025-12-31 | Total Revenue       | 100
        AAA    | income    | 2025-12-31 | Net Income          | -7.5
        AAA    | balance   | 2025-12-31 | Total Assets        | 1000
        AAA    | cashflow  | 2025-12-31 | Capital Expenditure | -20
    """)
    fetched = yahoo.statements([ask("AAA", "2025-06-01", "2026-05-31")], endpoint(base))
    rows = fetched.frames["statements"]
    assert [(*row,) for row in rows[["statement", "item", "value"]].itertuples(index=False)] == [
        ("balance", "Total Assets", 1000.0), ("cashflow", "Capital Expenditure", -20.0),
        ("income", "Net Income", -7.5), ("income", "Total Revenue", 100.0)]
    assert set(rows["period_end"]) == {pd.Timestamp("2025-12-31")}


def test_each_amount_has_the_currency_yahoo_says(scripted, endpoint, ask):
    """The recorded shape: currencyCode beside each amount, which yfinance's own table drops."""
    def stated(kind: str, *codes: str | None) -> dict:
        days = ["2025-09-30", "2025-12-31"][:len(codes)]
        return {"meta": {"symbol": ["TSM"], "type": [kind]}, "timestamp": [stamp(day) for day in days], kind: [
            {"dataId": 1, "asOfDate": day, "periodType": "3M", "reportedValue": {"raw": 1.0, "fmt": "1.00"}}
            | ({"currencyCode": code} if code else {}) for day, code in zip(days, codes, strict=True)]}

    def answer(path: str, query: dict) -> tuple[int, str]:
        if "chart" in path:
            return ZONE
        kinds = [stated("quarterlyTotalRevenue", "USD", "TWD"), stated("quarterlyPurchaseOfPPE", None)]
        result = kinds if "quarterlyTotalRevenue" in json.dumps(query) else []
        return 200, json.dumps({"timeseries": {"result": result, "error": None}})

    fetched = yahoo.statements([ask("TSM", "2025-06-01", "2026-05-31")], endpoint(scripted(answer).base_url))
    rows = fetched.frames["statements"].sort_values("period_end")
    reported = rows.loc[rows["item"] == "Total Revenue", "currency"].tolist()
    assert reported == ["USD", "TWD"]


def test_a_statement_yahoo_has_not_is_named(replay, endpoint, ask):
    base = replay(statements="""
        symbol | statement | period_end | item          | value
        AAA    | income    | 2025-12-31 | Total Revenue | 100
    """)
    fetched = yahoo.statements([ask("AAA", "2025-06-01", "2026-05-31")], endpoint(base))
    assert fetched.outcomes.loc[0, ["status", "reason"]].tolist() == [
        "received", "no balance and no cashflow statement"]


def test_an_answer_without_any_entry_is_empty_too(scripted, endpoint, ask):
    server = scripted(lambda path, query: (200, json.dumps({"timeseries": {"result": [], "error": None}})))
    fetched = yahoo.statements([ask("AAA")], endpoint(server.base_url))
    assert fetched.outcomes["status"].tolist() == ["empty"]


def test_the_real_statements_come_back_whole(real_archive, endpoint, ask):
    from flows.replay.server import running

    truth = pd.read_parquet(real_archive / "statements.parquet").query("symbol in ['AAPL', 'NVDA']").dropna()
    with running(real_archive) as base:
        fetched = yahoo.statements([ask(symbol, date(2015, 1, 1), date(2026, 5, 29))
                                    for symbol in ("AAPL", "NVDA")], endpoint(base))
    keys = ["symbol", "statement", "period_end", "item"]
    expected = truth[truth["period_end"] <= date(2026, 4, 15)].set_index(keys)["value"].sort_index()
    got = fetched.frames["statements"]
    got = got.assign(period_end=got["period_end"].dt.date).set_index(keys)["value"].sort_index()
    assert got.index.tolist() == expected.index.tolist()
    assert got.tolist() == pytest.approx(expected.tolist())
