"""Cboe's CSV history through the real client: what it gives, what it refuses, and what validation makes of the rest."""

from __future__ import annotations

import math

import pytest

from flows.sources import cboe
from flows.sources.errors import SourceAnswerInvalid, SourceRefused, SourceUnreachable

BARS = """
    symbol | date       | open  | high  | low   | close
    ^VIX   | 2025-12-31 | 17.00 | 18.00 | 16.00 | 17.50
    ^VIX   | 2026-01-02 | 18.00 | 19.00 | 17.00 | 18.25
    ^VIX   | 2026-01-05 |       | 20.00 |       | 19.125
    AAA    | 2026-01-05 | 9     | 9     | 9     | 9
"""
HISTORY = "DATE,OPEN,HIGH,LOW,CLOSE\n01/02/2026,18.000000,19.000000,17.000000,18.250000\n"


def rows(fetched) -> list[tuple]:
    return [(str(row.date.date()), *(None if math.isnan(value) else value for value in
             (row.open, row.high, row.low, row.close, row.volume))) for row in fetched.frames["bars"].itertuples()]


def test_a_replay_gives_the_archives_bars_of_the_range_asked(replay, endpoint, ask):
    fetched = cboe.prices([ask("^VIX")], endpoint(replay(bars=BARS)))
    assert rows(fetched) == [("2026-01-02", 18.0, 19.0, 17.0, 18.25, None), ("2026-01-05", None, 20.0, None, 19.125, None)]
    assert fetched.frames["actions"].empty
    outcome, = fetched.outcomes.itertuples()
    assert (outcome.key, outcome.status, outcome.rows) == ("^VIX", "received", 2)


def test_a_range_without_a_bar_is_empty(replay, endpoint, ask):
    outcome, = cboe.prices([ask("^VIX", "2026-01-03", "2026-01-04")], endpoint(replay(bars=BARS))).outcomes.itertuples()
    assert (outcome.status, outcome.reason) == (
        "empty", "^VIX: Cboe returned no rows for daily bars 2026-01-03 to 2026-01-04")


@pytest.mark.parametrize("symbol", ["^NDX", "AAA", "^VIX/../../x", "^vix"])
def test_what_cboe_has_no_file_of_is_unknown(replay, endpoint, ask, symbol):
    outcome, = cboe.prices([ask(symbol)], endpoint(replay(bars=BARS))).outcomes.itertuples()
    assert outcome.status == "failed"
    assert "does not know this key" in outcome.reason


def test_the_public_file_is_the_one_asked_for(scripted, endpoint, ask):
    server = scripted(lambda path, query: (200, HISTORY))
    assert rows(cboe.prices([ask("^VIX")], endpoint(server.base_url))) == [("2026-01-02", 18.0, 19.0, 17.0, 18.25, None)]
    assert server.seen == ["/api/global/us_indices/daily_prices/VIX_History.csv"]


def test_a_bom_blank_lines_and_a_line_said_twice_change_nothing(scripted, endpoint, ask):
    head, line = HISTORY.splitlines()
    text = "\ufeff" + "\r\n".join([head.lower(), "", line, line, ""])
    assert len(rows(cboe.prices([ask("^VIX")], endpoint(scripted(lambda path, query: (200, text)).base_url)))) == 1


def test_two_bars_for_a_date_are_both_for_validation_to_see(scripted, endpoint, ask):
    text = HISTORY + HISTORY.splitlines()[1].replace("18.25", "99.25")
    found = rows(cboe.prices([ask("^VIX")], endpoint(scripted(lambda path, query: (200, text)).base_url)))
    assert [bar[4] for bar in found] == [18.25, 99.25]


@pytest.mark.parametrize(("text", "words"), [
    ("", "does not begin with DATE,OPEN,HIGH,LOW,CLOSE"),
    ("<html><body>Access denied</body></html>", "does not begin with DATE,OPEN,HIGH,LOW,CLOSE"),
    ("DATE,VVIX\n01/02/2026,90.1\n", "does not begin with DATE,OPEN,HIGH,LOW,CLOSE"),
    ("DATE,CLOSE,HIGH,LOW,OPEN\n01/02/2026,1,1,1,1\n", "does not begin with DATE,OPEN,HIGH,LOW,CLOSE"),
    (HISTORY.replace("01/02/2026", "2026-01-02"), "an invalid date"),
    (HISTORY.replace("01/02/2026", "1/2/2026"), "an invalid date"),
    (HISTORY.replace("01/02/2026", "13/02/2026"), "an invalid date"),
    (HISTORY.replace("01/02/2026", "02/30/2026"), "an invalid date"),
    (HISTORY.replace("01/02/2026", "٠١/02/2026"), "an invalid date"),
    (HISTORY.replace("18.250000", "nan"), "a price that is not a number"),
    (HISTORY.replace("18.250000", "1e5"), "a price that is not a number"),
    (HISTORY.replace("18.250000", "-18.25"), "a price that is not a number"),
    (HISTORY.replace("18.250000", "18_2"), "a price that is not a number"),
    (HISTORY.replace("18.250000", "٣"), "a price that is not a number"),
    (HISTORY.replace("18.250000", "9" * 400), "a price that is not a number"),
    (HISTORY.replace("18.250000", "18,25"), "a line that has not 5 values"),
    (HISTORY[:-20], "a line that has not 5 values"),
    (HISTORY + "x" * 5000, "more or longer lines than any list has"),
    (b"DATE,OPEN,HIGH,LOW,CLOSE\n\xff\xfe", "not UTF-8 text"),
])
def test_what_is_no_history_fails_in_words(scripted, endpoint, ask, text, words):
    server = scripted(lambda path, query: (200, text))
    try:
        said = cboe.prices([ask("^VIX")], endpoint(server.base_url, tries=2)).outcomes.reason[0]
    except SourceAnswerInvalid as error:
        said = str(error)
    assert words in said


@pytest.mark.parametrize(("reply", "error"), [((403, "no"), SourceRefused), ("reset", SourceUnreachable)])
def test_a_host_that_gives_nothing_at_all_is_a_typed_error(scripted, endpoint, ask, reply, error):
    with pytest.raises(error):
        cboe.prices([ask("^VIX")], endpoint(scripted(lambda path, query: reply).base_url, tries=2))


def test_a_passing_failure_is_asked_again(scripted, endpoint, ask):
    answers = iter([(503, "busy"), (200, HISTORY)])
    assert len(rows(cboe.prices([ask("^VIX")], endpoint(scripted(lambda path, query: next(answers)).base_url)))) == 1
