"""Declared faults, seen by plain sockets and by the real clients."""

from __future__ import annotations

import http.client
import json
from urllib.error import URLError
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest

from flows.replay.faults import Fault
from flows.replay.server import running

CHART = "/v8/finance/chart/AAA"


def test_a_fault_strikes_so_many_times_and_then_never(handmade, get):
    fault = Fault(CHART, "status", status=503, times=2)
    with running(handmade, faults=[fault]) as base:
        assert [get(base, CHART).status for _ in range(4)] == [503, 503, 200, 200]
        assert get(base, "/faults").json() == [{"match": CHART, "kind": "status", "times": 2, "hits": 2}]
    assert fault.hits == 2


def test_a_fault_may_let_the_first_requests_pass(handmade, get):
    with running(handmade, faults=[Fault(CHART, "rate_limit", after=1)]) as base:
        assert [get(base, CHART).status for _ in range(3)] == [200, 429, 200]


def test_a_fault_without_end_never_stops(handmade, get):
    with running(handmade, faults=[Fault("/v8/*", "status", times=None, status=500)]) as base:
        assert {get(base, CHART).status for _ in range(5)} == {500}
        assert get(base, "/clock").status == 200


def test_a_fault_meets_only_the_parameters_it_names(handmade, get, fred):
    with running(handmade, faults=[Fault("/fred/*?series_id=DAILY", "status", times=None)]) as base:
        assert fred(base, "series", series_id="DAILY").status == 503
        assert fred(base, "series", series_id="REVISED").status == 200


def test_two_faults_on_one_path_follow_each_other(handmade, get):
    with running(handmade, faults=[Fault(CHART, "status"), Fault(CHART, "rate_limit")]) as base:
        assert [get(base, CHART).status for _ in range(3)] == [503, 429, 200]


def test_garbage_is_a_200_that_no_parser_takes(handmade, get):
    with running(handmade, faults=[Fault(CHART, "garbage"), Fault(CHART, "garbage", body=b"<html>")]) as base:
        for _ in range(2):
            answer = get(base, CHART)
            assert answer.status == 200
            with pytest.raises(json.JSONDecodeError):
                answer.json()


def test_a_reset_closes_the_connection_without_a_word(handmade, get):
    with running(handmade, faults=[Fault(CHART, "reset")]) as base:
        with pytest.raises((ConnectionError, URLError, http.client.RemoteDisconnected)):
            get(base, CHART)
        assert get(base, CHART).status == 200


def test_a_timeout_outlasts_the_client(handmade):
    with running(handmade, faults=[Fault(CHART, "timeout", seconds=5)]) as base:
        with pytest.raises(TimeoutError):
            urlopen(base + CHART, timeout=0.2)
        # The other requests go on meanwhile.
        assert urlopen(base + "/health", timeout=4).status == 200


EMPTY = Fault("*", "empty", times=None)


def test_empty_is_the_answer_to_a_range_that_holds_nothing(handmade, get, fred):
    with running(handmade, faults=[EMPTY]) as base:
        assert "timestamp" not in get(base, CHART, range="5d").json()["chart"]["result"][0]
        shares = get(base, "/ws/fundamentals-timeseries/v1/finance/timeseries/AAA", period1=1, period2=2_000_000_000)
        assert "shares_out" not in shares.json()["timeseries"]["result"][0]
        assert fred(base, "series/observations", series_id="DAILY").json()["observations"] == []
        assert get(base, "/graph/fredgraph.csv", id="DAILY").text == "observation_date,DAILY\n"


def test_unknown_is_the_answer_to_a_name_nobody_knows(handmade, get, fred):
    with running(handmade, faults=[Fault("*", "unknown", times=None)]) as base:
        assert get(base, CHART).status == 404
        assert "does not exist" in fred(base, "series", series_id="DAILY").json()["error_message"]
        assert get(base, "/graph/fredgraph.csv", id="DAILY").status == 404


def test_a_kind_nobody_knows_is_no_fault():
    with pytest.raises(ValueError, match="a fault is one of status, rate_limit"):
        Fault(CHART, "flood")  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "error"), [
    ("rate_limit", "YFRateLimitError"), ("status", "YFDataException"), ("garbage", "JSONDecodeError"),
    ("reset", "ConnectionError"), ("empty", "YFPricesMissingError")])
def test_yfinance_meets_each_fault_as_its_own_error(handmade, ticker, kind, error):
    with running(handmade, faults=[Fault(CHART, kind, times=None)]) as base:
        requested = ticker(base, "AAA")
        requested._tz = "America/New_York"  # or the first request would be for the time zone
        with pytest.raises(Exception) as caught:  # noqa: PT011
            requested.history(start="2026-03-02", end="2026-03-05", auto_adjust=False)
    assert error in {cls.__name__ for cls in type(caught.value).__mro__}


def test_fredapi_meets_an_outage_as_xml_that_does_not_parse(handmade, fredapi_client):
    with running(handmade, faults=[Fault("/fred/*", "status")]) as base, pytest.raises(ElementTree.ParseError):
        fredapi_client(base).get_series("DAILY")
