"""fredapi itself, over a socket, against an archive whose answers are worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from flows.replay.server import running


def _days(series: pd.Series) -> dict[str, float]:
    return {str(day.date()): value for day, value in series.items()}


def test_a_series_is_its_latest_values(base, fredapi_client):
    assert _days(fredapi_client(base).get_series("REVISED")) == {"2026-01-01": 101.5, "2026-02-01": 102.0}


def test_before_the_revision_the_first_value_stands_alone(handmade, fredapi_client, new_york):
    with running(handmade, new_york("2026-03-05 23:58:59")) as base:
        assert _days(fredapi_client(base).get_series("REVISED")) == {"2026-01-01": 100.0}
    with running(handmade, new_york("2026-03-05 23:59:00")) as base:
        assert _days(fredapi_client(base).get_series("REVISED")) == {"2026-01-01": 101.5, "2026-02-01": 102.0}


def test_a_revised_value_shows_only_in_its_own_real_time_period(base, fredapi_client):
    ask = fredapi_client(base).get_series
    assert _days(ask("REVISED", realtime_start="2026-02-20", realtime_end="2026-02-20")) == {"2026-01-01": 100.0}
    assert _days(ask("REVISED", realtime_start="2026-03-04", realtime_end="2026-03-04")) == {"2026-01-01": 100.0}
    assert _days(ask("REVISED", realtime_start="2026-03-05", realtime_end="2026-03-05")) == {
        "2026-01-01": 101.5, "2026-02-01": 102.0}
    assert _days(ask("REVISED", realtime_start="2026-02-14", realtime_end="2026-02-14")) == {}


def test_all_releases_are_every_value_with_the_day_it_came(base, fredapi_client):
    frame = fredapi_client(base).get_series_all_releases("REVISED")
    rows = [(str(row.realtime_start.date()), str(row.date.date()), row.value) for row in frame.itertuples()]
    assert rows == [("2026-02-15", "2026-01-01", 100.0), ("2026-03-05", "2026-01-01", 101.5),
                    ("2026-03-05", "2026-02-01", 102.0)]


def test_as_of_a_date_leaves_out_what_came_later(base, fredapi_client):
    frame = fredapi_client(base).get_series_as_of_date("REVISED", "2026-03-01")
    assert frame["value"].tolist() == [100.0]


def test_vintage_dates_are_the_days_on_which_data_changed(handmade, fredapi_client, new_york):
    with running(handmade) as base:
        dates = fredapi_client(base).get_series_vintage_dates("REVISED")
    assert [str(day.date()) for day in dates] == ["2026-02-15", "2026-03-05"]
    with running(handmade, new_york("2026-03-04 23:59:59")) as base:
        assert len(fredapi_client(base).get_series_vintage_dates("REVISED")) == 1


def test_a_missing_value_is_a_row_that_says_so(base, fredapi_client):
    series = fredapi_client(base).get_series("DAILY")
    assert series.isna().tolist() == [False, True, False]


def test_the_description_of_a_series_names_its_frequency_and_unit(base, fredapi_client):
    info = fredapi_client(base).get_series_info("DAILY")
    assert (info["id"], info["frequency"], info["frequency_short"], info["units"]) == (
        "DAILY", "Daily, Close", "D", "Percent")
    assert (info["observation_start"], info["observation_end"]) == ("2026-03-02", "2026-03-04")


def test_an_unknown_series_is_refused_in_freds_words(base, fredapi_client):
    with pytest.raises(ValueError, match="The series does not exist"):
        fredapi_client(base).get_series("NOPE")


def test_the_keyless_download_gives_what_the_service_gives(base, fredapi_client):
    latest = fredapi_client(base).get_series("DAILY")
    download = pd.read_csv(f"{base}/graph/fredgraph.csv?id=DAILY", index_col=0, parse_dates=True)["DAILY"]
    pd.testing.assert_series_equal(latest, download, check_names=False, check_freq=False, check_index_type=False)
