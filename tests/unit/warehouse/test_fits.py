"""The record of month-end fits: which ones are missing, and that the last recorded stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb
import pandas as pd
import pytest

from warehouse.calendar import sessions
from warehouse.data_folder import SCHEMA
from warehouse.fits import Fit, append, unfitted

RECORDED = datetime(2026, 4, 15)  # noqa: DTZ001
NOW = RECORDED.replace(tzinfo=UTC)
MONTHS = [date(2025, 12, 31), date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 31)]


@pytest.fixture
def con():
    """A warehouse with a bar of ^IXIC on every session from December 2025 to 14 April 2026."""
    con = duckdb.connect()
    con.execute(SCHEMA.read_text())
    opened = pd.DataFrame([(*s, RECORDED) for s in sessions(2026) if s[0].year >= 2025])  # noqa: F841, DuckDB reads it
    con.execute("insert into raw.catalog_session from opened")
    con.execute("insert into raw.catalog_series values "
                "('NASDAQCOM', 'Nasdaq', 'index', 'daily', false, '^IXIC', '2025-01-01', 7, ?)", [RECORDED])
    con.execute("""
        insert into raw.price_bar
        select '^IXIC', date, null, null, null, 100, 0, false, close_at + interval 15 minute, ?, 'test', 'rule', 'test'
        from raw.catalog_session where date between '2025-12-01' and '2026-04-14'""", [RECORDED])
    return con


def missing(con, start=None, now=NOW):
    return [month.date for month in unfitted(con, "^IXIC", start, now)]


def fitted(month, **changes):
    about = {"fitted_on": month.date, "first_return_on": None, "returns": 0, "mean_return": None, "calm_variance": None,
             "turbulent_variance": None, "calm_stay_probability": None, "turbulent_stay_probability": None,
             "log_likelihood": None, "turbulent_share": None, "is_accepted": False, "reason": "too few",
             "input_rows": month.input_rows, "known_at": month.known_at}
    return Fit(**about | changes)


def fit_all(con, start, now=NOW):
    return append(con, [fitted(month) for month in unfitted(con, "^IXIC", start, now)], "test", "run-1", now)


def test_month_ends_are_due_from_the_one_in_force_at_the_start_to_the_last_one_closed(con):
    assert missing(con, date(2026, 2, 10)) == MONTHS[1:]
    assert missing(con, date(2026, 2, 27)) == MONTHS[2:]
    assert missing(con, date(2026, 4, 14)) == MONTHS[3:]


def test_a_month_that_has_not_closed_is_not_due(con):
    close = datetime(2026, 3, 31, 20, 15, tzinfo=UTC)
    con.execute("update raw.catalog_session set fetched_at = '2026-01-01'")
    con.execute("update raw.price_bar set fetched_at = known_at")
    assert missing(con, date(2026, 3, 2), close - timedelta(seconds=1)) == MONTHS[2:3]
    assert missing(con, date(2026, 3, 2), close) == MONTHS[2:]


def test_a_start_before_all_sessions_begins_with_the_first_rows(con):
    assert missing(con, date(1990, 1, 2)) == MONTHS


def test_what_is_fitted_is_not_due_again(con):
    assert fit_all(con, date(2026, 1, 5)) == 4
    assert missing(con, date(2026, 1, 5)) == []


def test_without_a_start_nothing_older_than_the_first_fit_is_due(con):
    assert missing(con) == []
    month = unfitted(con, "^IXIC", date(2026, 2, 10), NOW)[0]
    append(con, [fitted(month)], "test", "run-1", NOW)
    assert missing(con) == MONTHS[2:]


def test_however_a_range_is_cut_the_same_months_are_fitted(con):
    for start in (date(2026, 4, 1), date(2026, 1, 5), date(2026, 2, 10)):
        fit_all(con, start)
    cut = con.execute("select distinct fitted_on from raw.regime_model_fit order by 1").fetchall()
    con.execute("delete from raw.regime_model_fit")
    fit_all(con, date(2026, 1, 5))
    assert cut == con.execute("select fitted_on from raw.regime_model_fit order by 1").fetchall()


def test_a_row_recorded_later_but_known_then_makes_the_fit_due_again(con):
    fit_all(con, date(2026, 1, 5))
    later = NOW + timedelta(days=1)
    recorded = later.replace(tzinfo=None)
    row = "'^IXIC', ?::date, null, null, null, 99, 0, false, ?::timestamp, ?::timestamp, 'test', 'rule', 'test'"
    con.execute(f"insert into raw.price_bar values ({row})", ["2026-02-10", "2026-02-10 21:15", recorded])
    assert missing(con, None, later) == MONTHS[2:]
    assert missing(con, None, NOW) == []
    con.execute(f"insert into raw.price_bar values ({row})", ["2026-01-10", recorded, recorded])
    assert missing(con, None, later) == MONTHS[2:]
    fit_all(con, None, later)
    assert missing(con, None, later) == []
    assert con.execute("select count(*) from raw.regime_model_fit where fitted_on = '2026-02-27'").fetchone() == (2,)


def test_the_second_source_counts_and_other_symbols_do_not(con):
    fit_all(con, date(2026, 1, 5))
    con.execute("insert into raw.price_bar select '^VIX', * exclude symbol from raw.price_bar")
    con.execute("insert into raw.macro_observation values "
                "('DGS10', '2026-03-30', 1, false, '2026-03-31', $now, 'test', 'rule', 'test')", {"now": RECORDED})
    assert missing(con) == []
    con.execute("insert into raw.macro_observation values "
                "('NASDAQCOM', '2026-03-30', 1, false, '2026-03-31', $now, 'test', 'rule', 'test')", {"now": RECORDED})
    assert missing(con) == MONTHS[3:]


def test_under_a_clock_set_back_only_what_was_recorded_by_then_counts(con):
    fit_all(con, date(2026, 1, 5), NOW + timedelta(days=1))
    assert missing(con, date(2026, 1, 5), NOW) == MONTHS


def test_a_fit_repeated_under_one_clock_stands_once(con):
    month = unfitted(con, "^IXIC", date(2026, 4, 1), NOW)[0]
    for reason in ("first", "second"):
        append(con, [fitted(month, reason=reason)], "test", "run", NOW)
    assert con.execute("select reason, known_at, fetched_at, source, run_id from raw.regime_model_fit").fetchall() == [
        ("second", month.known_at, RECORDED, "test", "run")]


def test_a_failing_record_leaves_nothing(con):
    month = unfitted(con, "^IXIC", date(2026, 4, 1), NOW)[0]
    with pytest.raises(duckdb.Error):
        append(con, [fitted(month), fitted(month, reason=None)], "test", "run", NOW)
    assert con.execute("select count(*) from raw.regime_model_fit").fetchone() == (0,)
