"""Provide the HTTP session of all sources; it bounds rate and time, and its error messages contain no secret."""

from __future__ import annotations

import threading
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from curl_cffi import CurlECode, CurlOpt, requests
from curl_cffi.requests import exceptions

from flows.sources import Endpoint, bounds, clock
from flows.sources.limits import is_loopback, limiter
from flows.sources.retry import FetchError

LONGEST_PAUSE_SECONDS = 60.0


class HttpSession(requests.Session):
    """A session that keeps the rate limit, times out, and raises FetchError if it receives no usable response.

    libcurl bounds the time of the entire request, so a server that drips bytes cannot block it. libcurl logs nothing, so
    an API key in a query string reaches no log. The session also bounds the decompressed size, and follows redirects only
    to the requested host and to `hosts`, where “.yahoo.com” means every host below that name.
    """

    def __init__(self, endpoint: Endpoint, hosts: Collection[str] = (), **options) -> None:
        at_home = endpoint.base_url is not None and is_loopback(urlsplit(endpoint.base_url).hostname or "")
        # Requests to this machine bypass the environment's proxy, and use HTTP/1.1, since without TLS curl would offer an
        # upgrade with every request.
        if at_home:
            options |= {"curl_options": {CurlOpt.NOPROXY: "*"}, "http_version": "v1"}
        options["curl_options"] = {**options.get("curl_options", {}), CurlOpt.MAXFILESIZE_LARGE: bounds.BYTES}
        super().__init__(**options)
        self.endpoint = endpoint
        self.hosts = () if at_home else tuple(hosts)
        self.requests = 0
        """Requests sent."""
        self.answers = 0
        """Requests that got any HTTP response."""
        self._count = threading.Lock()

    def request(self, method, url, *args, **options):  # type: ignore[override]
        """Return the response if its status is below 500 and not 429; otherwise raise a transient FetchError.

        Raises ClockWentBack if the response is dated before the newest fetch.
        """
        response = self.bare_request(method, url, *args, **options)
        if response.status_code == 429 or response.status_code >= 500:
            raise FetchError("answer", f"HTTP {response.status_code}", transient=True)
        says = clock.parse_instant(response.headers.get("Date"), response.headers.get("Age"))
        if says:
            clock.refuse_earlier(urlsplit(url).netloc, says, self.endpoint.newest_fetch)
        return response

    def bare_request(self, method, url, *args, **options):
        """Return the response whatever its status; raise FetchError if no response arrives or it cannot be read."""
        follow = options.pop("allow_redirects", True)
        for _ in range(bounds.REDIRECTS + 1):
            response = self._asked_once(method, url, *args, **options)
            if not (follow and response.is_redirect):
                return response
            url = self._led_to(url, response.headers["location"])
            # The new URL includes its query. The body and parameters of the request were meant for the old URL.
            method, args, options = "GET", (), {"headers": options.get("headers")}
        raise FetchError("answer", f"more than {bounds.REDIRECTS} redirects")

    def _asked_once(self, method, url, *args, **options):
        source = self.endpoint.source
        rate_limit = limiter(urlsplit(url).hostname or "", source.requests_per_second)
        if rate_limit:
            rate_limit.wait()
        body = bounds.Body()
        options |= {"timeout": source.timeout_seconds, "allow_redirects": False, "content_callback": body.take}
        response_summary, response = "", None
        try:
            response = super().request(method, url, *args, **options)
        except exceptions.RequestException as error:
            body.too_long |= error.code == CurlECode.FILESIZE_EXCEEDED
            # Keep only the kind of the error: the error contains the URL, and the URL may contain the API key.
            response_summary = _in_words(error, source.timeout_seconds)
        with self._count:
            self.requests += 1
            self.answers += response is not None or body.too_long
        if body.too_long:
            raise bounds.too_long()
        if response is None:
            raise FetchError("unreachable", response_summary, transient=True)
        response.content = bytes(body.taken)
        if response.status_code == 200:
            bounds.refuse_encoding(response.headers.get("Content-Type") or "", response.content)
        if rate_limit and response.status_code == 429:
            rate_limit.pause(_asked_to_wait(response.headers.get("Retry-After")))
        return response

    def _led_to(self, url: str, location: str) -> str:
        """Return the target of a redirect; raise FetchError if it leaves the source's hosts or drops encryption."""
        try:
            here, there = urlsplit(url), urlsplit(urljoin(url, location))
            allowed = there.netloc == here.netloc or (there.port in (None, 443) and any(
                there.hostname == host or (host[:1] == "." and f".{there.hostname}".endswith(host)) for host in self.hosts))
        except ValueError:
            raise FetchError("answer", "a redirect to an invalid address") from None
        if not allowed or there.scheme not in {here.scheme, "https"}:
            raise FetchError("answer", f"a redirect to {(there.hostname or 'nowhere')[:60]}, not a host of this source")
        return there.geturl()


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
    """Return the seconds in a Retry-After header, bounded; 0 if there is no header or it holds a date."""
    return min(float(retry_after), LONGEST_PAUSE_SECONDS) if retry_after and retry_after.isdigit() else 0.0
