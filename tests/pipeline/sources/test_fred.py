"""Macro observations from FRED: latest values, every vintage, and the CSV anybody may download."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from flows.sources import fred
from flows.sources.errors import SourceRefused

KEY = "abcdefabcdefabcdefabcdefabcdef12"
SERIES = "series_id | frequency | units\nM | Monthly | Index\nD | Daily | Percent"
REVISED = """
    series_id | date       | value | realtime_start | realtime_end
    M         | 2025-11-01 | 10.0  | 2025-12-15     | 2026-01-14
    M         | 2025-11-01 | 10.5  | 2026-01-15     | 9999-12-31
    M         | 2025-12-01 | 11.0  | 2026-01-15     | 9999-12-31
    D         | 2026-01-02 | 4.1   | 2026-01-05     | 9999-12-31
    D         | 2026-01-05 |       | 2026-01-06     | 9999-12-31
    D         | 2026-01-06 | 4.3   | 2026-01-07     | 9999-12-31
"""


def rows(fetched) -> list[tuple]:
    def text(day):
        return None if pd.isna(day) else f"{day:%Y-%m-%d}"

    frame = fetched.frames["observations"]
    return [(row.series_id, text(row.date), None if np.isnan(row.value) else row.value,
             text(row.realtime_start), text(row.realtime_end)) for row in frame.itertuples()]


@pytest.fixture
def base(replay) -> str:
    return replay(series=SERIES, observations=REVISED)


def test_an_unrevised_series_gives_its_latest_values_without_vintages(base, endpoint, ask):
    fetched = fred.observations([ask("M", "2025-01-01"), ask("D")], endpoint(base, api_key=KEY))
    assert rows(fetched) == [
        ("D", "2026-01-02", 4.1, None, None),
        ("D", "2026-01-05", None, None, None),
        ("D", "2026-01-06", 4.3, None, None),
        ("M", "2025-11-01", 10.5, None, None),
        ("M", "2025-12-01", 11.0, None, None)]
    assert fetched.outcomes["rows"].tolist() == [3, 2]


def test_a_revised_series_gives_every_value_with_the_period_it_stood(base, endpoint, ask):
    fetched = fred.observations([ask("M", "2025-01-01", vintages=True)], endpoint(base, api_key=KEY))
    assert rows(fetched) == [
        ("M", "2025-11-01", 10.0, "2025-12-15", "2026-01-14"),
        ("M", "2025-11-01", 10.5, "2026-01-15", "9999-12-31"),
        ("M", "2025-12-01", 11.0, "2026-01-15", "9999-12-31")]


def test_what_fred_leaves_empty_is_missing_in_a_vintage_too(base, endpoint, ask):
    fetched = fred.observations([ask("D", vintages=True)], endpoint(base, api_key=KEY))
    assert rows(fetched)[1] == ("D", "2026-01-05", None, "2026-01-06", "9999-12-31")


def test_both_ends_of_the_range_belong_to_it(base, endpoint, ask):
    for vintages in (False, True):
        fetched = fred.observations([ask("D", "2026-01-05", "2026-01-06", vintages=vintages)],
                                    endpoint(base, api_key=KEY))
        assert [row[1] for row in rows(fetched)] == ["2026-01-05", "2026-01-06"]


def test_a_replay_without_a_key_is_given_a_placeholder(base, endpoint, ask):
    assert len(rows(fred.observations([ask("D")], endpoint(base)))) == 3


@pytest.mark.parametrize("size", [1, 2, 3])
def test_chunks_of_vintages_join_without_a_seam(base, endpoint, ask, monkeypatch, size):
    fetch_keys = [ask("M", "2025-01-01", vintages=True), ask("D", vintages=True)]
    whole = fred.observations(fetch_keys, endpoint(base, api_key=KEY))
    monkeypatch.setattr(fred, "VINTAGES_A_REQUEST", size)
    assert rows(fred.observations(fetch_keys, endpoint(base, api_key=KEY))) == rows(whole)


def test_more_vintages_than_one_request_may_name(replay, endpoint, ask):
    """2,500 days, each published the next day; the first is revised every day of the last year."""
    days = pd.date_range("2019-01-01", periods=2500).date
    reported = [day + pd.Timedelta(days=1) for day in days]
    table = pd.DataFrame({"series_id": "D", "date": days, "value": np.arange(2500.0), "realtime_start": reported,
                          "realtime_end": date(9999, 12, 31)})
    revised = pd.DataFrame({"series_id": "D", "date": days[0], "value": np.arange(365) % 2, "realtime_start":
                            reported[-365:], "realtime_end": [*(d - pd.Timedelta(days=1) for d in reported[-364:]),
                                                          date(9999, 12, 31)]})
    table.loc[0, "realtime_end"] = reported[-365] - pd.Timedelta(days=1)
    base = replay(series=SERIES, observations=pd.concat([table, revised]))
    fetched = fred.observations([ask("D", "2019-01-01", "2026-06-01", vintages=True)],
                                endpoint(base, api_key=KEY))
    got = fetched.frames["observations"]
    assert len(got) == 2500 + 365
    assert got["realtime_start"].dt.date.tolist() == [reported[0], *reported[-365:], *reported[1:]]
    assert (got.groupby("date")["realtime_end"].last() == "9999-12-31").all()


def test_a_value_that_was_gone_before_a_seam_stays_two_rows(replay, endpoint, ask, monkeypatch):
    base = replay(series=SERIES, observations="""
        series_id | date       | value | realtime_start | realtime_end
        M         | 2026-01-01 | 1     | 2026-01-10     | 2026-01-12
        M         | 2026-01-01 | 1     | 2026-01-20     | 9999-12-31
    """)
    monkeypatch.setattr(fred, "VINTAGES_A_REQUEST", 2)
    fetched = fred.observations([ask("M", vintages=True)], endpoint(base, api_key=KEY))
    assert [row[3:] for row in rows(fetched)] == [("2026-01-10", "2026-01-12"), ("2026-01-20", "9999-12-31")]


def test_two_periods_that_touch_are_joined_at_a_seam_only(base, endpoint, ask, scripted):
    """FRED itself may say one value in two rows: only what our own chunk cut is put together again."""
    answer = """<observations count="2">
        <observation date="2026-01-01" value="1" realtime_start="2026-01-10" realtime_end="2026-01-19"/>
        <observation date="2026-01-01" value="1" realtime_start="2026-01-20" realtime_end="9999-12-31"/>
    </observations>"""
    dates = """<vintage_dates count="2"><vintage_date>2026-01-10</vintage_date>
        <vintage_date>2026-01-20</vintage_date></vintage_dates>"""
    server = scripted(lambda path, query: (200, dates if "vintagedates" in path else answer))
    fetched = fred.observations([ask("M", vintages=True)], endpoint(server.base_url, api_key=KEY))
    assert [row[3] for row in rows(fetched)] == ["2026-01-10", "2026-01-20"]


def test_an_answer_in_pages_is_read_to_its_end(scripted, endpoint, ask):
    def script(path, query):
        offset = int(query.get("offset", 0))
        found = "".join(f'<observation date="2026-01-{day:02d}" value="{day}" realtime_start="2026-01-31" '
                        'realtime_end="2026-01-31"/>' for day in range(offset + 1, min(offset + 3, 6)))
        return 200, f'<observations count="5" offset="{offset}" limit="2">{found}</observations>'

    fetched = fred.observations([ask("D")], endpoint(scripted(script).base_url, api_key=KEY))
    assert [row[2] for row in rows(fetched)] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_pages_that_end_too_early_are_a_failure_not_less_data(scripted, endpoint, ask):
    server = scripted(lambda path, query: (200, '<observations count="5"></observations>'))
    fetched = fred.observations([ask("D")], endpoint(server.base_url, api_key=KEY))
    assert fetched.outcomes["status"].tolist() == ["failed"]
    assert "only 0 of 5 rows" in fetched.outcomes["reason"].item()


@pytest.mark.parametrize("vintages", [False, True])
def test_a_range_without_observations_is_empty(base, endpoint, ask, vintages):
    fetched = fred.observations([ask("M", "1950-01-01", "1950-12-31", vintages=vintages)],
                                endpoint(base, api_key=KEY))
    assert fetched.outcomes["status"].tolist() == ["empty"]
    assert fetched.outcomes["reason"].item().startswith("M: FRED returned no rows for")


@pytest.mark.parametrize("keyless", [False, True])
def test_an_unknown_series_fails_alone(base, endpoint, ask, keyless):
    fetched = fred.observations([ask("NOSUCH"), ask("D")], endpoint(base, api_key=KEY), keyless=keyless)
    assert fetched.outcomes["status"].tolist() == ["received", "failed"]
    assert "FRED does not know this key" in fetched.outcomes["reason"].iloc[1]


def test_a_refused_key_stops_the_call_at_once(base, endpoint, ask):
    fetch_keys = [ask(f"S{n}") for n in range(50)]
    with pytest.raises(SourceRefused) as refused:
        fred.observations(fetch_keys, endpoint(base, api_key="tooshort"))
    assert "not a 32 character" in refused.value.response_summary
    assert "FRED_API_KEY" in str(refused.value)


def test_without_a_key_the_public_download_gives_the_latest_values(base, endpoint, ask):
    fetched = fred.observations([ask("M", "2025-01-01", vintages=True), ask("D")], endpoint(base), keyless=True)
    assert rows(fetched) == [
        ("D", "2026-01-02", 4.1, None, None),
        ("D", "2026-01-05", None, None, None),
        ("D", "2026-01-06", 4.3, None, None),
        ("M", "2025-11-01", 10.5, None, None),
        ("M", "2025-12-01", 11.0, None, None)]
    assert fetched.outcomes["reason"].tolist() == ["", "latest values only: vintages need FRED_API_KEY"]


@pytest.mark.parametrize("body", ["<html>please wait</html>", "observation_date,OTHER\n2026-01-02,1\n",
                                  "observation_date,D\n2026-01-02,abc\n", "observation_date,D\nsoon,1\n", ""])
def test_a_download_that_is_no_csv_of_the_series_fails(scripted, endpoint, ask, body):
    server = scripted(lambda path, query: (200, body))
    fetched = fred.observations([ask("D")], endpoint(server.base_url), keyless=True)
    assert fetched.outcomes["status"].tolist() == ["failed"]
    assert "not FRED's CSV" in fetched.outcomes["reason"].item()


def test_the_real_vintages_come_back_as_archived(real_archive, endpoint, ask):
    from flows.replay.server import running

    truth = pd.read_parquet(real_archive / "observations.parquet").query("series_id == 'PAYEMS'")
    with running(real_archive) as base:
        fetched = fred.observations([ask("PAYEMS", "1990-01-01", "2026-05-29", vintages=True)], endpoint(base))
    got = fetched.frames["observations"]
    truth = truth.sort_values(["date", "realtime_start"])
    for column in ("date", "realtime_start"):
        assert got[column].dt.date.tolist() == truth[column].tolist()
    assert got["value"].tolist() == truth["value"].tolist()
