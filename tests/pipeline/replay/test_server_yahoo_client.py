"""yfinance itself, over a socket, against an archive whose answers are worked out by hand."""

from __future__ import annotations

import pytest

from flows.replay.server import running

SPAN = {"start": "2026-03-02", "end": "2026-03-05", "auto_adjust": False, "actions": True, "keepna": True}


def test_a_split_after_the_asked_range_divides_the_prices_in_it(base, ticker):
    history = ticker(base, "AAA").history(**SPAN)
    assert [str(day.date()) for day in history.index] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert history["Close"].tolist() == [10.0, 11.0, 12.0]
    assert history["Open"].tolist()[:2] == [9.9, 10.1]
    assert history["Volume"].tolist()[:2] == [10_000, 11_000]
    assert history["Stock Splits"].tolist() == [0, 0, 0]
    assert history["Dividends"].tolist() == [0, 0.1, 0]


def test_before_the_split_nobody_knows_of_it(handmade, ticker, new_york):
    with running(handmade, new_york("2026-03-04 23:59:59")) as base:
        requested = ticker(base, "AAA")
        history = requested.history(**SPAN)
        assert requested.splits.empty
    assert history["Close"].tolist() == [100.0, 110.0, 120.0]
    assert history["Dividends"].tolist() == [0, 1.0, 0]


def test_adjusted_closes_are_cut_by_the_dividend_over_the_close_before_it(base, ticker):
    history = ticker(base, "AAA").history(**SPAN)
    # 0.10 of 10.00 leaves 99 % of the only close before the ex-date.
    assert history["Adj Close"].tolist() == pytest.approx([9.9, 11.0, 12.0])


def test_prices_the_archive_has_not_are_missing_not_zero(base, ticker):
    history = ticker(base, "AAA").history(**SPAN)
    assert history.iloc[2][["Open", "High", "Low"]].isna().all()


def test_the_splits_of_a_symbol_are_its_ratios_by_ex_date(base, ticker):
    splits = ticker(base, "AAA").splits
    assert {str(day.date()): ratio for day, ratio in splits.items()} == {"2026-03-05": 10.0}


def test_sessions_keep_their_date_across_the_change_of_clocks(base, ticker):
    history = ticker(base, "AAA").history(**{**SPAN, "start": "2026-03-06", "end": "2026-03-10"})
    volatility = ticker(base, "^VIX").history(**{**SPAN, "start": "2026-03-06", "end": "2026-03-10"})
    assert [str(day.date()) for day in history.index] == ["2026-03-06", "2026-03-09"]
    assert [str(day.date()) for day in volatility.index] == ["2026-03-06", "2026-03-09"]


def test_bitcoin_has_a_bar_a_utc_day_weekends_too(base, ticker):
    history = ticker(base, "BTC-USD").history(**{**SPAN, "start": "2026-03-07", "end": "2026-03-10"})
    assert [str(day.date()) for day in history.index] == ["2026-03-07", "2026-03-08", "2026-03-09"]
    assert str(history.index.tz) == "UTC"


def test_a_range_without_sessions_is_missing_prices(base, ticker):
    from yfinance.exceptions import YFPricesMissingError

    with pytest.raises(YFPricesMissingError):
        ticker(base, "AAA").history(**{**SPAN, "start": "2026-03-07", "end": "2026-03-09"})


def test_an_unknown_symbol_is_not_found(base, ticker):
    from curl_cffi.requests.exceptions import HTTPError
    from yfinance.exceptions import YFTzMissingError

    # The first two times in a process yfinance looks for the time zone in the quote summary, which is a 404 too.
    with pytest.raises((HTTPError, YFTzMissingError)):
        ticker(base, "NOPE").history(**SPAN)


def test_share_counts_stand_on_the_days_they_changed(base, ticker):
    requested = ticker(base, "AAA")
    counts = requested.get_shares_full(start="2026-03-01", end="2026-03-10")
    assert requested.get_shares_full(start="2026-03-03", end="2026-03-06") is None
    assert [(str(day.date()), count) for day, count in counts.items()] == [
        ("2026-03-02", 1_000_000), ("2026-03-06", 10_000_000)]


def test_a_quarterly_statement_comes_under_the_archives_item_names(base, ticker):
    statement = ticker(base, "AAA").quarterly_income_stmt
    assert statement.loc["Total Revenue"].to_dict() == {
        statement.columns[0]: 43_718_000_000.0, statement.columns[1]: 39_000_000.0}
    assert [str(day.date()) for day in statement.columns] == ["2025-12-31", "2025-09-30"]
    assert statement.loc["Basic EPS"].iloc[0] == 1.57
    assert statement.loc["Gain On Sale Of Ppe"].iloc[0] == 5.0


def test_a_quarter_is_known_45_days_after_its_end(handmade, ticker, new_york):
    with running(handmade, new_york("2026-02-13 23:59:59")) as base:
        assert len(ticker(base, "AAA").quarterly_income_stmt.columns) == 1
    with running(handmade, new_york("2026-02-14 23:59:59")) as base:
        assert len(ticker(base, "AAA").quarterly_income_stmt.columns) == 2
