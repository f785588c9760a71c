"""How fast a host may be asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from flows.sources import limits
from flows.sources.http import HttpSession
from flows.sources.limits import Limiter, is_loopback, limiter


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_requests_are_spaced_evenly():
    clock = Clock()
    limit = Limiter(4, clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(4):
        limit.wait()
    assert clock.slept == [0.25, 0.25, 0.25]


def test_an_idle_host_is_asked_at_once_and_saves_up_no_burst():
    clock = Clock()
    limit = Limiter(4, clock=lambda: clock.now, sleep=clock.sleep)
    limit.wait()
    clock.now += 60
    limit.wait()
    limit.wait()
    assert clock.slept == [0.25]


def test_a_pause_holds_everybody_back():
    clock = Clock()
    limit = Limiter(4, clock=lambda: clock.now, sleep=clock.sleep)
    limit.pause(10)
    limit.wait()
    assert clock.slept == [10.0]


def test_threads_share_the_limit():
    """With a clock that stands still, each caller sleeps until a turn of its own."""
    slept: list[float] = []
    limit = Limiter(4, clock=lambda: 100.0, sleep=slept.append)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: limit.wait(), range(21)))
    assert sorted(slept) == [slot / 4 for slot in range(1, 21)]


def test_a_host_has_one_limiter_in_the_process(monkeypatch):
    monkeypatch.setattr(limits, "_limiters", {})
    assert limiter("query2.finance.yahoo.com", 4) is limiter("query2.finance.yahoo.com", 4)
    assert limiter("query2.finance.yahoo.com", 4) is not limiter("api.stlouisfed.org", 2)


def test_this_machine_needs_no_sparing():
    assert [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "10.0.0.1", "yahoo.com")] == [
        True, True, True, False, False]
    assert limiter("127.0.0.1", 1) is None


def test_every_request_waits_its_turn_and_a_host_that_asks_for_a_pause_gets_it(scripted, endpoint, monkeypatch):
    clock = Clock()
    limit = Limiter(8, clock=lambda: clock.now, sleep=clock.sleep)
    monkeypatch.setattr("flows.sources.http.limiter", lambda host, per_second: limit)
    server = scripted(lambda path, query: (429, "", {"Retry-After": "7"}) if "busy" in path else (200, ""))
    with HttpSession(endpoint(server.base_url)) as wire:
        wire.bare_request("GET", f"{server.base_url}/calm")
        wire.bare_request("GET", f"{server.base_url}/busy")
        wire.bare_request("GET", f"{server.base_url}/calm")
    assert clock.slept == [0.125, 7.0]
