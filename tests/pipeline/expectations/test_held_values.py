"""Values that contradict what is held or one another are kept out and named: leaps, two values for one, shortened lists."""

from __future__ import annotations

import json

import duckdb
import pandas as pd
import pytest

from flows.sources.frames import COLUMNS, tidy
from warehouse.data_folder import SCHEMA

NO_ACTIONS = tidy("actions", [])
STAMP = "false, timestamp '2026-03-01', timestamp '2026-03-01', 'test', 'rule', 'run'"


def drawn(frame: str, text: str) -> pd.DataFrame:
    """A source's tidy frame from a drawn table, in the order drawn; an empty cell is missing."""
    lines = [[cell.strip() or None for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    return pd.DataFrame(lines[1:], columns=lines[0]).reindex(columns=list(COLUMNS[frame])).astype(COLUMNS[frame])


@pytest.fixture
def con():
    """A warehouse without a row."""
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        yield con


def hold(con: duckdb.DuckDBPyConnection, table: str, *rows: str) -> None:
    for row in rows:
        con.execute(f"insert into raw.{table} values ({row}, {STAMP})")


def observed(series_id: str, *values: float | None, first: str = "2026-03-02") -> pd.DataFrame:
    """A value a day, from Monday on."""
    days = pd.bdate_range(first, periods=len(values)).strftime("%Y-%m-%d")
    return drawn("observations", "series_id | date | value\n" + "\n".join(
        f"{series_id} | {day} | {'' if value is None else value}" for day, value in zip(days, values, strict=True)))


def kept_out(verdict) -> list[int]:
    return verdict.rejected.row.tolist()


@pytest.mark.parametrize(("series_id", "values", "rows"), [
    ("DGS10", (4.0, 12.0, 4.1), [1]),  # there and back
    ("DGS10", (4.0, 4.1, 12.0), [2]),  # the newest value waits for another one
    ("DGS10", (4.0, 4.1, 12.0, 12.1), []),  # which confirms it
    ("DGS10", (4.0, 12.0, 4.1, 4.0), [1]),
    ("DGS10", (4.0, 5.1, 4.0), [1]), ("DGS10", (4.0, 4.9, 4.0), []),
    ("DGS10", (4.0, None, 12.0, None, 4.1), [2]),  # a holiday is no neighbor
    ("DGS10", (-0.5, 4.0, -0.4), [1]), ("DGS10", (12.0,), []), ("DGS10", (4.0, 12.0), [1]),
    ("VIXCLS", (17.3, 37.3, 29.9), []),  # 2018-02-05
    ("VIXCLS", (15.0, 75.0, 15.0), [1]), ("VIXCLS", (75.0, 15.0, 75.0), [1]),
    ("SP500", (6000.0, 4800.0), []), ("SP500", (6000.0, 600.0, 6000.0), [1]),
    ("NFCI", (-0.4, 5.5, -0.4), [1]), ("NFCI", (-0.5, -0.4, 5.5), [2]), ("NFCI", (1.514, 1.795, 2.075), []),
    ("ICSA", (282e3, 2914e3, 5946e3), []),  # weekly ones that do not say what is usual, and monthly ones, leap truly
    ("UNRATE", (4.4, 14.8, 4.5), []),
])
def test_a_daily_value_does_not_leap_further_than_its_series_ever_did(meet, series_id, values, rows):
    assert kept_out(meet("observations", observations=observed(series_id, *values))) == rows


def test_of_a_series_that_is_revised_the_newest_release_is_judged(meet):
    assert kept_out(meet("observations", observations=drawn("observations", """
        series_id | date       | value | realtime_start | realtime_end
        NFCI      | 2026-03-06 | 2.4   | 2026-03-11     | 2026-03-17
        NFCI      | 2026-03-06 | -0.4  | 2026-03-18     | 2026-03-24
        NFCI      | 2026-03-13 | 5.5   | 2026-03-18     | 2026-03-24"""))) == [2]


def test_a_leap_is_held_and_the_run_says_so(meet):
    verdict = meet("observations", observations=observed("DGS10", 4.0, 12.0, 4.1))
    why = "fails the check that DGS10 does not jump by more than 1 percent and back"
    assert verdict.rejected.reason.tolist() == [f"held: value 12; {why}"]
    assert verdict.held == (f"observations of DGS10 for 2026-03-03 held: value 12 {why}",)
    assert not verdict.stopped


def test_a_leap_from_what_is_held_is_seen_in_an_answer_of_one_value(meet, con):
    hold(con, "macro_observation", "'DGS10', date '2026-03-05', 4.0", "'DGS10', date '2026-03-06', 4.1")
    assert kept_out(meet("observations", con=con, observations=observed("DGS10", 12.0, first="2026-03-09"))) == [0]
    assert kept_out(meet("observations", con=con, observations=observed("DGS10", 4.2, first="2026-03-09"))) == []


def test_a_correction_into_a_leap_is_kept_out(meet, con):
    hold(con, "macro_observation", *(f"'DGS10', date '2026-03-0{day}', 4.0" for day in (2, 3, 4)))
    assert kept_out(meet("observations", con=con, observations=observed("DGS10", 12.0, 4.0, first="2026-03-04"))) == [0]


@pytest.mark.parametrize(("close", "rows"), [(60.1, []), (20.0, [1])])
def test_the_close_of_the_symbol_it_stands_in_for_confirms_a_leap(meet, con, close, rows):
    hold(con, "price_bar", f"'^VIX', date '2026-03-03', null, null, null, {close}, null")
    assert kept_out(meet("observations", con=con, observations=observed("VIXCLS", 18.0, 60.0))) == rows


def test_two_values_for_a_date_are_both_held_and_named(meet):
    bars = drawn("bars", """
        symbol | date       | close
        AAPL   | 2026-03-05 | 50
        AAPL   | 2026-03-06 | 50
        AAPL   | 2026-03-06 | 100
        AAPL   | 2026-03-09 | 60
    """)
    verdict = meet("bars", bars=bars, actions=NO_ACTIONS)
    assert kept_out(verdict) == [1, 2]
    why = "fails the check that a symbol has one bar per date"
    assert set(verdict.rejected.reason) == {f"held: close 50 and 100; {why}"}
    assert verdict.held == (
        "bars of AAPL for 2026-03-06 held: close 50 and 100 fail the check that a symbol has one bar per date",)


def test_an_infinite_close_is_kept_out_with_its_reason(meet):
    bars = drawn("bars", """
        symbol | date       | close
        AAPL   | 2026-03-06 | 250
        AAPL   | 2026-03-09 | inf
    """)
    rejected, = meet("bars", bars=bars, actions=NO_ACTIONS).rejected.itertuples()
    assert rejected.reason == "fails the check that the close is positive and at most ten million"
    assert json.loads(rejected.row_json, parse_constant=pytest.fail)["close"] == "inf"


@pytest.mark.parametrize(("ex_date", "value", "rows"), [
    ("2026-03-09", 1e6, [0]), ("2026-03-09", 49.0, []), ("2026-03-09", 51.0, [0]), ("2026-03-02", 51.0, [0]),
    ("2026-03-12", 51.0, [0])])
def test_a_dividend_is_smaller_than_the_close_before_it(meet, ex_date, value, rows):
    bars = drawn("bars", "symbol | date | close\nAAPL | 2026-03-05 | 50\nAAPL | 2026-03-09 | 50")
    actions = drawn("actions", f"symbol | date | kind | value\nAAPL | {ex_date} | dividend | {value}")
    verdict = meet("bars", bars=bars, actions=actions)
    assert [r.row for r in verdict.rejected.itertuples() if "smaller than the price" in r.reason] == rows


# Two counts for one date

COUNTS = "symbol | date | shares_outstanding\n"


@pytest.mark.parametrize(("answer", "rows"), [
    ("AAPL | 2026-03-04 | 100e6\nAAPL | 2026-03-05 | 101e6\nAAPL | 2026-03-05 | 500e6", [2]),
    ("AAPL | 2026-03-04 | 100e6\nAAPL | 2026-03-05 | 500e6\nAAPL | 2026-03-05 | 101e6", [1]),
    ("AAPL | 2026-03-05 | 500e6\nAAPL | 2026-03-05 | 101e6\nAAPL | 2026-03-06 | 100e6", [0]),  # the next one decides
    ("AAPL | 2026-03-05 | 500e6\nAAPL | 2026-03-05 | 101e6", [0]),  # none is in force: the last one said
    ("AAPL | 2026-03-04 | 100e6\nMSFT | 2026-03-05 | 500e6\nAAPL | 2026-03-05 | 101e6", [])])
def test_of_two_counts_for_a_date_the_one_near_the_count_in_force_counts(meet, answer, rows):
    assert kept_out(meet("shares", shares=drawn("shares", COUNTS + answer))) == rows


def test_the_count_in_force_is_the_held_one_as_splits_made_it(meet, con):
    hold(con, "shares_outstanding", "'AAPL', date '2026-03-02', 100e6")
    two = drawn("shares", COUNTS + "AAPL | 2026-03-05 | 100e6\nAAPL | 2026-03-05 | 1010e6")
    assert kept_out(meet("shares", con=con, shares=two)) == [1]
    hold(con, "corporate_action", "'AAPL', date '2026-03-05', 'split', 10")
    verdict = meet("shares", con=con, shares=two)
    assert kept_out(verdict) == [0]
    assert verdict.rejected.reason.tolist() == [
        "fails the check that a symbol has one count per date; of 100,000,000 and 1,010,000,000, the one nearest to the "
        "current count of 1,000,000,000 was kept"]


# Lists of weights


def listed(weights: dict[str, float], day: str = "2026-03-05") -> pd.DataFrame:
    published = pd.Timestamp(day) + pd.Timedelta(days=1)
    return drawn("weights", "index_code | date | published_on | symbol | weight\n" + "\n".join(
        f"NDX | {day} | {published:%Y-%m-%d} | {symbol} | {weight}" for symbol, weight in weights.items()))


def test_a_little_weight_that_the_catalog_does_not_hold_leaves_the_list_whole(meet):
    assert kept_out(meet("weights", weights=listed({"AAPL": 0.5, "MSFT": 0.49, "USD": 0.01}))) == [2]
    assert kept_out(meet("weights", weights=listed({"AAPL": 0.5, "MSFT": 0.4, "USD": 0.1}))) == [0, 1, 2]


def test_a_list_with_far_fewer_names_than_those_held_is_kept_out(meet, con):
    names = ["AAPL", "MSFT", "NVDA", "AMZN", "META", "AVGO", "TSLA", "COST", "GOOG", "GOOGL"]
    hold(con, "index_weight_list", *(f"'NDX', date '2026-03-04', date '2026-03-05', '{name}', 0.1" for name in names))
    assert kept_out(meet("weights", con=con, weights=listed(dict.fromkeys(names[:5], 0.2)))) == [0, 1, 2, 3, 4]
    assert kept_out(meet("weights", con=con, weights=listed(dict.fromkeys(names[:9], 1 / 9)))) == []
    assert kept_out(meet("weights", weights=listed(dict.fromkeys(names[:5], 0.2)))) == []
