"""The load: what is new or changed is appended with the moment it was known; nothing is ever touched."""

from __future__ import annotations

import duckdb
import pytest

BARS, ACTIONS, SHARES = "raw.price_bar", "raw.corporate_action", "raw.shares_outstanding"


# A value first seen is known when its rule says


@pytest.mark.parametrize(("day", "fetched", "known_at"), [
    ("2026-03-02", "2026-03-02 23:00", "2026-03-02 21:15"),  # winter: New York is UTC-5
    ("2026-03-09", "2026-03-09 23:00", "2026-03-09 20:15"),  # the Monday after clocks changed: UTC-4
    ("2025-11-28", "2025-11-28 23:00", "2025-11-28 18:15"),  # the day after Thanksgiving closes at 13:00
])
def test_a_bar_is_known_a_quarter_of_an_hour_after_the_close(desk, day, fetched, known_at):
    desk.fetch("bars", fetched, f"""
        symbol | date  | close
        AAA    | {day} | 10
    """)
    desk.holds(BARS, f"""
        date  | close | known_at   | fetched_at | pit_quality | is_withdrawn
        {day} | 10    | {known_at} | {fetched}  | rule        | false
    """)


def test_a_bar_on_an_exchange_holiday_is_known_after_its_usual_close(desk):
    desk.fetch("bars", "2026-04-06 12:00", """
        symbol | date       | close
        ^VIX   | 2026-04-03 | 21
    """)
    desk.holds(BARS, """
        date       | known_at
        2026-04-03 | 2026-04-03 20:15
    """)


def test_a_coins_bar_is_known_after_its_utc_day(desk):
    desk.fetch("bars", "2026-03-07 12:00", """
        symbol  | date       | close
        BTC-USD | 2026-03-06 | 70000
    """)
    desk.holds(BARS, """
        date       | known_at
        2026-03-06 | 2026-03-07 00:15
    """)


@pytest.mark.parametrize(("series", "day", "known_at"), [
    ("DGS10", "2026-03-02", "2026-03-04 04:59"),  # Monday, known on Tuesday at 23:59 New York
    ("DGS10", "2026-03-06", "2026-03-10 03:59"),  # Friday, known on Monday, after clocks changed
    ("DGS10", "2026-04-02", "2026-04-07 03:59"),  # Thursday before Good Friday, known on Easter Monday
    ("DGS10", "2026-03-07", "2026-03-10 03:59"),  # Saturday counts from the session before it
    ("NASDAQCOM", "2026-03-06", "2026-03-07 04:59"),  # no lag: the end of its own day
    ("NASDAQCOM", "2026-03-07", "2026-03-08 04:59"),
    ("OECD", "2026-03-06", "2026-03-10 03:59"),  # three calendar days
])
def test_an_observation_is_known_its_days_later_at_a_minute_to_midnight_new_york(desk, series, day, known_at):
    desk.fetch("observations", "2026-05-01 12:00", f"""
        series_id | date  | value
        {series}  | {day} | 4.2
    """)
    desk.holds("raw.macro_observation", f"""
        date  | value | known_at   | pit_quality
        {day} | 4.2   | {known_at} | rule
    """)


def test_a_statement_is_known_45_days_after_its_period(desk):
    desk.fetch("statements", "2026-05-20 12:00", """
        symbol | statement | period_end | item          | value
        AAA    | income    | 2026-03-31 | Total Revenue | 5e9
    """)
    desk.holds("raw.statement_item", """
        period_end | item          | value | known_at
        2026-03-31 | Total Revenue | 5e9   | 2026-05-16 03:59:59
    """)


def test_a_share_count_dated_on_a_weekend_is_known_that_day(desk):
    desk.fetch("shares", "2026-03-10 12:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-03-07 | 1e9
    """)
    desk.holds(SHARES, """
        date       | known_at
        2026-03-07 | 2026-03-07 21:15
    """)


def test_a_revised_series_asked_without_vintages_is_known_since_the_fetch(desk):
    desk.fetch("observations", "2026-03-12 12:00", """
        series_id | date       | value
        CPI       | 2026-02-01 | 320
    """)
    desk.holds("raw.macro_observation", """
        date       | value | known_at         | pit_quality
        2026-02-01 | 320   | 2026-03-12 12:00 | snapshot
    """)


# Said again


def test_an_equal_value_adds_nothing(desk):
    desk.fetch("bars", "2026-03-02 23:00", """
        symbol | date       | close | volume
        AAA    | 2026-03-02 | 10    | 1e6
    """)
    again = desk.fetch("bars", "2026-03-03 23:00", """
        symbol | date       | close      | volume
        AAA    | 2026-03-02 | 10.0000099 | 1e6
    """)
    assert again.added == 0


def test_a_changed_value_is_a_further_row_known_since_the_fetch(desk):
    desk.fetch("bars", "2026-03-02 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """)
    desk.fetch("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10.00002
    """)
    desk.holds(BARS, """
        close    | known_at         | fetched_at       | pit_quality
        10       | 2026-03-02 21:15 | 2026-03-02 23:00 | rule
        10.00002 | 2026-03-04 23:00 | 2026-03-04 23:00 | snapshot
    """)


def test_a_value_that_appears_and_one_that_goes_are_changes(desk):
    desk.fetch("bars", "2026-03-02 23:00", """
        symbol | date       | high | low | close
        AAA    | 2026-03-02 | 11   |     | 10
    """)
    desk.fetch("bars", "2026-03-03 12:00", """
        symbol | date       | high | low | close
        AAA    | 2026-03-02 |      | 9   | 10
    """)
    desk.fetch("bars", "2026-03-03 13:00", """
        symbol | date       | high | low | close
        AAA    | 2026-03-02 |      | 9   | 10
    """)
    desk.holds(BARS, """
        high | low | close | known_at
        11   |     | 10    | 2026-03-02 21:15
             | 9   | 10    | 2026-03-03 12:00
    """)


def test_a_change_seen_before_the_rules_moment_still_comes_after_the_first_value(desk):
    desk.fetch("observations", "2026-03-03 14:00", """
        series_id | date       | value
        DGS10     | 2026-03-02 | 4.2
    """)
    desk.fetch("observations", "2026-03-03 15:00", """
        series_id | date       | value
        DGS10     | 2026-03-02 | 4.3
    """)
    desk.holds("raw.macro_observation", """
        value | known_at                | fetched_at
        4.2   | 2026-03-04 04:59        | 2026-03-03 14:00
        4.3   | 2026-03-04 04:59:00.000001 | 2026-03-03 15:00
    """)


def test_a_restated_item_is_known_since_the_fetch(desk):
    statement = """
        symbol | statement | period_end | item          | value
        AAA    | income    | 2025-12-31 | Total Revenue | {}
    """
    desk.fetch("statements", "2026-02-20 12:00", statement.format("5e9"))
    desk.fetch("statements", "2026-05-20 12:00", statement.format("4e9"))
    desk.holds("raw.statement_item", """
        value | known_at
        5e9   | 2026-02-15 04:59:59
        4e9   | 2026-05-20 12:00
    """)


# No longer said


def test_a_bar_gone_from_the_middle_of_an_answer_is_withdrawn(desk):
    desk.fetch("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | 30
        AAA    | 2026-03-04 | 11
    """)
    desk.fetch("bars", "2026-03-05 12:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-04 | 11
    """)
    desk.holds(BARS, """
        date       | close | is_withdrawn | known_at
        2026-03-02 | 10    | false        | 2026-03-02 21:15
        2026-03-03 | 30    | false        | 2026-03-03 21:15
        2026-03-03 |       | true         | 2026-03-05 12:00
        2026-03-04 | 11    | false        | 2026-03-04 21:15
    """)


def test_what_lies_outside_the_answer_is_not_withdrawn(desk):
    desk.fetch("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | 11
        AAA    | 2026-03-04 | 12
        BBB    | 2026-03-03 | 50
    """)
    assert desk.fetch("bars", "2026-03-05 12:00", """
        symbol | date       | close
        AAA    | 2026-03-03 | 11
    """).added == 0


def test_an_observation_that_became_missing_is_withdrawn_even_at_the_end(desk):
    desk.fetch("observations", "2026-03-05 12:00", """
        series_id | date       | value
        DGS10     | 2026-03-02 | 4.1
        DGS10     | 2026-03-03 | 4.2
    """)
    desk.fetch("observations", "2026-03-06 12:00", """
        series_id | date       | value
        DGS10     | 2026-03-02 | 4.1
        DGS10     | 2026-03-03 |
    """)
    desk.holds("raw.macro_observation", """
        date       | value | is_withdrawn | known_at
        2026-03-02 | 4.1   | false        | 2026-03-04 04:59
        2026-03-03 | 4.2   | false        | 2026-03-05 04:59
        2026-03-03 |       | true         | 2026-03-06 12:00
    """)


def test_an_observation_that_was_always_missing_is_no_row(desk):
    assert desk.fetch("observations", "2026-03-06 12:00", """
        series_id | date       | value
        DGS10     | 2026-02-16 |
    """).added == 0


def test_an_action_gone_from_the_range_asked_is_withdrawn(desk):
    bars = """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """
    desk.fetch("bars", "2026-03-03 12:00", bars, """
        symbol | date       | kind     | value
        AAA    | 2026-02-10 | dividend | 0.2
    """)
    desk.fetch("bars", "2026-03-04 12:00", bars)
    desk.holds(ACTIONS, """
        date       | kind     | value | is_withdrawn | known_at
        2026-02-10 | dividend | 0.2   | false        | 2026-02-10 21:15
        2026-02-10 | dividend |       | true         | 2026-03-04 12:00
    """)


def test_a_key_that_failed_withdraws_no_action(desk):
    bars = """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """
    desk.fetch("bars", "2026-03-03 12:00", bars, """
        symbol | date       | kind     | value
        AAA    | 2026-02-10 | dividend | 0.2
    """)
    batch = desk.land("bars", "2026-03-04 12:00", asked=["AAA"], failed=["AAA"])
    assert desk.load(batch).added == 0


def test_a_count_the_feed_leaves_out_is_not_withdrawn(desk):
    desk.fetch("shares", "2026-03-06 12:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-03-02 | 1.0e9
        AAA    | 2026-03-03 | 1.1e9
        AAA    | 2026-03-04 | 1.2e9
    """)
    assert desk.fetch("shares", "2026-03-07 12:00", """
        symbol | date       | shares_outstanding
        AAA    | 2026-03-02 | 1.0e9
        AAA    | 2026-03-04 | 1.2e9
    """).added == 0


def test_a_rejected_row_is_no_withdrawal_and_no_value(desk):
    desk.fetch("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | 11
        AAA    | 2026-03-04 | 12
    """)
    assert desk.fetch("bars", "2026-03-05 12:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | 1100
        AAA    | 2026-03-04 | 12
    """, rejected=[("bars", 1)]).added == 0


def test_a_withdrawn_bar_can_come_back(desk):
    whole = """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | 11
        AAA    | 2026-03-04 | 12
    """
    desk.fetch("bars", "2026-03-04 23:00", whole)
    desk.fetch("bars", "2026-03-05 12:00", whole.replace("AAA    | 2026-03-03 | 11\n", ""))
    desk.fetch("bars", "2026-03-05 13:00", whole.replace("AAA    | 2026-03-03 | 11\n", ""))
    desk.fetch("bars", "2026-03-06 12:00", whole)
    desk.con.execute("delete from raw.price_bar where date <> '2026-03-03'")
    desk.holds(BARS, """
        close | is_withdrawn | known_at
        11    | false        | 2026-03-03 21:15
              | true         | 2026-03-05 12:00
        11    | false        | 2026-03-06 12:00
    """)


# The bar of a session still open


def test_the_bar_of_an_open_session_comes_when_it_is_final(desk):
    assert desk.fetch("bars", "2026-03-02 18:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 9.5
    """).added == 0
    desk.fetch("bars", "2026-03-02 21:15", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """)
    desk.holds(BARS, """
        close | known_at         | fetched_at
        10    | 2026-03-02 21:15 | 2026-03-02 21:15
    """)


def test_a_coins_day_in_progress_is_not_loaded(desk):
    desk.fetch("bars", "2026-03-02 21:30", """
        symbol  | date       | close
        BTC-USD | 2026-03-01 | 70000
        BTC-USD | 2026-03-02 | 71000
    """)
    desk.holds(BARS, """
        date       | close
        2026-03-01 | 70000
    """)


# As traded


def test_a_split_after_a_bar_is_undone_and_one_on_its_day_is_not(desk):
    desk.fetch("bars", "2026-03-04 23:00", """
        symbol | date       | open | high | low | close | volume
        AAA    | 2026-03-02 | 10   | 12   | 9   | 11    | 4000
        AAA    | 2026-03-03 | 11   | 12   | 10  | 11.5  | 5000
        BBB    | 2026-03-02 | 70   | 70   | 70  | 70    | 100
    """, """
        symbol | date       | kind  | value
        AAA    | 2026-03-03 | split | 4
    """)
    desk.holds(BARS, """
        symbol | date       | open | high | low | close | volume
        AAA    | 2026-03-02 | 40   | 48   | 36  | 44    | 1000
        AAA    | 2026-03-03 | 11   | 12   | 10  | 11.5  | 5000
        BBB    | 2026-03-02 | 70   | 70   | 70  | 70    | 100
    """)


def test_dividends_are_as_paid_and_splits_as_they_were(desk):
    desk.fetch("bars", "2026-03-11 23:00", "", """
        symbol | date       | kind     | value
        AAA    | 2026-03-02 | dividend | 0.25
        AAA    | 2026-03-03 | split    | 4
        AAA    | 2026-03-03 | dividend | 0.25
        AAA    | 2026-03-05 | split    | 0.1
        AAA    | 2026-03-09 | dividend | 2.5
    """)
    desk.holds(ACTIONS, """
        date       | kind     | value
        2026-03-02 | dividend | 0.1
        2026-03-03 | dividend | 0.025
        2026-03-03 | split    | 4
        2026-03-05 | split    | 0.1
        2026-03-09 | dividend | 2.5
    """)


@pytest.mark.parametrize(("ratio", "after"), [
    (3, "14.733333 | 1851852"),  # a source rounds what it adjusts: prices to six places, volumes to whole shares
    (0.125, "353.6      | 77161"),
])
def test_a_split_in_a_later_fetch_rewrites_nothing(desk, ratio, after):
    desk.fetch("bars", "2026-03-02 23:00", """
        symbol | date       | close | volume
        AAA    | 2026-03-02 | 44.2  | 617284
    """, """
        symbol | date       | kind     | value
        AAA    | 2026-03-02 | dividend | 0.3
    """)
    later = desk.fetch("bars", "2026-03-05 23:00", f"""
        symbol | date       | close | volume
        AAA    | 2026-03-02 | {after}
    """, f"""
        symbol | date       | kind     | value
        AAA    | 2026-03-02 | dividend | {0.3 / ratio}
        AAA    | 2026-03-05 | split    | {ratio}
    """)
    assert later.added == 1, "the split itself"
    desk.holds(BARS, """
        close | volume | fetched_at
        44.2  | 617284 | 2026-03-02 23:00
    """)


def test_a_corrected_volume_is_a_change(desk):
    bar = """
        symbol | date       | close | volume
        AAA    | 2026-03-02 | 10    | {}
    """
    desk.fetch("bars", "2026-03-02 23:00", bar.format(1000))
    assert desk.fetch("bars", "2026-03-03 23:00", bar.format(1002)).added == 1


# Batches


def test_the_same_folder_twice_adds_no_row_anywhere(desk):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
        AAA    | 2026-03-03 | -1
    """, """
        symbol | date       | kind  | value
        AAA    | 2026-03-04 | split | 2
    """)
    desk.load(batch, rejected=[("bars", 1)])
    once = desk.count()
    assert desk.load(batch, rejected=[("bars", 1)]).added == 0
    assert desk.count() == once
    assert once["raw.rejected_row"] == once["audit.batch"] == once["raw.price_bar"] == 1


def test_a_stopped_batch_is_recorded_and_not_loaded(desk):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """, asked=["AAA", "BBB"], failed=["BBB"])
    assert desk.load(batch, stopped=["bars: not so that most closes are positive"]).added == 0
    assert desk.count()[BARS] == 0
    assert desk.con.execute("select status, rows_landed, rows_loaded from audit.batch").fetchall() == [("stopped", 3, 0)]
    assert desk.con.execute("select key, status, reason from raw.fetch_outcome order by key").fetchall() == [
        ("AAA", "stopped", "bars: not so that most closes are positive"), ("BBB", "failed", "no answer")]


def test_a_crash_within_the_load_leaves_nothing(desk, monkeypatch):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """)
    before = desk.count()
    with monkeypatch.context() as patch:
        patch.setattr("warehouse.load._remember", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.load(batch)
    assert desk.count() == before
    assert desk.load(batch).added == 1


def test_an_error_of_the_database_leaves_nothing(desk):
    batch = desk.land("bars", "2026-03-04 23:00", """
        symbol | date       | close
        AAA    | 2026-03-02 | 10
    """, """
        symbol | date       | kind  | value
        AAA    | 2026-03-04 | split | 2
    """)
    before = desk.count()
    desk.con.execute("alter table audit.batch rename to away")
    with pytest.raises(duckdb.CatalogException):
        desk.load(batch)
    desk.con.execute("alter table audit.away rename to batch")
    assert desk.count() == before
