"""What is tried again, what is not, and when a host is left alone."""

from __future__ import annotations

import pickle
import threading

import pytest

from flows.replay.faults import Fault
from flows.sources import fred, retry, yahoo
from flows.sources.errors import SourceAnswerInvalid, SourceRefused, SourceUnreachable

BARS = "symbol | date | close\n" + "\n".join(f"S{n:02d} | 2026-01-02 | {n}" for n in range(20))
SERIES = "series_id | frequency | units\nD | Daily | Percent"
VALUES = "series_id | date | value | realtime_start | realtime_end\nD | 2026-01-02 | 4 | 2026-01-05 | 9999-12-31"
TRANSIENT = {
    "an outage": {"kind": "status"},
    "a gateway error": {"kind": "status", "status": 502},
    "a rate limit": {"kind": "rate_limit"},
    "an answer that breaks off": {"kind": "garbage"},
    "a dropped connection": {"kind": "reset"},
    "no answer in time": {"kind": "timeout", "seconds": 3.0},
}


def timeout(fault: dict) -> float:
    """Seconds to wait for an answer: few only where the test waits for them to pass, as a busy machine is slow."""
    return 1.5 if fault["kind"] == "timeout" else 30


def statuses(fetched) -> dict[str, str]:
    return dict(zip(fetched.outcomes["key"], fetched.outcomes["status"], strict=True))


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_yahoo_is_asked_again_after_what_may_pass(replay, endpoint, ask, fault):
    plan = [Fault("/v8/finance/chart/S01?interval=1d", times=2, **fault)]
    fetched = yahoo.prices([ask("S01"), ask("S02")], endpoint(replay(plan, bars=BARS), timeout=timeout(fault)))
    assert plan[0].hits == 2
    assert statuses(fetched) == {"S01": "received", "S02": "received"}
    assert fetched.frames["bars"]["close"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("path", ["/fred/series/observations", "/fred/series/vintagedates"])
@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_fred_is_asked_again_after_what_may_pass(replay, endpoint, ask, fault, path):
    plan = [Fault(path, times=2, **fault)]
    base = replay(plan, series=SERIES, observations=VALUES)
    fetched = fred.observations([ask("D", vintages=True)], endpoint(base, timeout=timeout(fault)))
    assert plan[0].hits == 2
    assert statuses(fetched) == {"D": "received"}


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_the_public_download_is_asked_again_too(replay, endpoint, ask, fault):
    if fault["kind"] == "garbage":
        fault = fault | {"body": b"<html>not now</html>"}
    plan = [Fault("/graph/fredgraph.csv", times=2, **fault)]
    base = replay(plan, series=SERIES, observations=VALUES)
    fetched = fred.observations([ask("D")], endpoint(base, timeout=timeout(fault)), keyless=True)
    assert statuses(fetched) == {"D": "received"}


@pytest.mark.parametrize(("fault", "response_summary"), [
    ({"kind": "status"}, "HTTP 503"),
    ({"kind": "rate_limit"}, "HTTP 429"),
    ({"kind": "garbage"}, "an answer that is not Yahoo's JSON: JSONDecodeError"),
    ({"kind": "reset"}, "a refused or broken connection"),
    ({"kind": "timeout", "seconds": 3.0}, "no answer within 1.5 seconds"),
])
def test_after_its_tries_a_key_fails_with_a_sentence_and_the_others_are_whole(replay, endpoint, ask, fault,
                                                                              response_summary):
    plan = [Fault("/v8/finance/chart/S01?interval=1d", times=None, **fault)]
    fetched = yahoo.prices([ask("S01"), ask("S02")], endpoint(replay(plan, bars=BARS), timeout=timeout(fault), tries=2))
    assert statuses(fetched) == {"S01": "failed", "S02": "received"}
    assert fetched.outcomes["reason"].tolist() == [
        f"S01: the request to Yahoo for daily bars 2026-01-01 to 2026-01-31 failed ({response_summary}, 2 tries); "
        "the next run repeats the request", ""]
    assert plan[0].hits == 2  # yfinance did not ask a second time behind our back


def test_share_counts_and_statements_are_asked_again_too(replay, endpoint, ask):
    base = replay(
        [Fault("/ws/*", "status", times=1)],
        shares="symbol | date | shares_outstanding\nAAA | 2026-01-02 | 5",
        statements="symbol | statement | period_end | item | value\nAAA | income | 2025-12-31 | Net Income | 1")
    assert statuses(yahoo.shares([ask("AAA")], endpoint(base))) == {"AAA": "received"}
    base = replay(
        [Fault("/ws/*", "status", times=3)],
        statements="symbol | statement | period_end | item | value\nAAA | income | 2025-12-31 | Net Income | 1")
    assert statuses(yahoo.statements([ask("AAA", "2025-01-01", "2026-05-01")], endpoint(base))) == {
        "AAA": "received"}


def test_what_is_final_is_asked_once(scripted, endpoint, ask):
    answer = 400, '<error code="400" message="Bad Request.  The series does not exist."/>'
    server = scripted(lambda path, query: answer)
    fred.observations([ask("GONE")], endpoint(server.base_url))
    assert len(server.seen) == 1


def test_a_host_where_nothing_listens_is_unreachable_after_a_few_keys(closed_port, endpoint, ask):
    fetch_keys = [ask(f"S{n:03d}") for n in range(200)]
    with pytest.raises(SourceUnreachable) as unreachable:
        yahoo.prices(fetch_keys, endpoint(closed_port))
    error = unreachable.value
    assert error.host == closed_port.removeprefix("http://")
    assert error.requested == "daily bars of S000 and 199 more"
    assert error.response_summary == "a refused or broken connection"
    with pytest.raises(SourceUnreachable):
        fred.observations(fetch_keys, endpoint(closed_port))


@pytest.mark.parametrize("silence", ["hang", "drip"])
@pytest.mark.parametrize("source", [yahoo.prices, fred.observations])
def test_a_host_that_never_finishes_an_answer_does_not_hold_the_call(scripted, endpoint, ask, source, silence):
    server = scripted(lambda path, query: silence)
    fetch_keys = [ask(f"S{n:03d}") for n in range(200)]
    with pytest.raises(SourceUnreachable, match=r"no answer within 0\.2 seconds"):
        source(fetch_keys, endpoint(server.base_url, timeout=0.2, tries=2))
    assert len(server.seen) < 80


def test_a_host_that_only_fails_is_left_alone_and_said_to_be_invalid(scripted, endpoint, ask):
    server = scripted(lambda path, query: (503, "<html>Will be right back</html>"))
    with pytest.raises(SourceAnswerInvalid, match="HTTP 503"):
        yahoo.prices([ask(f"S{n:03d}") for n in range(200)], endpoint(server.base_url))
    assert len(server.seen) <= 3 * (retry.FAILURES_IN_A_ROW + yahoo.THREADS)


def test_when_a_host_dies_midway_what_came_is_kept_and_the_rest_says_it_was_not_asked(scripted, endpoint, ask):
    answered = threading.Semaphore(5)

    def script(path, query):
        if not answered.acquire(blocking=False):
            return 503, ""
        return 200, ('<observations count="1"><observation date="2026-01-02" value="1" '
                     'realtime_start="2026-01-05" realtime_end="2026-01-05"/></observations>')

    server = scripted(script)
    fetched = fred.observations([ask(f"S{n:03d}") for n in range(100)], endpoint(server.base_url))
    assert fetched.outcomes["status"].value_counts().to_dict() == {"failed": 95, "received": 5}
    assert len(fetched.frames["observations"]) == 5
    last = fetched.outcomes["reason"].iloc[-1]
    assert "S099: not requested, because FRED failed for several keys in a row (HTTP 503)" in last
    assert len(server.seen) < 50


def test_bad_keys_among_good_ones_do_not_open_the_breaker(replay, endpoint, ask, monkeypatch):
    monkeypatch.setattr(yahoo, "THREADS", 1)
    monkeypatch.setattr(retry, "FAILURES_IN_A_ROW", 2)
    plan = [Fault(f"/v8/finance/chart/S{n:02d}", "status", times=None) for n in range(0, 20, 5)]
    fetched = yahoo.prices([ask(f"S{n:02d}") for n in range(20)], endpoint(replay(plan, bars=BARS)))
    assert fetched.outcomes["status"].value_counts().to_dict() == {"received": 16, "failed": 4}


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_refused_everywhere_is_told_so(scripted, endpoint, ask, status):
    refusal = f'{{"finance":{{"result":null,"error":{{"code":"{status}","description":"Invalid Crumb"}}}}}}'
    server = scripted(lambda path, query: (status, refusal))
    with pytest.raises(SourceRefused, match=f"HTTP {status}"):
        yahoo.prices([ask(f"S{n}") for n in range(10)], endpoint(server.base_url))
    with pytest.raises(SourceRefused):
        yahoo.statements([ask(f"S{n}") for n in range(10)], endpoint(server.base_url))


def test_a_refused_key_costs_a_request_a_thread_at_most(scripted, endpoint, ask):
    refusal = '<error code="400" message="Bad Request.  The value for variable api_key is not registered."/>'
    server = scripted(lambda path, query: (400, refusal))
    with pytest.raises(SourceRefused, match="not registered"):
        fred.observations([ask(f"S{n}") for n in range(50)], endpoint(server.base_url))
    assert len(server.seen) <= fred.THREADS


def test_a_redirect_is_not_followed_with_a_key(scripted, endpoint, ask):
    elsewhere = scripted(lambda path, query: (200, "<observations/>"))
    server = scripted(lambda path, query: (302, "", {"Location": f"{elsewhere.base_url}/?{query['api_key']}"}))
    assert statuses(fred.observations([ask("D")], endpoint(server.base_url))) == {"D": "failed"}
    assert elsewhere.seen == []


def test_a_replay_is_asked_directly_whatever_proxy_the_environment_names(replay, endpoint, ask, monkeypatch,
                                                                         closed_port):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, closed_port)
    base = replay(bars=BARS, series=SERIES, observations=VALUES)
    assert statuses(yahoo.prices([ask("S01")], endpoint(base))) == {"S01": "received"}
    assert statuses(fred.observations([ask("D")], endpoint(base))) == {"D": "received"}


def test_a_mistake_of_our_own_is_not_said_to_be_the_sources(endpoint, ask, monkeypatch):
    monkeypatch.setattr(yahoo._YahooSession, "request", lambda *_, **__: None + 1)
    with pytest.raises(TypeError):
        yahoo.prices([ask("AAA")], endpoint("http://127.0.0.1:1"))


@pytest.mark.parametrize("error", [SourceUnreachable("h", "a", "c"), SourceRefused("h", "a", "c"),
                                   SourceAnswerInvalid("h", "a", "c")])
def test_an_error_crosses_processes_whole_and_says_the_next_step(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert "run the same command again" in str(error)
