"""Open an address without following redirects, so that the headers of a request go only to the named host."""

from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from flows.sources.limits import is_loopback


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_) -> None:
        return None


def urlopen_here(request: str | Request, timeout: float) -> Any:
    """Open a URL like `urllib.request.urlopen`, but raise HTTPError for a redirect and use no proxy for this machine."""
    address = request if isinstance(request, str) else request.full_url
    past_proxies = [ProxyHandler({})] if is_loopback(urlsplit(address).hostname or "") else []
    return build_opener(_NoRedirects, *past_proxies).open(request, timeout=timeout)
