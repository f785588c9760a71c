"""Without a base URL the real hosts are asked; nothing here leaves this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from flows.sources import fred, yahoo
from flows.sources.errors import SourceUnreachable
from flows.sources.http import HttpSession
from flows.sources.retry import FetchError


@pytest.fixture
def requested(monkeypatch) -> list[str]:
    """The URLs that would have been asked, while the network is down."""
    urls: list[str] = []

    def down(self, method, url, *args, **options):
        urls.append(url)
        raise FetchError("unreachable", "no address for that host name", transient=True)

    monkeypatch.setattr(HttpSession, "bare_request", down)
    return urls


def test_yahoo_is_asked_at_its_own_host_and_for_cookies_once(requested, endpoint, ask):
    with pytest.raises(SourceUnreachable, match=r"query2\.finance\.yahoo\.com cannot be reached"):
        yahoo.prices([ask("AAA"), ask("BBB")], endpoint(None, tries=2))
    hosts = [urlsplit(url).hostname for url in requested]
    assert hosts.count("query2.finance.yahoo.com") == 4  # two keys, two tries
    assert len(hosts) == 5


def test_fred_is_asked_at_its_own_host_with_a_key(requested, endpoint, ask):
    with pytest.raises(SourceUnreachable, match=r"api\.stlouisfed\.org"):
        fred.observations([ask("DGS10")], endpoint(None, api_key="0" * 32, tries=1))
    assert requested == ["https://api.stlouisfed.org/fred/series/observations?series_id=DGS10"
                     "&observation_start=2026-01-01&observation_end=2026-01-31"]


def test_fred_is_asked_for_its_public_download_without_a_key(requested, endpoint, ask):
    with pytest.raises(SourceUnreachable, match=r"fred\.stlouisfed\.org"):
        fred.observations([ask("DGS10")], endpoint(None, tries=1))
    assert requested == ["https://fred.stlouisfed.org/graph/fredgraph.csv?id=DGS10&cosd=2026-01-01&coed=2026-01-31"]


def test_calls_that_ask_different_hosts_at_the_same_time_do_not_mix(replay, endpoint, ask):
    """yfinance has one session a process: a call of another thread must not get this one's answers."""
    bases = [replay(bars=f"symbol | date | close\nAAA | 2026-01-02 | {n}") for n in (1, 2)]
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(yahoo.prices, [ask("AAA")], endpoint(base)) for base in bases * 3]
    assert [call.result().frames["bars"]["close"].item() for call in calls] == [1.0, 2.0] * 3
