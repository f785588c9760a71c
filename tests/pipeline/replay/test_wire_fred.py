"""FRED's wire: the recorded answers reproduced row by row, and its refusals."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pytest
import yaml

from flows.replay.server import running

ALL_TIME = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}


def recorded(wire: Path, name: str) -> dict[str, Any]:
    """The JSON body of the first recorded answer of a file."""
    cassette = yaml.load((wire / "fred" / f"{name}.yaml").read_text(), Loader=yaml.CSafeLoader)
    return json.loads(cassette["interactions"][0]["response"]["body"]["string"])


def rows(observations: list[dict[str, str]]) -> list[tuple[str, str, str, float | None]]:
    """Observations with values as numbers: FRED prints 7866.0 as often as 7866, and an archive holds neither."""
    return [(o["date"], o["realtime_start"], o["realtime_end"], None if o["value"] == "." else float(o["value"]))
            for o in observations]


@pytest.fixture(scope="module")
def gdp(wire, tmp_path_factory) -> Path:
    """An archive of every GDP value FRED knew on New Year's Day 2019, from its recorded answer."""
    known = [(day, value, began, None if ended == "2019-01-01" else ended) for day, began, ended, value
             in rows(recorded(wire, "series_observations_as_of_date")["observations"])]
    folder = tmp_path_factory.mktemp("gdp")
    with duckdb.connect() as con:
        con.execute("create table o (date date, value double, realtime_start date, realtime_end date)")
        con.execute("insert into o select unnest($d), unnest($v), unnest($s), unnest($e)", dict(
            zip("dvse", (list(column) for column in zip(*known, strict=True)), strict=True)))
        con.execute(f"copy (select 'GDP' as series_id, * from o) to '{folder}/observations.parquet'")
        con.execute(f"""copy (select 'SPY' as symbol, date '2018-12-31' as date, 1.0 as open, 1.0 as high, 1.0 as low,
            1.0 as close, 1 as volume) to '{folder}/bars.parquet'""")
        con.execute(f"""copy (select 'GDP' as series_id, 'Quarterly' as frequency, 'Billions of Dollars' as units)
            to '{folder}/series.parquet'""")
    return folder


def test_all_of_gdps_vintages_come_back_row_by_row(gdp, fred, wire):
    """2,902 real rows, with every period clipped to the day asked; the default clock is that very day."""
    want = recorded(wire, "series_observations_as_of_date")
    with running(gdp) as base:
        ours = fred(base, "series/observations", series_id="GDP", realtime_start="1776-07-04",
                    realtime_end="2019-01-01").json()
    assert rows(ours.pop("observations")) == rows(want.pop("observations"))
    assert ours == want


def test_gdps_first_releases_are_those_fred_names(gdp, fred, wire):
    want = [row for row in rows(recorded(wire, "series_observations_initial_release")["observations"])
            if row[2] < "2019-01-01"]
    with running(gdp) as base:
        ours = fred(base, "series/observations", series_id="GDP", output_type=4, realtime_start="1776-07-04").json()
    assert [row for row in rows(ours["observations"]) if row[2] < "2019-01-01"] == want
    assert len(want) > 100


def test_gdps_vintage_dates_are_those_fred_names(gdp, fred, wire):
    want = recorded(wire, "series_vintagedates")
    with running(gdp) as base:
        ours = fred(base, "series/vintagedates", series_id="GDP").json()
    assert ours.keys() == want.keys()
    assert ours["vintage_dates"] == [day for day in want["vintage_dates"] if day <= "2019-01-01"]


@pytest.mark.parametrize(("name", "endpoint"), [
    ("series_info", "series"), ("series_observations", "series/observations"),
    ("series_vintagedates", "series/vintagedates")])
def test_an_answer_has_exactly_the_recorded_keys_and_types(base, fred, wire, name, endpoint):
    want = recorded(wire, name)
    ours = fred(base, endpoint, series_id="REVISED").json()
    assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in want.items()}
    table = next(key for key, value in want.items() if isinstance(value, list))
    if isinstance(want[table][0], dict):
        assert {k: type(v) for k, v in ours[table][0].items()} == {k: type(v) for k, v in want[table][0].items()}


def test_xml_and_json_say_the_same(base, fred):
    requested = {"series_id": "REVISED", **ALL_TIME}
    as_json = fred(base, "series/observations", **requested).json()
    root = ElementTree.fromstring(fred(base, "series/observations", **requested, file_type="xml").body)
    dates = ElementTree.fromstring(fred(base, "series/vintagedates", series_id="REVISED", file_type="xml").body)
    assert [dict(child.attrib) for child in root] == as_json.pop("observations")
    assert root.attrib == {key: str(value) for key, value in {**as_json, "file_type": "xml"}.items()}
    assert [(child.tag, child.text) for child in dates] == [
        ("vintage_date", "2026-02-15"), ("vintage_date", "2026-03-05")]


def test_without_a_real_time_period_today_is_asked(base, fred):
    ours = fred(base, "series/observations", series_id="REVISED").json()
    assert (ours["realtime_start"], ours["realtime_end"], ours["count"]) == ("2026-03-10", "2026-03-10", 2)
    assert ours["observations"][0] == {
        "realtime_start": "2026-03-10", "realtime_end": "2026-03-10", "date": "2026-01-01", "value": "101.5"}


def test_a_period_is_clipped_to_what_was_asked(base, fred):
    ours = fred(base, "series/observations", series_id="REVISED", realtime_start="2026-03-01",
                realtime_end="2026-03-08", observation_end="2026-01-31").json()
    assert [(o["realtime_start"], o["realtime_end"], o["value"]) for o in ours["observations"]] == [
        ("2026-03-01", "2026-03-04", "100"), ("2026-03-05", "2026-03-08", "101.5")]


def test_an_end_of_validity_is_not_known_before_it_comes(handmade, fred, new_york):
    with running(handmade, new_york("2026-03-04 23:59:59")) as base:
        ours = fred(base, "series/observations", series_id="REVISED", **ALL_TIME).json()
    assert [(o["realtime_end"], o["value"]) for o in ours["observations"]] == [("9999-12-31", "100")]


def test_values_of_named_vintages_leave_out_what_came_between(base, fred):
    early = fred(base, "series/observations", series_id="REVISED", vintage_dates="2026-02-15,2026-03-04").json()
    both = fred(base, "series/observations", series_id="REVISED", vintage_dates="2026-03-05,2026-02-15").json()
    assert [o["value"] for o in early["observations"]] == ["100"]
    assert [o["value"] for o in both["observations"]] == ["100", "101.5", "102"]


def test_pages_are_cut_from_the_sorted_whole(base, fred):
    ours = fred(base, "series/observations", series_id="DAILY", sort_order="desc", limit=1, offset=1).json()
    assert (ours["count"], ours["limit"], ours["offset"]) == (3, 1, 1)
    assert [(o["date"], o["value"]) for o in ours["observations"]] == [("2026-03-03", ".")]


def test_the_csv_download_leaves_a_missing_value_empty(base, get):
    whole = get(base, "/graph/fredgraph.csv", id="DAILY")
    part = get(base, "/graph/fredgraph.csv", id="DAILY", cosd="2026-03-03", coed="2026-03-03")
    unknown = get(base, "/graph/fredgraph.csv", id="NOPE")
    assert whole.text == "observation_date,DAILY\n2026-03-02,18.5\n2026-03-03,\n2026-03-04,19\n"
    assert part.text == "observation_date,DAILY\n2026-03-03,\n"
    assert unknown.status == 404


REFUSALS = {
    "no key": ({"api_key": ""}, "Variable api_key has not been set."),
    "a key in capitals": ({"api_key": "A" * 32}, "The value for variable api_key is not a 32 character"),
    "a short key": ({"api_key": "abc"}, "The value for variable api_key is not a 32 character"),
    "no series": ({"series_id": ""}, "Variable series_id has not been set."),
    "an unknown series": ({"series_id": "NOPE"}, "The series does not exist."),
    "a date that is none": ({"observation_start": "2026-02-30"}, "observation_start"),
    "a date in words": ({"realtime_start": "today"}, "realtime_start"),
    "a period that ends before it begins": ({"realtime_start": "2026-03-02", "realtime_end": "2026-03-01"},
                                            "can not be after the date set by variable realtime_end"),
    "a day to come": ({"realtime_end": "2027-01-01"}, "realtime_end can not be after today's date (2026-03-10)."),
    "other units": ({"units": "pch"}, "Value of units is not one of: lin."),
    "units that are none": ({"units": "furlongs"}, "Value of units is not one of: cap, cca,"),
    "another frequency": ({"frequency": "a"}, "frequency"),
    "too large a page": ({"limit": 100_001}, "Variable limit is not between 1 and 100000."),
    "an order that is none": ({"sort_order": "up"}, "Value of sort_order is not one of: asc, desc."),
    "a vintage matrix": ({"output_type": 2}, "Value of output_type is not one of"),
    "2,001 vintages": ({"vintage_dates": ",".join(str(date(2000, 1, 1) + timedelta(days=n)) for n in range(2001))},
                       "maximum number of vintage dates allowed for this file type (2000)."),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_sentence_in_both_formats(base, fred, case):
    query, sentence = REFUSALS[case]
    requested = {"series_id": "REVISED", **query}
    as_json = fred(base, "series/observations", **requested)
    as_xml = fred(base, "series/observations", **requested, file_type="xml")
    root = ElementTree.fromstring(as_xml.body)
    assert (as_json.status, as_xml.status) == (400, 400)
    assert (root.tag, root.get("code"), as_json.json()["error_code"]) == ("error", "400", 400)
    assert root.get("message") == as_json.json()["error_message"]
    assert root.get("message").startswith("Bad Request.  ")
    assert sentence in root.get("message")


def test_a_request_without_a_key_is_answered_as_recorded(base, get):
    answer = get(base, "/fred/series", series_id="DAILY")
    assert '<error code="400" message="Bad Request.  Variable api_key has not been set."/>' in answer.text


def test_a_daily_series_has_too_many_vintages_for_one_answer(real_archive, fred):
    """9,107 releases of DGS10 need chunks; a chunk of at most 2,000 is served, and no row is lost at the seams."""
    with running(real_archive) as base:
        whole = fred(base, "series/observations", series_id="DGS10", **ALL_TIME)
        dates = fred(base, "series/vintagedates", series_id="DGS10").json()["vintage_dates"]
        seen: Counter[str] = Counter()
        for first in range(0, len(dates), 2000):
            chunk = dates[first:first + 2000]
            part = fred(base, "series/observations", series_id="DGS10", realtime_start=chunk[0],
                        realtime_end=chunk[-1]).json()["observations"]
            seen.update({o["date"] for o in part})
    assert whole.status == 400
    assert f"There are {len(dates)} vintage dates in the specified real-time period" in whole.json()["error_message"]
    assert len(seen) == len(dates)
