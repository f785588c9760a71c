"""One HTTP session for both sources: bounded in rate and time, its failures in words that hold no secret."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from curl_cffi import CurlOpt, requests
from curl_cffi.requests import exceptions

from flows.sources import Endpoint, clock
from flows.sources.limits import is_loopback, limiter
from flows.sources.retry import Problem

LONGEST_PAUSE_SECONDS = 60.0


class Wire(requests.Session):
    """A session that waits its turn, gives up in time, and raises a Problem where no usable answer came.

    libcurl bounds the whole request, so a server that drips bytes cannot hold it; and it logs nothing, so a
    key in a query string reaches no log.
    """

    def __init__(self, endpoint: Endpoint, **options) -> None:
        at_home = endpoint.base_url is not None and is_loopback(urlsplit(endpoint.base_url).hostname or "")
        # A proxy of the environment is for the outside; this machine is asked directly, and in HTTP/1.1, since
        # without TLS curl would offer an upgrade with every request.
        if at_home:
            options |= {"curl_options": {CurlOpt.NOPROXY: "*"}, "http_version": "v1"}
        super().__init__(**options)
        self.endpoint = endpoint
        self.requests = 0
        """Requests sent."""
        self.answers = 0
        """Requests that any HTTP answer came back for."""
        self._count = threading.Lock()

    def request(self, method, url, *args, **options):  # type: ignore[override]
        """The answer with a status below 500 other than 429; anything less is a Problem worth another try."""
        response = self.bare_request(method, url, *args, **options)
        if response.status_code == 429 or response.status_code >= 500:
            raise Problem("answer", f"HTTP {response.status_code}", transient=True)
        says = clock.moment_of(response.headers.get("Date"), response.headers.get("Age"))
        if says:
            clock.refuse_earlier(urlsplit(url).netloc, says, self.endpoint.newest_fetch)
        return response

    def bare_request(self, method, url, *args, **options):
        """The answer whatever its status; a Problem where none came."""
        source = self.endpoint.source
        turn = limiter(urlsplit(url).hostname or "", source.requests_per_second)
        if turn:
            turn.wait()
        options["timeout"] = source.timeout_seconds
        came_back, response = "", None
        try:
            response = super().request(method, url, *args, **options)
        except exceptions.RequestException as error:
            # Only its kind is kept: the error itself carries the URL, and the URL may carry the key.
            came_back = _in_words(error, source.timeout_seconds)
        with self._count:
            self.requests += 1
            self.answers += response is not None
        if response is None:
            raise Problem("unreachable", came_back, transient=True)
        if turn and response.status_code == 429:
            turn.pause(_asked_to_wait(response.headers.get("Retry-After")))
        return response


def _in_words(error: exceptions.RequestException, seconds: float) -> str:
    kinds = [
        (exceptions.Timeout, f"no answer within {seconds:g} seconds"),
        (exceptions.DNSError, "no address for that host name"),
        (exceptions.SSLError, "no trusted connection (TLS)"),
        (exceptions.ProxyError, "a refusal by the proxy"),
        (exceptions.ConnectionError, "a refused or broken connection"),
        (exceptions.IncompleteRead, "an answer that broke off"),
    ]
    return next((words for kind, words in kinds if isinstance(error, kind)),
                f"no readable answer ({type(error).__name__})")


def _asked_to_wait(retry_after: str | None) -> float:
    """Seconds a Retry-After header asks for, bounded; 0 without one or where it holds a date."""
    return min(float(retry_after), LONGEST_PAUSE_SECONDS) if retry_after and retry_after.isdigit() else 0.0
