"""A batch meets its suites: what is wrong is kept out whole, what is right is never touched."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.spikes import with_spikes
from expectations.validate import validate
from flows.sources.frames import COLUMNS, tidy
from warehouse import catalog, landing
from warehouse.catalog.record import record
from warehouse.data_folder import SCHEMA
from warehouse.load.batch import load


def drawn(frame: str, text: str) -> pd.DataFrame:
    """A source's tidy frame from a drawn table, in the order drawn; an empty cell is missing."""
    lines = [[cell.strip() or None for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    return pd.DataFrame(lines[1:], columns=lines[0]).reindex(columns=list(COLUMNS[frame])).astype(COLUMNS[frame])


NO_ACTIONS, NO_BARS = tidy("actions", []), tidy("bars", [])


def nothing_wrong(verdict) -> bool:
    return verdict.rejected.empty and not verdict.stopped and bool(verdict.results.success.all())


# Nothing valid is rejected


def test_bars_as_they_really_are_pass(meet):
    bars = drawn("bars", """
        symbol  | date       | open  | high  | low   | close      | volume
        AAPL    | 2026-03-06 |       |       |       | 250.1      |
        AAPL    | 2026-03-09 | 250   | 251   | 249   | 250.5      | 5e7
        BTC-USD | 2026-03-07 | 70000 | 71000 | 69000 | 70500.25   | 3e10
        BTC-USD | 2026-03-08 | 70000 | 71000 | 69000 | 71500.25   | 3e10
        ^VIX    | 2026-03-06 | 21    | 23    | 20    | 22         | 0
        ^VIX    | 2026-03-09 | 22    | 60    | 22    | 55         | 0
        NVDA    | 2026-03-09 | 0.01  | 0.01  | 0.01  | 0.01       | 0
    """)
    actions = drawn("actions", """
        symbol | date       | kind     | value
        AAPL   | 2026-03-09 | dividend | 0.000012
        AAPL   | 2026-03-09 | split    | 0.005
        NVDA   | 2026-03-09 | split    | 200
    """)
    assert nothing_wrong(meet("bars", bars=bars, actions=actions))


def test_a_coins_day_is_dated_ahead_of_new_york_in_its_evening(meet):
    evening = datetime(2026, 3, 10, 1, tzinfo=UTC)  # 21:00 of the 9th in New York
    bars = drawn("bars", """
        symbol  | date       | close
        BTC-USD | 2026-03-10 | 70500
    """)
    assert nothing_wrong(meet("bars", evening, bars=bars, actions=NO_ACTIONS))


def test_missing_values_and_every_vintage_pass(meet):
    observations = drawn("observations", """
        series_id | date       | value | realtime_start | realtime_end
        CPIAUCSL  | 2026-01-01 | 319.1 | 2026-02-11     | 2026-03-10
        CPIAUCSL  | 2026-01-01 | 319.4 | 2026-03-10     | 9999-12-31
        CPIAUCSL  | 2026-02-01 |       | 2026-03-10     | 9999-12-31
        DGS10     | 2026-02-16 |       |                |
        DGS10     | 2026-02-17 | 4.1   |                |
    """)
    assert nothing_wrong(meet("observations", observations=observations))


def test_an_empty_batch_passes(meet):
    assert nothing_wrong(meet("bars", bars=NO_BARS, actions=NO_ACTIONS))
    for feed in ("shares", "statements", "observations"):
        assert nothing_wrong(meet(feed, **{feed: tidy(feed, [])}))


def test_a_real_crash_and_a_real_leap_pass(meet):
    assert nothing_wrong(meet("bars", bars=at_closes(100, 40, 41, 39, 80, 160, 155, 150), actions=NO_ACTIONS))


@settings(max_examples=10, deadline=None)
@given(steps=st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=200), start=st.floats(0.05, 1e5),
       holes=st.sets(st.integers(0, 200)))
def test_prices_that_move_by_half_at_most_always_pass(meet_again, steps, start, holes):
    closes = np.clip(start * np.exp(np.cumsum(steps)), 1e-6, 1e8)
    bars = pd.DataFrame({"symbol": "AAPL", "date": pd.date_range("2025-01-01", periods=len(steps)), "close": closes,
                         "high": closes * 1.01, "low": closes * 0.99, "open": np.nan, "volume": 1e6})
    bars = bars[~bars.index.isin(holes)]
    assert nothing_wrong(meet_again("bars", bars=tidy("bars", [bars]), actions=NO_ACTIONS))


@pytest.fixture(scope="session")
def meet_again(tmp_path_factory):
    """`meet` for properties: every example in a folder of its own."""
    packaged = catalog.load()

    def meet_again(feed: str, **frames: pd.DataFrame):
        folder: Path = tmp_path_factory.mktemp("landing")
        outcomes = pd.DataFrame({"key": ["AAPL"], "status": ["received"]})
        return validate(landing.land(folder, feed, "test", datetime(2026, 3, 10, 22, tzinfo=UTC), "2026-03-10",
                                     {**frames, "outcomes": outcomes}, {}, simulated=True), packaged)

    return meet_again


def test_nothing_of_the_real_archive_is_rejected(meet, packaged, real_archive):
    end = datetime(2026, 6, 1, 12, tzinfo=UTC)
    con = duckdb.connect()
    con.execute(f"set file_search_path = '{real_archive}'")
    bars = con.execute("""
        select b.symbol, b.date, open / f as open, high / f as high, low / f as low, close / f as close,
            volume * f as volume
        from 'bars.parquet' b, lateral (
            select coalesce(product(split_ratio), 1) as f from 'actions.parquet' a
            where a.symbol = b.symbol and a.date > b.date and split_ratio is not null)""").df()
    actions = con.execute("""
        select symbol, date, 'dividend' as kind, dividend as value from 'actions.parquet' where dividend is not null
        union all
        select symbol, date, 'split', split_ratio from 'actions.parquet' where split_ratio is not null""").df()
    observations = con.execute("from 'observations.parquet'").df()
    for frame in (bars, actions):
        frame["date"] = frame["date"].astype("datetime64[s]")
    observations = observations.astype({"date": "datetime64[s]"})
    observations["realtime_end"] = np.datetime64("NaT", "s")
    for feed, frames in (("bars", {"bars": tidy("bars", [bars]), "actions": tidy("actions", [actions])}),
                         ("observations", {"observations": tidy("observations", [observations])}),
                         *((feed, {feed: tidy(feed, [con.execute(f"from '{feed}.parquet'").df()])})
                           for feed in ("shares", "statements"))):
        held = {**packaged.instruments, **packaged.series}
        frames = {name: frame[frame.iloc[:, 0].isin(held.keys())] for name, frame in frames.items()}
        verdict = meet(feed, end, **frames)
        assert nothing_wrong(verdict), verdict.results[~verdict.results.success]


# What is wrong is kept out whole


def test_a_row_wrong_in_two_ways_is_one_row_with_both_reasons(meet):
    bars = drawn("bars", """
        symbol | date       | close
        AAPL   | 2026-03-06 | 250
        AAPL   | 2026-03-07 | 250
        AAPL   | 2026-03-08 | 250
        AAPL   | 2026-03-09 | 250
        AAPL   | 2026-03-10 | 250
        AAPPL  | 2026-03-12 | 250
    """)
    rejected, = meet("bars", bars=bars, actions=NO_ACTIONS).rejected.itertuples()
    assert (rejected.frame, rejected.row, rejected.key, rejected.date) == ("bars", 5, "AAPPL", date(2026, 3, 12))
    assert rejected.reason == ("fails the check that the catalog contains the symbol; "
                               "fails the check that a bar is not dated after the day it was fetched")


def at_closes(*closes: float) -> pd.DataFrame:
    days = pd.date_range("2026-03-02", periods=len(closes))
    return tidy("bars", [pd.DataFrame({"symbol": "AAPL", "date": days, "close": closes, "open": None, "high": None,
                                       "low": None, "volume": 1.0})])


@pytest.mark.parametrize(("closes", "spikes"), [
    ((10, 10, 10, 31, 10, 10), [3]),
    ((10, 10, 10, 3, 10, 10), [3]),
    ((10, 100, 10), [1]),
    ((10, 10, 10, 100, 10), [3]),
    ((10, 10, 10, 100), [3]),
    ((100, 10, 10, 10), [0]),
    ((10, 10, None, 100, None, 10), [3]),
    ((10, 10, 80), []),  # a leap to a new level, for all one can know
    ((10, 10, 80, 80), []),
    ((10, 11, 12, 13), []),
    ((10,), []),
])
def test_a_spike_stands_off_its_neighbors_and_they_pass(closes, spikes):
    bars = at_closes(*closes).reset_index(names="file_row_number")  # noqa: F841, DuckDB reads it
    with duckdb.connect() as con:
        found = con.execute(with_spikes("select *, ln(close) as level from bars", "symbol", "date")).df()
    assert found.file_row_number[found.spike > 1.1].tolist() == spikes


def test_a_leap_of_bars_is_no_matter_of_the_load(meet):
    """core.price_bar_verdict has witnesses: volume, history, the index."""
    assert nothing_wrong(meet("bars", bars=at_closes(10, 10, 1000, 10, 10), actions=NO_ACTIONS))


def test_a_kept_out_row_is_json_that_any_reader_reads(meet):
    bars = drawn("bars", """
        symbol | date       | open | close
        AAPL   | 2026-03-06 | 1    | 250
        AAPL   | 2026-03-09 | 2    |
    """)
    rejected, = meet("bars", bars=bars, actions=NO_ACTIONS).rejected.itertuples()
    assert json.loads(rejected.row_json, parse_constant=pytest.fail) == {
        "symbol": "AAPL", "date": "2026-03-09", "open": 2.0, "high": None, "low": None, "close": None, "volume": None}


def test_a_row_is_named_by_its_place_in_the_landed_file_whatever_series_it_is_of(meet):
    observations = drawn("observations", """
        series_id | date       | value
        VIXCLS    | 2026-03-02 | 20
        DGS10     | 2026-03-02 | 4.1
        VIXCLS    | 2026-03-03 | 21
        VIXCLS    | 2026-03-04 | 22
        VIXCLS    | 2026-03-05 | 23
        DGS10     | 2026-03-03 | 4.2
        VIXCLS    | 2026-03-06 | 2300
        VIXCLS    | 2026-03-09 | 24
    """)
    verdict = meet("observations", observations=observations)
    assert [(r.row, r.key, r.date) for r in verdict.rejected.itertuples()] == [(6, "VIXCLS", date(2026, 3, 6))]
    assert not verdict.stopped


def test_a_series_that_went_mad_stops_itself_and_no_other(meet):
    observations = drawn("observations", """
        series_id | date       | value
        DGS10     | 2026-03-02 | 4.1
        VIXCLS    | 2026-03-02 | 0.20
        VIXCLS    | 2026-03-03 | 0.21
    """)
    verdict = meet("observations", observations=observations)
    assert [(str(stop), stop.key) for stop in verdict.stopped] == [
        ("macro.VIXCLS: fails the check that most values of VIXCLS lie between 5 and 150 index", "VIXCLS")]


def test_a_symbol_whose_split_is_kept_out_stops_itself_and_no_other(meet):
    bars = drawn("bars", """
        symbol | date       | close
        AAPL   | 2026-03-06 | 250
        NVDA   | 2026-03-06 | 180
    """)
    actions = drawn("actions", """
        symbol | date       | kind     | value
        AAPL   | 2026-03-09 | dividend | -1
        NVDA   | 2026-03-09 | split    | 0
    """)
    verdict = meet("bars", bars=bars, actions=actions)
    assert [stop.key for stop in verdict.stopped] == ["NVDA"]
    assert verdict.rejected.key.tolist() == ["AAPL", "NVDA"]


def test_from_validation_to_the_tables(packaged, tmp_path):
    now = datetime(2026, 3, 10, 22, tzinfo=UTC)
    bars = drawn("bars", """
        symbol | date       | high | low | close | volume
        AAPL   | 2026-03-04 | 251  | 249 | 250   | 5e7
        AAPL   | 2026-03-05 | 251  | 249 | 2.5e9 | 5e7
        AAPL   | 2026-03-06 | 249  | 251 | 250   | 5e7
        NVDA   | 2026-03-06 | 181  | 179 | 180   | 9e7
        NVDA   | 2026-03-09 | 181  | 179 | 180   | 9e7
    """)
    outcomes = pd.DataFrame({"key": ["AAPL", "NVDA"], "status": "received", "rows": [3, 2], "reason": "",
                             "asked_from": pd.Timestamp(2026, 3, 4), "asked_to": pd.Timestamp(2026, 3, 10)})
    batch = landing.land(tmp_path, "bars", "yahoo", now, "2026-03-10",
                         {"bars": bars, "actions": NO_ACTIONS, "outcomes": outcomes}, {}, simulated=True)
    verdict = validate(batch, packaged)
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        record(con, packaged, now)
        assert load(con, batch, "run", verdict.rejected, verdict.results, verdict.stopped).quarantined == 1
        assert con.execute("select symbol, date, close from raw.price_bar order by all").fetchall() == [
            ("AAPL", date(2026, 3, 4), 250), ("AAPL", date(2026, 3, 6), 250),
            ("NVDA", date(2026, 3, 6), 180), ("NVDA", date(2026, 3, 9), 180)]
        assert con.execute("select feed, key, date, (row_json::json)->>'close', reason, batch_id from raw.rejected_row"
                           ).fetchall() == [("bars", "AAPL", date(2026, 3, 5), "2500000000.0",
                                             "fails the check that the close is positive and at most ten million",
                                              batch.batch_id)]
        assert con.execute("select expectation, severity, unexpected_rows from audit.validation_result where not success"
                           " order by all").fetchall() == [
            ("the close is positive and at most ten million", "quarantine", 1),
            ("the high is not below the low", "warn", 1)]
        assert con.execute("select status, rows_landed, rows_loaded, rows_quarantined from audit.batch").fetchall() == [
            ("loaded", 7, 4, 1)]
