"""The load: what is new or changed is appended with the moment it was known; nothing is ever touched."""

from __future__ import annotations

BARS, ACTIONS = "raw.price_bar", "raw.corporate_action"


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
        5e9   | 2026-04-01 03:59:59
        4e9   | 2026-05-20 12:00
    """)


ITEM = """
    symbol | statement | period_end | item          | value | currency
    AAA    | income    | 2026-03-31 | Total Revenue | {}    | {}
"""


def items(desk, text: str) -> None:
    desk.holds("raw.statement_item", text)


def test_a_currency_said_later_was_as_true_of_the_value_before(desk):
    """A home that held the value without its currency learns it, and the value is known no later for it."""
    desk.fetch("statements", "2026-05-20 12:00", ITEM.format("5e9", ""))
    assert desk.fetch("statements", "2026-05-27 12:00", ITEM.format("5e9", "TWD")).added == 1
    assert desk.fetch("statements", "2026-06-03 12:00", ITEM.format("5e9", "TWD")).added == 0
    assert desk.fetch("statements", "2026-06-10 12:00", ITEM.format("5e9", "")).added == 0, "silence is no news"
    items(desk, """
        value | currency | known_at            | fetched_at       | pit_quality
        5e9   |          | 2026-05-16 03:59:59 | 2026-05-20 12:00 | rule
        5e9   | TWD      | 2026-05-16 03:59:59 | 2026-05-27 12:00 | rule
    """)


def test_another_currency_for_the_same_number_is_a_correction(desk):
    desk.fetch("statements", "2026-05-20 12:00", ITEM.format("5e9", "USD"))
    desk.fetch("statements", "2026-05-27 12:00", ITEM.format("5e9", "TWD"))
    items(desk, """
        value | currency | known_at            | pit_quality
        5e9   | USD      | 2026-05-16 03:59:59 | rule
        5e9   | TWD      | 2026-05-27 12:00    | snapshot
    """)


def test_a_corrected_value_keeps_the_currency_it_had(desk):
    desk.fetch("statements", "2026-05-20 12:00", ITEM.format("5e9", "TWD"))
    desk.fetch("statements", "2026-05-27 12:00", ITEM.format("4e9", ""))
    items(desk, """
        value | currency | known_at
        5e9   | TWD      | 2026-05-16 03:59:59
        4e9   | TWD      | 2026-05-27 12:00
    """)


def test_a_batch_landed_before_currencies_were_kept_is_loaded_without(desk):
    batch = desk.land("statements", "2026-05-20 12:00", ITEM.format("5e9", "USD"))
    file = batch.frame("statements")
    desk.con.execute(f"copy (select * exclude (currency) from '{file}') to '{file}.new' (format parquet)")
    file.with_name(file.name + ".new").replace(file)
    desk.load(batch)
    items(desk, "value | currency\n5e9 |")


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
    batch = desk.land("bars", "2026-03-04 12:00", requested=["AAA"], failed=["AAA"])
    assert desk.load(batch).added == 0


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
