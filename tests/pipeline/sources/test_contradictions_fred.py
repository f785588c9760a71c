"""An answer of FRED, or a list of weights, that is not what was requested: its dates, range, series, index and numbers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from flows.sources import fred, weights
from flows.sources.errors import SourceAnswerInvalid
from warehouse.catalog.weighting import PublishedWeights

ROW = '<observation realtime_start="2026-01-31" realtime_end="2026-01-31" date="{}" value="{}"{}/>'


@pytest.fixture
def fetch(scripted, endpoint, ask):
    """What comes of series D for January 2026 when FRED gives these rows (date, value)."""
    def fetch(*rows: tuple[str, str], more: str = "", head: str = ""):
        body = f'<observations count="{len(rows)}">' + "".join(ROW.format(*row, more) for row in rows) + "</observations>"
        server = scripted(lambda path, query: (200, f"{head}{body}"))
        return fred.observations([ask("D")], endpoint(server.base_url, tries=2))
    return fetch


def outcome(fetched) -> tuple[str, str]:
    return fetched.outcomes["status"].item(), fetched.outcomes["reason"].item()


def values(fetched) -> list[tuple[str, float]]:
    return [(f"{row.date:%Y-%m-%d}", row.value) for row in fetched.frames["observations"].itertuples()]


@pytest.mark.parametrize("day", ["2026", "2026-01", "today", "now", "NaT", "", "20260105", "2026-1-5", "2026-01-05T00:00",
                                 "2026-01-32", " 2026-01-05"])
def test_a_date_that_is_none_costs_the_key_and_is_not_read_as_another_day(fetch, day):
    fetched = fetch(("2026-01-02", "4.1"), (day, "4.2"))
    assert outcome(fetched)[0] == "failed"
    assert "failed (an invalid date" in outcome(fetched)[1]
    assert values(fetched) == []


@pytest.mark.parametrize("day", ["2026", "2026-01", "today", "01/05/2026"])
def test_a_download_with_a_date_that_is_none_fails(scripted, endpoint, ask, day):
    server = scripted(lambda path, query: (200, f"observation_date,D\n2026-01-02,4.1\n{day},4.2\n"))
    fetched = fred.observations([ask("D")], endpoint(server.base_url, tries=2), keyless=True)
    assert outcome(fetched)[0] == "failed"
    assert values(fetched) == []


@pytest.mark.parametrize("keyless", [False, True])
def test_rows_outside_the_requested_range_are_cut(scripted, endpoint, ask, keyless):
    days = ["2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01"]
    body = "observation_date,D\n" + "".join(f"{day},4\n" for day in days) if keyless else \
        '<observations count="4">' + "".join(ROW.format(day, 4, "") for day in days) + "</observations>"
    server = scripted(lambda path, query: (200, body))
    fetched = fred.observations([ask("D")], endpoint(server.base_url), keyless=keyless)
    assert values(fetched) == [("2026-01-01", 4.0), ("2026-01-31", 4.0)]


def test_a_value_said_twice_is_one_and_two_values_for_a_date_are_both_for_validation(fetch):
    assert values(fetch(("2026-01-05", "4"), ("2026-01-05", "4"))) == [("2026-01-05", 4.0)]
    assert values(fetch(("2026-01-05", "4"), ("2026-01-05", "12"))) == [("2026-01-05", 4.0), ("2026-01-05", 12.0)]


@pytest.mark.parametrize("value", ["nan", "NaN", "four", ""])
def test_a_value_that_is_no_number_is_not_a_missing_one(fetch, value):
    assert "a value that is not a number" in outcome(fetch(("2026-01-05", value)))[1]


def test_an_infinite_value_is_for_validation(fetch):
    assert values(fetch(("2026-01-05", "Infinity"))) == [("2026-01-05", np.inf)]


def test_another_series_is_held(fetch):
    fetched = fetch(("2026-01-05", "4"), more=' series_id="DGS2"')
    assert outcome(fetched) == ("held", "FRED returned the observations of DGS2 for a request of observations 2026-01-01 "
                                        "to 2026-01-31; none of it is loaded, and the next run requests it again")
    assert values(fetched) == []


@pytest.mark.parametrize("encoding", ["klingon", "utf-7", "utf-32", "shift_jis_2004"])
def test_an_encoding_that_cannot_be_read_is_no_answer(fetch, encoding):
    try:
        reported = outcome(fetch(("2026-01-05", "4"), head=f'<?xml version="1.0" encoding="{encoding}"?>'))[1]
    except SourceAnswerInvalid as error:
        reported = str(error)
    assert f"XML in the encoding {encoding}, which is above the limit" in reported


def test_pages_that_are_not_full_do_not_go_on_for_ever(scripted, endpoint, ask):
    page = f'<observations count="999999" limit="100000">{ROW.format("2026-01-05", 4, "")}</observations>'
    server = scripted(lambda path, query: (200, page))
    fetched = fred.observations([ask("D")], endpoint(server.base_url, tries=2))
    assert "only 1 of 999999 rows" in outcome(fetched)[1]
    assert server.requested("observations") == 2


# Lists of weights

LIST = "index,date,published_on,symbol,weight\n"


@pytest.fixture
def lists(scripted, endpoint, ask, tmp_path):
    def fetch(*rows: str):
        place = PublishedWeights(scripted(lambda path, query: (200, LIST + "\n".join(rows))).base_url)
        return weights.lists([ask("NDX")], endpoint(None, tries=2), {"NDX": place}, tmp_path)
    return fetch


def test_the_weights_of_another_index_are_held(lists):
    fetched = lists("SPX,2026-01-05,2026-01-06,AAA,1")
    assert outcome(fetched)[0] == "held"
    words = "the list's publisher returned the weights of SPX for a request of published weights"
    assert outcome(fetched)[1].startswith(words)


@pytest.mark.parametrize("day", ["2026", "2026-01", "today"])
def test_a_list_with_a_date_that_is_none_fails(lists, day):
    assert "an invalid date" in outcome(lists(f"NDX,{day},2026-01-06,AAA,1"))[1]
    assert "an invalid date" in outcome(lists(f"NDX,2026-01-05,{day},AAA,1"))[1]


def test_a_weight_said_twice_is_one_and_two_weights_are_both_for_validation(lists):
    twice = lists(*["NDX,2026-01-05,2026-01-06,AAA,0.6"] * 2, "NDX,2026-01-05,2026-01-06,BBB,0.4")
    assert twice.frames["weights"]["weight"].tolist() == [0.6, 0.4]
    other = lists("NDX,2026-01-05,2026-01-06,AAA,0.6", "NDX,2026-01-05,2026-01-06,AAA,0.7")
    assert other.frames["weights"]["weight"].tolist() == [0.6, 0.7]
    assert other.frames["weights"]["date"].dt.date.tolist() == [date(2026, 1, 5)] * 2
