"""Filter the requests to the Prefect server by host and origin, before Prefect requires user and password.

A web page can make a browser send requests to this machine. Prefect checks neither the Host header nor the page that sent
the request. This filter does, for HTTP and WebSockets: it accepts only the service's host names and its own pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

NAMES = ("127.0.0.1", "localhost")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def hosts(port: int) -> tuple[str, ...]:
    """Return the values of the Host header with which a browser addresses the service."""
    return tuple(name if port == 80 else f"{name}:{port}" for name in NAMES)


def origins(port: int) -> tuple[str, ...]:
    """Return the origins of the service's own pages."""
    return tuple(f"http://{host}" for host in hosts(port))


class Door:
    """ASGI middleware that passes on requests from the service's own pages and rejects others with 403."""

    def __init__(self, app: App, port: int) -> None:
        self.app, self.hosts, self.origins = app, hosts(port), origins(port)
        here = " ".join((*self.origins, *(f"ws://{host}" for host in self.hosts)))
        # Pages of Prefect, whatever they contain, may send requests only to this server, and no other page may embed them.
        policy = (f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: {here}; form-action {here}; "
                  "base-uri 'self'; frame-ancestors 'none'")
        self.more_headers = ((b"content-security-policy", policy.encode()), (b"x-frame-options", b"DENY"),
                             (b"x-content-type-options", b"nosniff"))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif not (reason := self.refusal(scope)):
            await self.app(scope, receive, self._shut_off(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})

    def refusal(self, scope: Message) -> str | None:
        """Explain why a request is refused; None if it is passed on."""
        if self._only(scope, b"host") not in self.hosts:  # a foreign name that resolves to this machine
            return f"This service answers to {' and '.join(self.hosts)} only."
        if (origin := self._only(scope, b"origin")) is not None:
            return None if origin in self.origins else "This service takes no requests from pages of other sites."
        # A browser sends no Origin for images, scripts, frames and links. Of these, only a link may come from another site.
        if self._only(scope, b"sec-fetch-site") in (None, "same-origin", "none") or self._is_link(scope):
            return None
        return "This service is no part of pages of other sites."

    def _is_link(self, scope: Message) -> bool:
        return (scope.get("method") == "GET" and not scope["path"].startswith("/api")
                and self._only(scope, b"sec-fetch-mode") == "navigate"
                and self._only(scope, b"sec-fetch-dest") == "document")

    def _shut_off(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.more_headers]
            await send(message)

        return sent

    @staticmethod
    def _only(scope: Message, name: bytes) -> str | None:
        """Return the value of a header; None if it is absent, and the joined values, which no check allows, if repeated."""
        values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
        return ", ".join(values) if values else None


def server() -> Door:
    """Create Prefect's server, with scheduler and automations, behind the filter; for `uvicorn --factory`."""
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    return Door(create_app(final=True), get_current_settings().server.api.port)
