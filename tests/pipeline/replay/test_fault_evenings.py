"""Evenings with many faults at once, each on a key of its own, and the good evening after them; and docs/faults.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_cases import AS_SAID, GAPS, UNHEALED, cases
from fault_matrix import PAGE, RECORD
from fault_page import page
from fault_play import SPLIT, Stage, cheaply

OF_THE_WIRE = {
    "rate-limited:key=XLK": "HTTP 429, 2 tries",
    "bad-gateway:key=XLP": "HTTP 502, 2 tries",
    "truncated:key=XLU": "an answer that is not Yahoo's JSON",
    "other-symbol:key=XLV": "Yahoo returned the data of OTHER",
    "milliseconds:key=BBB": "Yahoo returned a timestamp outside the years 1900 to 2100",
    "other-zone:key=CCC": "Yahoo returned bars in the time zone Asia/Tokyo",
    "no-closes:key=^VIX": "an answer that is not Yahoo's JSON",
    "odd-date:key=DGS10": "an invalid date",
    "html-page:on=weights": "a file without the columns",
}
OF_THE_ROWS = {
    "bar-x100:symbol=BBB": "BBB: held: 83.33 times the last accepted close",
    "negative-bar:symbol=XLK": "XLK: fails the check that the close is positive",
    "null-bar:symbol=XLP": "XLP: fails the check that every bar has a close",
    "value-spike:series=DGS10": "DGS10: held: value 12",
    "count-negative:symbol=CCC": "CCC: fails the check that a company has between 100,000",
    "split-undivided:symbol=AAA": "",
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with cheaply():
        yield Stage(tmp_path_factory.mktemp("stage"))


@pytest.mark.parametrize("faults", [OF_THE_WIRE, OF_THE_ROWS], ids=["on the wire", "in the rows"])
def test_each_is_told_nothing_wrong_is_published_and_one_good_run_heals(faults: dict[str, str], stage: Stage) -> None:
    """Published figures are those of a folder that was never disturbed, or missing."""
    outcome = stage.play(list(faults), SPLIT)
    assert outcome.exit == 1
    assert [fault for fault, words in faults.items() if not any(words in reason for reason in outcome.held)
            and words not in outcome.sentence] == []
    assert (outcome.wrong, outcome.broken) == ([], [])
    assert outcome.heals.startswith("the next evening")


RECORDED = json.loads(RECORD.read_text())


def test_the_page_of_faults_is_that_of_the_record() -> None:
    assert Path(PAGE).read_text() == page(RECORDED), "write it again: python tests/support/fault_matrix.py --write"


def test_every_fault_of_the_library_was_played() -> None:
    assert list(RECORDED) == cases(), "play what is new: python tests/support/fault_matrix.py"


def test_no_fault_ended_in_a_traceback_and_one_good_run_heals_all_that_it_can() -> None:
    assert [fault for fault, outcome in RECORDED.items() if outcome["exit"] not in (0, 1, 2)] == []
    unhealed = {fault.partition(":")[0] for fault, outcome in RECORDED.items()
                if not outcome["heals"].startswith("the next evening")}
    assert unhealed <= {*UNHEALED}


def test_what_was_published_is_right_or_missing_but_for_what_the_page_says() -> None:
    assert {fault.partition(":")[0] for fault, outcome in RECORDED.items() if outcome["wrong"]} <= {*AS_SAID, *GAPS}
