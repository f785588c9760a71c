"""Opening an address without following where it redirects: what goes with a request goes to the host that was named."""

from urllib.request import HTTPRedirectHandler, build_opener


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_) -> None:
        return None


urlopen_here = build_opener(_NoRedirects).open
"""`urllib.request.urlopen`, for which a redirect is an HTTPError."""
