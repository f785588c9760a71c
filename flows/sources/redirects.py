"""Open an address without following redirects, so that the headers of a request go only to the named host."""

from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from flows.sources.limits import is_loopback


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_) -> None:
        return None


def urlopen_here(request: str | Request, timeout: float) -> Any:
    """`urllib.request.urlopen`, for which a redirect is an HTTPError; this machine is asked past a proxy."""
    address = request if isinstance(request, str) else request.full_url
    past_proxies = [ProxyHandler({})] if is_loopback(urlsplit(address).hostname or "") else []
    return build_opener(_NoRedirects, *past_proxies).open(request, timeout=timeout)
